#include "runtime/exec/reference_method.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/base/status.h"

namespace etd::exec {
namespace {

using program::TensorSpec;
using tensor::Value;

// Loops of a program end long before; a program that does not end is an error, not a hang.
constexpr uint64_t kMaxExecutedInstructions = 10'000'000;

bool IsFalse(const Value& condition) {
  if (condition.kind() == Value::Kind::kBool) return !condition.boolean();
  const tensor::Tensor& tensor = condition.tensor();
  const bool* elements = tensor.data<bool>();
  return !std::all_of(elements, elements + tensor.numel(), [](bool element) { return element; });
}

}  // namespace

absl::StatusOr<std::byte*> SharedArenas::Get(const program::Program& program, uint32_t memory_id) {
  const size_t index = memory_id - 2;
  if (arenas_.size() <= index) arenas_.resize(index + 1);
  if (arenas_[index].data() == nullptr) {
    uint64_t size = 0;
    for (const program::MethodSpec& method : program.methods()) {
      if (method.arena_sizes.size() >= memory_id) size = std::max(size, method.arena_sizes[memory_id - 1]);
    }
    ETD_ASSIGN_OR_RETURN(arenas_[index], memory::Arena::Create(size + kBufferPadding));
  }
  return arenas_[index].data();
}

absl::StatusOr<std::unique_ptr<ReferenceMethod>> ReferenceMethod::Create(std::shared_ptr<LoadedProgram> program,
                                                                         const program::MethodSpec& spec,
                                                                         SharedArenas& shared) {
  std::unique_ptr<ReferenceMethod> method(new ReferenceMethod(std::move(program), spec));
  ETD_ASSIGN_OR_RETURN(method->values_, ValueTable::Create(spec));
  ETD_RETURN_IF_ERROR(method->BindMemory(shared));
  method->regions_.resize(spec.delegates.size());
  for (const program::Instruction& instruction : spec.instructions) {
    if (const auto* kernel_call = std::get_if<program::KernelCall>(&instruction)) {
      ETD_RETURN_IF_ERROR(method->AddKernelStep(*kernel_call));
    } else if (const auto* delegate_call = std::get_if<program::DelegateCall>(&instruction)) {
      ETD_RETURN_IF_ERROR(method->AddDelegateStep(*delegate_call));
    } else if (const auto* move = std::get_if<program::MoveCall>(&instruction)) {
      method->steps_.emplace_back(*move);
    } else if (const auto* jump = std::get_if<program::JumpFalseCall>(&instruction)) {
      method->steps_.emplace_back(*jump);
    } else {
      method->steps_.emplace_back(std::get<program::FreeCall>(instruction));
    }
  }
  return method;
}

absl::Status ReferenceMethod::BindMemory(SharedArenas& shared) {
  if (!spec_.arena_sizes.empty()) {
    ETD_ASSIGN_OR_RETURN(arena_, memory::Arena::Create(spec_.arena_sizes[0] + kBufferPadding));
  }
  for (size_t i = 0; i < spec_.values.size(); ++i) {
    const auto* tensor_spec = std::get_if<TensorSpec>(&spec_.values[i]);
    if (tensor_spec == nullptr || !tensor_spec->planned()) continue;
    std::byte* arena = arena_.data();
    if (tensor_spec->memory_id > 1) {
      ETD_ASSIGN_OR_RETURN(arena, shared.Get(program_->program(), tensor_spec->memory_id));
    }
    std::byte* memory = arena + tensor_spec->memory_offset;
    values_[i].tensor().set_raw(memory);
    if (!tensor_spec->data.empty()) std::memcpy(memory, tensor_spec->data.data(), tensor_spec->data.size());
  }
  return absl::OkStatus();
}

absl::Status ReferenceMethod::AddKernelStep(const program::KernelCall& call) {
  const kernel::Kernel* kernel = program_->environment().kernels->Find(spec_.operators[call.op]);
  if (kernel == nullptr) return Unimplemented("operator {} is not known", spec_.operators[call.op]);
  std::vector<Value*> arguments;
  for (const uint32_t index : call.args) arguments.push_back(&values_[index]);
  ETD_RETURN_IF_ERROR(kernel::CheckArguments(*kernel, arguments));
  for (const size_t i : kernel::WrittenParameters(*kernel)) {
    const auto* target = std::get_if<TensorSpec>(&spec_.values[call.args[i]]);
    if (target != nullptr && target->constant()) {
      return InvalidArgument("operator {} would write to the constant value {}", kernel->name, call.args[i]);
    }
  }
  Step& step =
      steps_.emplace_back(KernelStep{kernel, std::move(arguments), kernel::KernelContext({}, nullptr, nullptr, nullptr)});
  auto& kernel_step = std::get<KernelStep>(step);
  kernel_step.context =
      kernel::KernelContext(kernel_step.arguments, program_->environment().threads, &scratch_, &random_);
  return absl::OkStatus();
}

absl::Status ReferenceMethod::AddDelegateStep(const program::DelegateCall& call) {
  std::unique_ptr<graph::Region>& region = regions_[call.delegate];
  ETD_ASSIGN_OR_RETURN(const graph::Fragment* fragment, program_->FragmentOf(spec_, call.delegate));
  if (fragment->external_count > call.args.size()) {
    return InvalidArgument("delegate {} takes {} arguments, the program gives {}", call.delegate,
                           fragment->external_count, call.args.size());
  }
  if (region == nullptr) {
    ETD_ASSIGN_OR_RETURN(region, program_->CompilerOf(spec_.delegates[call.delegate].id).Compile(*fragment));
  }
  DelegateStep step{region.get(), {}, std::vector<tensor::Tensor*>(fragment->external_count)};
  for (uint32_t i = 0; i < fragment->external_count; ++i) {
    step.arguments.push_back(&values_[call.args[i]]);
  }
  for (const graph::FragmentValue& value : fragment->values) {
    using Role = graph::FragmentValue::Role;
    if (value.role != Role::kInput && value.role != Role::kOutput) continue;
    const uint32_t index = call.args[value.external];
    if (values_[index].kind() != Value::Kind::kTensor) {
      return InvalidArgument("argument {} of delegate {} is {}, not a tensor", value.external, call.delegate,
                             tensor::KindName(values_[index].kind()));
    }
    if (value.role == Role::kOutput && std::get<TensorSpec>(spec_.values[index]).constant()) {
      return InvalidArgument("delegate {} would write to the constant value {}", call.delegate, index);
    }
    step.externals[value.external] = &values_[index].tensor();
  }
  steps_.emplace_back(std::move(step));
  return absl::OkStatus();
}

absl::Status ReferenceMethod::RunStep(Step& step, size_t& next) {
  if (auto* kernel_step = std::get_if<KernelStep>(&step)) {
    absl::Status status = kernel_step->kernel->prepare(kernel_step->context);
    if (status.ok()) status = kernel::CheckMemory(*kernel_step->kernel, kernel_step->arguments);
    if (status.ok()) status = kernel_step->kernel->run(kernel_step->context);
    return status.ok() ? status : Annotate(status, kernel_step->kernel->name);
  }
  if (auto* delegate_step = std::get_if<DelegateStep>(&step)) {
    ETD_RETURN_IF_ERROR(delegate_step->region->Prepare(delegate_step->externals));
    for (const tensor::Tensor* external : delegate_step->externals) {
      if (external != nullptr && external->raw() == nullptr && external->nbytes() > 0) {
        return InvalidArgument("a delegate is called before its tensor has memory");
      }
    }
    return delegate_step->region->Run(delegate_step->externals);
  }
  if (const auto* move = std::get_if<program::MoveCall>(&step)) {
    values_[move->to].Rebind(values_[move->from]);
  } else if (const auto* jump = std::get_if<program::JumpFalseCall>(&step)) {
    const Value& condition = values_[jump->condition];
    if (condition.kind() == Value::Kind::kTensor && condition.tensor().raw() == nullptr) {
      return InvalidArgument("a jump depends on a tensor that has no memory yet");
    }
    if (IsFalse(condition)) next = jump->destination;
  }
  return absl::OkStatus();
}

absl::Status ReferenceMethod::Execute(std::span<const Argument> arguments) {
  ETD_RETURN_IF_ERROR(inputs_.Bind(spec_, arguments, values_));
  uint64_t executed = 0;
  for (size_t next = 0; next < steps_.size();) {
    if (++executed > kMaxExecutedInstructions) {
      return ResourceExhausted("method {} did not end within {} instructions", spec_.name, kMaxExecutedInstructions);
    }
    const size_t index = next++;
    if (absl::Status status = RunStep(steps_[index], next); !status.ok()) {
      return Annotate(status, fmt::format("method {}, instruction {}", spec_.name, index));
    }
  }
  return absl::OkStatus();
}

}  // namespace etd::exec
