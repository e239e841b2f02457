#include "runtime/exec/graph_executor.h"

#include <algorithm>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/memory/plan.h"

namespace etd::exec {
namespace {

using graph::GraphValue;
using graph::ValueId;
using Origin = GraphValue::Origin;
using program::TensorSpec;
using tensor::Value;

constexpr size_t kArenaGrain = size_t{1} << 16;

template <typename Index>
std::vector<Value*> Pointers(const std::vector<Index>& items, Value* values) {
  std::vector<Value*> result;
  for (const Index item : items) result.push_back(static_cast<int64_t>(item) < 0 ? nullptr : &values[item]);
  return result;
}

Value MakeValue(const GraphValue& graph_value, Value* values) {
  const program::ValueSpec& spec = graph_value.spec;
  if (const TensorSpec* tensor = graph_value.tensor()) {
    void* data = tensor->constant() ? const_cast<std::byte*>(tensor->data.data()) : nullptr;
    return Value::OfTensor(tensor::Tensor(tensor->layout.dtype, tensor->layout.sizes, tensor->layout.dim_order,
                                          tensor->dynamism == program::Dynamism::kDynamicBound, data));
  }
  if (const auto* number = std::get_if<int64_t>(&spec)) return Value::Int(*number);
  if (const auto* number = std::get_if<double>(&spec)) return Value::Double(*number);
  if (const auto* truth = std::get_if<bool>(&spec)) return Value::Bool(*truth);
  if (const auto* text = std::get_if<std::string>(&spec)) return Value::String(*text);
  if (const auto* list = std::get_if<program::IntListSpec>(&spec)) return Value::IntList(Pointers(list->items, values));
  if (const auto* list = std::get_if<program::DoubleListSpec>(&spec)) return Value::DoubleList(list->items);
  if (const auto* list = std::get_if<program::BoolListSpec>(&spec)) return Value::BoolList(list->items);
  if (const auto* list = std::get_if<program::TensorListSpec>(&spec)) {
    return Value::TensorList(Pointers(list->items, values));
  }
  if (const auto* list = std::get_if<program::OptionalTensorListSpec>(&spec)) {
    return Value::OptionalTensorList(Pointers(list->items, values));
  }
  return Value();
}

// Operators that turn a tensor's shape, not its data, into a number.
bool ReadsOnlyShapes(const kernel::Kernel& kernel) {
  return kernel.name == "aten::sym_size.int" || kernel.name == "aten::sym_numel";
}

bool WritesNumber(const kernel::Kernel& kernel) {
  return std::ranges::find(kernel.parameters, kernel::Parameter::kOutNumber) != kernel.parameters.end();
}

}  // namespace

absl::StatusOr<std::unique_ptr<GraphExecutor>> GraphExecutor::Create(std::shared_ptr<LoadedProgram> program,
                                                                     graph::Graph graph, StageHost* host) {
  std::unique_ptr<GraphExecutor> executor(new GraphExecutor(std::move(program), std::move(graph), host));
  ETD_RETURN_IF_ERROR(executor->MakeValues());
  ETD_RETURN_IF_ERROR(executor->MakeSteps());
  ETD_RETURN_IF_ERROR(executor->RunConstantSteps());
  executor->input_buffers_.resize(executor->graph_.inputs.size());
  executor->state_layout_ = StateLayout::Of(executor->graph_);
  return executor;
}

absl::Status GraphExecutor::MakeValues() {
  const size_t count = graph_.values.size();
  values_ = std::make_unique<Value[]>(count);
  number_source_.assign(count, NumberSource::kConstant);
  late_value_.assign(count, false);
  constant_value_.assign(count, false);
  alias_root_.resize(count);
  for (ValueId id = 0; id < count; ++id) {
    const GraphValue& value = graph_.values[id];
    values_[id] = MakeValue(value, values_.get());
    constant_value_[id] = value.origin == Origin::kConstant;
    alias_root_[id] = id;
  }
  return absl::OkStatus();
}

absl::StatusOr<GraphExecutor::Step> GraphExecutor::MakeStep(graph::Node& node) {
  Step step;
  step.writes = node.writes;
  if (const graph::KernelNode* call = node.kernel()) {
    step.kernel = call->kernel;
    for (const ValueId id : call->arguments) step.arguments.push_back(&values_[id]);
    ETD_RETURN_IF_ERROR(kernel::CheckArguments(*step.kernel, step.arguments));
    step.context = kernel::KernelContext(step.arguments, program_->environment().threads, &scratch_, &random_);
    return step;
  }
  if (const graph::StageNode* stage = node.stage()) {
    step.stage = stage;
    return step;
  }
  const graph::RegionNode& region = *node.region();
  ETD_ASSIGN_OR_RETURN(step.region, region.compiler->Compile(region.fragment));
  for (const ValueId id : region.externals) step.externals.push_back(&values_[id].tensor());
  return step;
}

void GraphExecutor::Classify(const graph::Node& node, Step& step) {
  bool reads_data = false;
  bool reads_late = false;
  NumberSource source = NumberSource::kConstant;
  for (const ValueId id : node.reads) {
    const bool tensor = graph_.values[id].tensor() != nullptr;
    reads_data |= tensor && !constant_value_[id];
    reads_late |= late_value_[id];
    source = std::max(source, number_source_[id]);
  }
  if (step.kernel == nullptr) {
    step.late = reads_late;
  } else {
    if (WritesNumber(*step.kernel)) {
      if (reads_data) source = std::max(source, ReadsOnlyShapes(*step.kernel) ? NumberSource::kShape : NumberSource::kData);
      if (reads_late) source = NumberSource::kData;
      for (const ValueId id : node.writes) number_source_[id] = source;
      step.shape_number = source == NumberSource::kShape;
    } else {
      step.late = reads_late || step.kernel->shape_depends_on_data ||
                  (source == NumberSource::kData && !step.kernel->shape_ignores_numbers);
    }
    step.prepare_each_run = source == NumberSource::kData;
  }
  step.prepare_each_run |= step.late;
  for (const ValueId id : node.writes) {
    if (graph_.values[id].tensor() != nullptr && graph_.values[id].origin == Origin::kComputed) late_value_[id] = step.late;
  }
}

absl::Status GraphExecutor::MakeSteps() {
  const std::vector<bool> mutated = graph::MutatedValues(graph_);
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    graph::Node& node = graph_.nodes[i];
    ETD_ASSIGN_OR_RETURN(Step step, MakeStep(node));
    step.node = i;
    const auto constant = [&](ValueId id) { return constant_value_[id] && !mutated[id]; };
    const auto changes = [&](ValueId id) { return mutated[id]; };
    if (std::ranges::all_of(node.reads, constant) && std::ranges::none_of(node.writes, changes) &&
        step.stage == nullptr && !graph::DrawsNumbers(node)) {
      for (const ValueId id : node.writes) constant_value_[id] = true;
      constant_steps_.push_back(std::move(step));
      continue;
    }
    Classify(node, step);
    if (step.kernel != nullptr && step.kernel->view_of.has_value()) {
      const ValueId source = node.kernel()->arguments[*step.kernel->view_of];
      // A copy that is taken before its source changes must stay a copy; the program's own aliases follow the source.
      const bool real_alias = step.kernel->name == "executorch_prim::et_view.default";
      const ValueId root = alias_root_[source];
      if (real_alias || (!mutated[root] && !graph_.values[root].bound_outside)) {
        step.alias = true;
        for (const ValueId id : node.writes) alias_root_[id] = alias_root_[source];
      }
    }
    steps_.push_back(std::move(step));
  }
  return absl::OkStatus();
}

absl::Status GraphExecutor::RunConstantSteps() {
  std::vector<memory::PlannedBuffer> buffers;
  std::vector<ValueId> owners;
  std::vector<const Step*> done;  // weights that somebody has packed already
  for (Step& step : constant_steps_) {
    ETD_RETURN_IF_ERROR(step.region ? step.region->Prepare(step.externals) : step.kernel->prepare(step.context));
    if (step.kernel != nullptr && WritesNumber(*step.kernel)) ETD_RETURN_IF_ERROR(step.kernel->run(step.context));
    if (step.kernel != nullptr && step.kernel->packs_weights) {
      tensor::Tensor& packed = values_[step.writes[0]].tensor();
      const tensor::Tensor& source = step.context.tensor(0);
      bool fresh = false;
      ETD_ASSIGN_OR_RETURN(std::byte* memory, program_->PackedWeights({source.data<std::byte>(), source.nbytes()},
                                                                      packed.nbytes(), &fresh));
      packed.set_raw(memory);
      if (!fresh) done.push_back(&step);
      continue;
    }
    for (const ValueId id : step.writes) {
      if (graph_.values[id].tensor() == nullptr) continue;
      owners.push_back(id);
      buffers.push_back({values_[id].tensor().nbytes(), 0, 0, 0});
    }
  }
  const size_t bytes = memory::PlanBuffers(buffers);
  ETD_ASSIGN_OR_RETURN(memory::Arena arena, memory::Arena::Create(bytes + kBufferPadding));
  for (size_t i = 0; i < owners.size(); ++i) values_[owners[i]].tensor().set_raw(arena.data() + buffers[i].offset);
  constants_ = std::make_shared<memory::Arena>(std::move(arena));
  for (Step& step : constant_steps_) {
    if (std::ranges::find(done, &step) != done.end()) continue;
    ETD_RETURN_IF_ERROR(step.region ? step.region->Run(step.externals) : step.kernel->run(step.context));
  }
  return absl::OkStatus();
}

absl::Status GraphExecutor::ResizeInput(size_t i, std::span<const int32_t> sizes) {
  tensor::Tensor& input = values_[graph_.inputs[i]].tensor();
  if (input.raw() != nullptr && std::ranges::equal(input.sizes(), sizes)) return absl::OkStatus();
  ETD_RETURN_IF_ERROR(input.Resize(sizes));
  ETD_ASSIGN_OR_RETURN(std::byte* memory, input_buffers_[i].Get(input.nbytes() + kBufferPadding));
  input.set_raw(memory);
  planned_ = false;
  return absl::OkStatus();
}

absl::Status GraphExecutor::ShapeInput(size_t i, std::span<const int32_t> sizes) {
  tensor::Tensor& input = values_[graph_.inputs[i]].tensor();
  if (planned_ && std::ranges::equal(input.sizes(), sizes)) return absl::OkStatus();
  planned_ = false;
  return input.Resize(sizes);
}

std::shared_ptr<const memory::Arena> GraphExecutor::FoldConstants(graph::Graph& graph) const {
  std::vector<bool> folded(graph.nodes.size());
  for (const Step& step : constant_steps_) {
    folded[step.node] = true;
    for (const ValueId id : step.writes) {
      GraphValue& value = graph.values[id];
      value.origin = Origin::kConstant;
      if (auto* spec = std::get_if<TensorSpec>(&value.spec)) {
        const tensor::Tensor& tensor = values_[id].tensor();
        spec->layout.sizes.assign(tensor.sizes().begin(), tensor.sizes().end());
        spec->layout.dim_order.assign(tensor.dim_order().begin(), tensor.dim_order().end());
        spec->dynamism = program::Dynamism::kStatic;
        spec->storage = program::Storage::kConstant;
        spec->data = {static_cast<const std::byte*>(tensor.raw()), tensor.nbytes()};
      } else if (values_[id].kind() == Value::Kind::kInt) {
        value.spec = values_[id].integer();
      } else if (values_[id].kind() == Value::Kind::kDouble) {
        value.spec = values_[id].floating();
      } else if (values_[id].kind() == Value::Kind::kBool) {
        value.spec = values_[id].boolean();
      }
    }
  }
  std::vector<graph::Node> kept;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!folded[i]) kept.push_back(std::move(graph.nodes[i]));
  }
  graph.nodes = std::move(kept);
  return constants_;
}

absl::Status GraphExecutor::ShapeStage(const graph::StageNode& stage) {
  const int32_t rows = values_[stage.rows.value].tensor().size(stage.rows.dim);
  for (const graph::RowPort& port : stage.writes) {
    ETD_RETURN_IF_ERROR(values_[port.value].tensor().Resize(graph::SizesOf(port, rows)));
  }
  return absl::OkStatus();
}

absl::Status GraphExecutor::PrepareStep(Step& step) {
  if (step.stage != nullptr) return ShapeStage(*step.stage);
  return step.region ? step.region->Prepare(step.externals) : step.kernel->prepare(step.context);
}

absl::Status GraphExecutor::Plan() {
  for (ValueId id = 0; id < number_source_.size(); ++id) {
    if (number_source_[id] != NumberSource::kData) continue;
    // Positions of the last call could be out of range for these shapes; the first one is in range for all.
    Value& number = values_[id];
    if (number.kind() == Value::Kind::kInt) number.set_integer(0);
    if (number.kind() == Value::Kind::kDouble) number.set_floating(0);
    if (number.kind() == Value::Kind::kBool) number.set_boolean(false);
  }
  for (Step& step : steps_) {
    if (step.late) continue;
    absl::Status status = PrepareStep(step);
    if (status.ok() && step.shape_number) status = step.kernel->run(step.context);
    if (!status.ok()) return step.kernel != nullptr ? Annotate(status, step.kernel->name) : status;
  }
  ETD_RETURN_IF_ERROR(BindBuffers());
  planned_ = true;
  return absl::OkStatus();
}

absl::Status GraphExecutor::BindBuffers() {
  constexpr uint32_t kUnused = static_cast<uint32_t>(-1);
  std::vector<uint32_t> buffer_of(graph_.values.size(), kUnused);
  std::vector<memory::PlannedBuffer> buffers;
  std::vector<ValueId> owners;
  const uint32_t end = static_cast<uint32_t>(steps_.size());
  const auto extend = [&](ValueId id, uint32_t step) {
    const uint32_t buffer = buffer_of[alias_root_[id]];
    if (buffer != kUnused) buffers[buffer].last = std::max(buffers[buffer].last, step);
  };
  for (uint32_t now = 0; now < end; ++now) {
    const graph::Node& node = graph_.nodes[steps_[now].node];
    for (const ValueId id : node.writes) {
      if (graph_.values[id].tensor() == nullptr || graph_.values[id].origin != Origin::kComputed) continue;
      if (alias_root_[id] != id || buffer_of[id] != kUnused) continue;
      const tensor::Tensor& tensor = values_[id].tensor();
      buffer_of[id] = static_cast<uint32_t>(buffers.size());
      buffers.push_back({(late_value_[id] ? tensor.capacity_bytes() : tensor.nbytes()), now, now, 0});
      owners.push_back(id);
    }
    for (const ValueId id : node.reads) extend(id, now);
  }
  for (const ValueId output : graph_.outputs) {
    for (const ValueId id : graph::ElementsOf(graph_, output)) extend(id, end);
  }
  const size_t bytes = memory::PlanBuffers(buffers) + kBufferPadding;
  if (bytes > arena_.size()) {
    arena_ = memory::Arena();
    ETD_ASSIGN_OR_RETURN(arena_, memory::Arena::Create((bytes + kArenaGrain - 1) / kArenaGrain * kArenaGrain));
  }
  for (size_t i = 0; i < owners.size(); ++i) values_[owners[i]].tensor().set_raw(arena_.data() + buffers[i].offset);
  return absl::OkStatus();
}

absl::Status GraphExecutor::RunStep(Step& step) {
  if (step.stage != nullptr) return host_->RunStage(step.stage->stage);
  if (step.region != nullptr) {
    if (step.prepare_each_run) ETD_RETURN_IF_ERROR(step.region->Prepare(step.externals));
    return step.region->Run(step.externals);
  }
  if (step.prepare_each_run) ETD_RETURN_IF_ERROR(step.kernel->prepare(step.context));
  if (step.alias) {
    const tensor::Tensor& source = step.context.tensor(*step.kernel->view_of);
    for (const ValueId id : step.writes) values_[id].tensor().set_raw(const_cast<void*>(source.raw()));
    return absl::OkStatus();
  }
  return step.kernel->run(step.context);
}

absl::Status GraphExecutor::Run(const SessionState& state) {
  if (!planned_) ETD_RETURN_IF_ERROR(Plan());
  BindState(state);
  return RunNodes(0, graph_.nodes.size());
}

void GraphExecutor::BindState(const SessionState& state) {
  for (size_t i = 0; i < state_layout_.slots.size(); ++i) {
    values_[state_layout_.slots[i].value].tensor().set_raw(state.addresses()[i]);
  }
}

absl::Status GraphExecutor::RunNodes(size_t begin, size_t end) {
  auto step = std::ranges::lower_bound(steps_, begin, {}, &Step::node);
  for (; step != steps_.end() && step->node < end; ++step) {
    if (step->shape_number) continue;
    if (absl::Status status = RunStep(*step); !status.ok()) {
      return step->kernel != nullptr ? Annotate(status, step->kernel->name) : status;
    }
  }
  return absl::OkStatus();
}

}  // namespace etd::exec
