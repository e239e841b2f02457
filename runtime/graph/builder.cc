#include "runtime/graph/builder.h"

#include <algorithm>
#include <utility>

#include "runtime/base/status.h"

namespace etd::graph {
namespace {

using Origin = GraphValue::Origin;
using program::TensorSpec;

std::optional<DenseType> DenseTypeOf(tensor::ScalarType type) {
  switch (type) {
    case tensor::ScalarType::kFloat32: return DenseType::kFloat32;
    case tensor::ScalarType::kFloat16: return DenseType::kFloat16;
    case tensor::ScalarType::kBFloat16: return DenseType::kBFloat16;
    case tensor::ScalarType::kInt32: return DenseType::kInt32;
    case tensor::ScalarType::kInt64: return DenseType::kInt64;
    case tensor::ScalarType::kInt8: return DenseType::kQInt8;
    case tensor::ScalarType::kUInt8: return DenseType::kQUInt8;
    default: return std::nullopt;
  }
}

class Builder {
 public:
  Builder(const program::MethodSpec& method, const kernel::KernelRegistry& kernels, const DelegateLookup& delegates)
      : method_(method), kernels_(kernels), delegates_(delegates) {}

  absl::StatusOr<Graph> Build() {
    for (const program::ValueSpec& spec : method_.values) AddProgramValue(spec);
    for (const uint32_t input : method_.inputs) graph_.values[input].origin = Origin::kInput;
    graph_.inputs = method_.inputs;
    graph_.outputs = method_.outputs;
    defined_.resize(graph_.values.size());
    for (ValueId id = 0; id < graph_.values.size(); ++id) {
      defined_[id] = graph_.values[id].origin != Origin::kComputed;
      if (defined_[id]) Occupy(id);
    }
    for (const program::Instruction& instruction : method_.instructions) {
      ETD_RETURN_IF_ERROR(AddInstruction(instruction));
    }
    for (const uint32_t output : method_.outputs) {
      for (const ValueId id : ElementsOf(graph_, output)) ETD_RETURN_IF_ERROR(NoteRead(id));
    }
    ETD_RETURN_IF_ERROR(CheckViews());
    ETD_RETURN_IF_ERROR(CheckState());
    return std::move(graph_);
  }

 private:
  void AddProgramValue(const program::ValueSpec& spec) {
    const auto* tensor = std::get_if<TensorSpec>(&spec);
    Origin origin = Origin::kConstant;
    if (tensor != nullptr && !tensor->constant()) origin = tensor->data.empty() ? Origin::kComputed : Origin::kState;
    graph_.values.push_back({.origin = origin, .spec = spec, .dense = std::nullopt});
  }

  absl::Status AddInstruction(const program::Instruction& instruction) {
    if (const auto* call = std::get_if<program::KernelCall>(&instruction)) return AddKernelCall(*call);
    if (const auto* call = std::get_if<program::DelegateCall>(&instruction)) return AddDelegateCall(*call);
    if (std::holds_alternative<program::FreeCall>(instruction)) return absl::OkStatus();
    return Unimplemented("the method has control flow");
  }

  // A value that is read and that no instruction writes is one of two things: a view that the exporter left out, which has
  // the place in memory of what it shows, or state, which shares its place with nothing.
  absl::Status NoteRead(ValueId id) {
    if (defined_[id]) return absl::OkStatus();
    const TensorSpec* tensor = graph_.values[id].tensor();
    if (tensor == nullptr || !tensor->planned()) return Unimplemented("value {} is read before it is written", id);
    defined_[id] = true;
    const std::optional<ValueId> occupant = LastOccupant(*tensor);
    if (occupant.has_value()) return AddView(*occupant, id);
    graph_.values[id].origin = Origin::kState;
    Occupy(id);
    return absl::OkStatus();
  }

  static bool Overlap(const TensorSpec& a, const TensorSpec& b) {
    return a.memory_id == b.memory_id && a.memory_offset < b.memory_offset + b.layout.nbytes() &&
           b.memory_offset < a.memory_offset + a.layout.nbytes();
  }

  // Which value was put last where `tensor` lies.
  std::optional<ValueId> LastOccupant(const TensorSpec& tensor) const {
    for (auto id = occupants_.rbegin(); id != occupants_.rend(); ++id) {
      if (Overlap(*graph_.values[*id].tensor(), tensor)) return *id;
    }
    return std::nullopt;
  }

  void Occupy(ValueId id) {
    const TensorSpec* tensor = graph_.values[id].tensor();
    if (tensor != nullptr && tensor->planned()) occupants_.push_back(id);
  }

  absl::Status AddView(ValueId source, ValueId view) {
    const TensorSpec& from = *graph_.values[source].tensor();
    const TensorSpec to = *graph_.values[view].tensor();
    const kernel::Kernel* kernel = kernels_.Find("executorch_prim::et_view.default");
    const bool same_bytes = from.memory_offset == to.memory_offset && from.layout.nbytes() == to.layout.nbytes() &&
                            from.layout.dtype == to.layout.dtype && std::ranges::is_sorted(from.layout.dim_order) &&
                            std::ranges::is_sorted(to.layout.dim_order);
    if (!same_bytes || kernel == nullptr || to.dynamism != program::Dynamism::kStatic) {
      return Unimplemented("value {} overlaps value {} in memory", view, source);
    }
    program::IntListSpec sizes;
    for (const int32_t size : to.layout.sizes) sizes.items.push_back(graph_.AddConstant(int64_t{size}));
    Node node{KernelNode{kernel, {source, graph_.AddConstant(std::move(sizes)), view}}, {}, {}};
    defined_.resize(graph_.values.size(), true);
    ConnectNode(graph_, node);
    graph_.nodes.push_back(std::move(node));
    return absl::OkStatus();
  }

  absl::Status NoteWrite(ValueId id) {
    const GraphValue& value = graph_.values[id];
    if (value.origin == Origin::kConstant && value.tensor() != nullptr) {
      return InvalidArgument("the constant value {} would be written", id);
    }
    if (value.origin == Origin::kInput) return Unimplemented("an input is overwritten");
    if (written_.size() <= id) written_.resize(graph_.values.size());
    if (written_[id]) return Unimplemented("value {} is written twice", id);
    written_[id] = true;
    defined_[id] = true;
    Occupy(id);
    return absl::OkStatus();
  }

  // Nothing but views may share memory with state: a write there would be a write to the state.
  absl::Status CheckState() const {
    for (ValueId id = 0; id < graph_.values.size(); ++id) {
      if (graph_.values[id].origin != Origin::kState) continue;
      for (const ValueId other : occupants_) {
        if (other != id && Overlap(*graph_.values[id].tensor(), *graph_.values[other].tensor())) {
          return Unimplemented("value {} is written where state lies", other);
        }
      }
    }
    return absl::OkStatus();
  }

  absl::Status AddKernelCall(const program::KernelCall& call) {
    const std::string& name = method_.operators[call.op];
    const kernel::Kernel* kernel = kernels_.Find(name);
    if (kernel == nullptr) return Unimplemented("operator {} is not known", name);
    if (call.args.size() < kernel->parameters.size()) {
      return InvalidArgument("operator {} takes {} arguments, the program gives {}", name, kernel->parameters.size(),
                             call.args.size());
    }
    const auto count = static_cast<std::ptrdiff_t>(kernel->parameters.size());
    Node node{KernelNode{kernel, {call.args.begin(), call.args.begin() + count}}, {}, {}};
    ConnectNode(graph_, node);
    for (const ValueId id : node.reads) ETD_RETURN_IF_ERROR(NoteRead(id));
    for (const ValueId id : node.writes) {
      const bool in_place = std::ranges::any_of(kernel->mutates, [&](uint8_t i) { return call.args[i] == id; });
      if (!in_place) {
        // Numbers are constants with a first value that a node replaces.
        if (graph_.values[id].tensor() == nullptr) graph_.values[id].origin = Origin::kComputed;
        ETD_RETURN_IF_ERROR(NoteWrite(id));
      } else if (graph_.values[id].origin == Origin::kConstant) {
        return InvalidArgument("operator {} would write to the constant value {}", name, id);
      }
    }
    graph_.nodes.push_back(std::move(node));
    return absl::OkStatus();
  }

  absl::Status AddDelegateCall(const program::DelegateCall& call) {
    ETD_ASSIGN_OR_RETURN(const DelegateContent content, delegates_(call.delegate));
    const Fragment& fragment = *content.fragment;
    std::vector<ValueId> ids;
    for (const FragmentValue& value : fragment.values) {
      ETD_ASSIGN_OR_RETURN(const ValueId id, IdOf(value, call));
      ids.push_back(id);
    }
    for (ValueId id = static_cast<ValueId>(defined_.size()); id < graph_.values.size(); ++id) {
      defined_.push_back(graph_.values[id].origin == Origin::kConstant);
    }
    for (const FragmentNode& fragment_node : fragment.nodes) {
      Node node{DenseNode{fragment_node, content.compiler}, {}, {}};
      FragmentNode& dense = std::get<DenseNode>(node.body).node;
      for (uint32_t& id : dense.inputs) id = ids[id];
      for (uint32_t& id : dense.outputs) id = ids[id];
      ConnectNode(graph_, node);
      for (const ValueId id : node.reads) ETD_RETURN_IF_ERROR(NoteRead(id));
      for (const ValueId id : node.writes) ETD_RETURN_IF_ERROR(NoteWrite(id));
      graph_.nodes.push_back(std::move(node));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<ValueId> IdOf(const FragmentValue& value, const program::DelegateCall& call) {
    using Role = FragmentValue::Role;
    if (value.role == Role::kInput || value.role == Role::kOutput) {
      if (value.external >= call.args.size()) {
        return InvalidArgument("delegate {} takes more arguments than the {} that the program gives", call.delegate,
                               call.args.size());
      }
      const ValueId id = call.args[value.external];
      if (graph_.values[id].tensor() == nullptr) {
        return InvalidArgument("argument {} of delegate {} is not a tensor", value.external, call.delegate);
      }
      // The blob knows the quantisation of what crosses its border.
      if (!graph_.values[id].dense.has_value()) graph_.values[id].dense = value;
      return id;
    }
    GraphValue inner;
    inner.dense = value;
    const bool constant = value.role == Role::kConstant;
    inner.origin = constant ? Origin::kConstant : Origin::kComputed;
    if (const std::optional<tensor::ScalarType> type = TensorTypeOf(value.type)) {
      TensorSpec spec;
      spec.layout.dtype = *type;
      spec.layout.sizes = value.dims;
      for (size_t i = 0; i < value.dims.size(); ++i) spec.layout.dim_order.push_back(static_cast<uint8_t>(i));
      spec.dynamism = constant ? program::Dynamism::kStatic : program::Dynamism::kDynamicBound;
      spec.storage = constant ? program::Storage::kConstant : program::Storage::kUnbound;
      spec.data = value.data;
      inner.spec = std::move(spec);
    }
    return graph_.AddValue(std::move(inner));
  }

  // A write through a view reaches the value behind it, which ids can't say.
  absl::Status CheckViews() const {
    const std::vector<bool> mutated = MutatedValues(graph_);
    for (const Node& node : graph_.nodes) {
      const KernelNode* call = node.kernel();
      if (call == nullptr || !call->kernel->view_of.has_value()) continue;
      for (const ValueId id : node.writes) {
        if (mutated[id]) return Unimplemented("the method writes through a view");
      }
    }
    return absl::OkStatus();
  }

  const program::MethodSpec& method_;
  const kernel::KernelRegistry& kernels_;
  const DelegateLookup& delegates_;
  Graph graph_;
  std::vector<bool> defined_;  // by value: written, or there from the start
  std::vector<bool> written_;  // by value: an output of a node
  std::vector<ValueId> occupants_;  // planned values in the order in which they took their place in memory
};

}  // namespace

std::optional<tensor::ScalarType> TensorTypeOf(DenseType type) {
  switch (type) {
    case DenseType::kFloat32: return tensor::ScalarType::kFloat32;
    case DenseType::kFloat16: return tensor::ScalarType::kFloat16;
    case DenseType::kBFloat16: return tensor::ScalarType::kBFloat16;
    case DenseType::kInt32: return tensor::ScalarType::kInt32;
    case DenseType::kInt64: return tensor::ScalarType::kInt64;
    default: return std::nullopt;
  }
}

FragmentValue Describe(const GraphValue& graph_value) {
  if (graph_value.dense.has_value()) return *graph_value.dense;
  FragmentValue value;
  const TensorSpec& spec = *graph_value.tensor();
  value.type = DenseTypeOf(spec.layout.dtype).value_or(DenseType::kFloat32);
  for (const uint8_t dim : spec.layout.dim_order) value.dims.push_back(spec.layout.sizes[dim]);
  if (value.dims.empty()) value.dims.push_back(1);
  return value;
}

absl::StatusOr<Graph> BuildGraph(const program::MethodSpec& method, const kernel::KernelRegistry& kernels,
                                 const DelegateLookup& delegates) {
  return Builder(method, kernels, delegates).Build();
}

}  // namespace etd::graph
