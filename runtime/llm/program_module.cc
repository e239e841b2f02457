#include "runtime/llm/program_module.h"

#include <algorithm>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/exec/arguments.h"
#include "runtime/exec/planned_method.h"
#include "runtime/exec/reference_method.h"

namespace etd::llm {
namespace {

using program::TensorSpec;
using tensor::Value;

engine::ValueInfo InfoOf(const program::ValueSpec& spec) {
  engine::ValueInfo info;
  if (const auto* tensor = std::get_if<TensorSpec>(&spec)) {
    info.kind = "tensor";
    info.dtype = static_cast<int8_t>(tensor->layout.dtype);
    info.sizes.assign(tensor->layout.sizes.begin(), tensor->layout.sizes.end());
    info.dynamic = tensor->dynamism == program::Dynamism::kDynamicBound;
    return info;
  }
  switch (program::KindOf(spec)) {
    case Value::Kind::kInt: info.kind = "int"; break;
    case Value::Kind::kDouble: info.kind = "double"; break;
    case Value::Kind::kBool: info.kind = "bool"; break;
    case Value::Kind::kString: info.kind = "string"; break;
    case Value::Kind::kNone: info.kind = "none"; break;
    default: info.kind = "list"; break;
  }
  return info;
}

bool HasStaticInputs(const program::MethodSpec& method) {
  return std::ranges::all_of(method.inputs, [&](uint32_t input) {
    const auto* tensor = std::get_if<TensorSpec>(&method.values[input]);
    return tensor == nullptr || tensor->dynamism == program::Dynamism::kStatic;
  });
}

// Sizes as the runtime has them. Errors: INVALID_ARGUMENT for sizes that no tensor has.
absl::StatusOr<std::vector<int32_t>> NarrowSizes(const std::vector<int64_t>& sizes) {
  if (sizes.size() > static_cast<size_t>(tensor::kMaxRank)) return InvalidArgument("a tensor has at most {} dimensions", tensor::kMaxRank);
  std::vector<int32_t> narrow;
  for (const int64_t size : sizes) {
    if (size < 0 || size > INT32_MAX) return InvalidArgument("a tensor can't have the size {}", size);
    narrow.push_back(static_cast<int32_t>(size));
  }
  return narrow;
}

}  // namespace

// One caller's state over the module's executors.
class ProgramInstance final : public engine::Instance {
 public:
  explicit ProgramInstance(ProgramModule* module) : module_(module) {}

  absl::StatusOr<std::vector<engine::OutputValue>> Call(std::string_view name,
                                                        std::span<const engine::InputValue> inputs,
                                                        std::span<const int32_t> wanted) override {
    ETD_ASSIGN_OR_RETURN(exec::Method * method, MethodOf(name));
    std::vector<exec::Argument> arguments(inputs.size());
    std::vector<std::vector<int32_t>> sizes(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      ETD_RETURN_IF_ERROR(FillArgument(inputs[i], sizes[i], arguments[i]));
    }
    const auto count = static_cast<int32_t>(method->spec().outputs.size());
    for (const int32_t index : wanted) {
      if (index < 0 || index >= count) {
        return InvalidArgument("method {} has {} outputs, there is no output {}", name, count, index);
      }
    }
    ETD_RETURN_IF_ERROR(method->Execute(arguments));
    std::vector<engine::OutputValue> outputs;
    if (wanted.empty()) {
      for (int32_t i = 0; i < count; ++i) outputs.push_back(OutputOf(method->output(static_cast<size_t>(i))));
    } else {
      for (const int32_t i : wanted) outputs.push_back(OutputOf(method->output(static_cast<size_t>(i))));
    }
    return outputs;
  }

 private:
  absl::StatusOr<exec::Method*> MethodOf(std::string_view name) {
    const auto found = methods_.find(std::string(name));
    if (found != methods_.end()) return found->second.get();
    const program::MethodSpec* spec = module_->program_->program().FindMethod(name);
    if (spec == nullptr) {
      std::string known;
      for (const engine::MethodInfo& info : module_->methods_) known += known.empty() ? info.name : ", " + info.name;
      return NotFound("the program has no method {}; it has {}", name, known);
    }
    ETD_ASSIGN_OR_RETURN(std::shared_ptr<exec::GraphExecutor> executor, module_->ExecutorOf(*spec));
    std::unique_ptr<exec::Method> method;
    if (executor != nullptr) {
      ETD_ASSIGN_OR_RETURN(method, exec::PlannedMethod::Create(std::move(executor), module_->program_->program(), *spec, shared_));
    } else {
      ETD_ASSIGN_OR_RETURN(method, exec::ReferenceMethod::Create(module_->program_, *spec, shared_));
    }
    return (methods_[std::string(name)] = std::move(method)).get();
  }

  static absl::Status FillArgument(const engine::InputValue& input, std::vector<int32_t>& sizes,
                                   exec::Argument& argument) {
    if (const auto* tensor = std::get_if<engine::HostTensor>(&input)) {
      argument.kind = Value::Kind::kTensor;
      const std::optional<tensor::ScalarType> type = tensor::ScalarTypeFromCode(tensor->dtype);
      if (!type.has_value()) return InvalidArgument("there is no element type with the number {}", tensor->dtype);
      argument.type = *type;
      ETD_ASSIGN_OR_RETURN(sizes, NarrowSizes(tensor->sizes));
      argument.sizes = sizes;
      argument.bytes = tensor->bytes;
    } else if (const auto* integer = std::get_if<int64_t>(&input)) {
      argument.kind = Value::Kind::kInt;
      argument.integer = *integer;
    } else if (const auto* floating = std::get_if<double>(&input)) {
      argument.kind = Value::Kind::kDouble;
      argument.floating = *floating;
    } else if (const auto* boolean = std::get_if<bool>(&input)) {
      argument.kind = Value::Kind::kBool;
      argument.boolean = *boolean;
    } else if (const auto* text = std::get_if<std::string>(&input)) {
      argument.kind = Value::Kind::kString;
      argument.string = *text;
    }
    return absl::OkStatus();
  }

  static engine::OutputValue OutputOf(const Value& value) {
    switch (value.kind()) {
      case Value::Kind::kInt: return value.integer();
      case Value::Kind::kDouble: return value.floating();
      case Value::Kind::kBool: return value.boolean();
      case Value::Kind::kString: return std::string(value.string());
      case Value::Kind::kTensor: {
        const tensor::Tensor& tensor = value.tensor();
        engine::OwnedTensor owned;
        owned.dtype = static_cast<int8_t>(tensor.type());
        owned.sizes.assign(tensor.sizes().begin(), tensor.sizes().end());
        owned.bytes.resize(tensor.nbytes());
        exec::CopyRowMajorOut(tensor, owned.bytes.data());
        return owned;
      }
      default: return std::monostate();
    }
  }

  ProgramModule* module_;
  exec::SharedArenas shared_;
  absl::flat_hash_map<std::string, std::unique_ptr<exec::Method>> methods_;
};

absl::StatusOr<std::unique_ptr<ProgramModule>> ProgramModule::Create(std::shared_ptr<exec::LoadedProgram> program,
                                                                     const Options& options) {
  std::unique_ptr<ProgramModule> module(new ProgramModule(std::move(program), options));
  module->DescribeMethods();
  return module;
}

void ProgramModule::DescribeMethods() {
  for (const program::MethodSpec& method : program_->program().methods()) {
    engine::MethodInfo info;
    info.name = method.name;
    for (const uint32_t input : method.inputs) info.inputs.push_back(InfoOf(method.values[input]));
    for (const uint32_t output : method.outputs) info.outputs.push_back(InfoOf(method.values[output]));
    methods_.push_back(std::move(info));
  }
}

absl::Status ProgramModule::CompileAll() {
  for (const program::MethodSpec& method : program_->program().methods()) {
    ETD_ASSIGN_OR_RETURN(const std::shared_ptr<exec::GraphExecutor> executor, ExecutorOf(method));
    // Where every shape is known now, an operator that can't take its arguments is found now too.
    if (executor == nullptr || !HasStaticInputs(method)) continue;
    if (absl::Status status = executor->PlanNow(); !status.ok()) {
      return Annotate(status, fmt::format("method {}", method.name));
    }
  }
  return program_->FinishCompiling();
}

absl::StatusOr<std::shared_ptr<exec::GraphExecutor>> ProgramModule::ExecutorOf(const program::MethodSpec& method) {
  if (options_.reference) return std::shared_ptr<exec::GraphExecutor>();
  const auto found = executors_.find(method.name);
  if (found != executors_.end()) return found->second;
  absl::StatusOr<std::shared_ptr<exec::GraphExecutor>> executor = exec::CompileMethod(program_, method);
  if (!executor.ok() && !absl::IsUnimplemented(executor.status())) return executor.status();
  return executors_[method.name] = executor.ok() ? *executor : nullptr;
}

absl::StatusOr<std::unique_ptr<engine::Instance>> ProgramModule::CreateInstance() {
  return std::make_unique<ProgramInstance>(this);
}

}  // namespace etd::llm
