#include "runtime/program/method_verifier.h"

#include <string_view>

#include "runtime/base/status.h"
#include "runtime/tensor/tensor.h"

namespace etd::program {
namespace {

using Kind = tensor::Value::Kind;

absl::Status ExpectKind(const MethodSpec& method, uint32_t index, Kind expected) {
  const Kind kind = KindOf(method.values[index]);
  if (kind == expected) return absl::OkStatus();
  return InvalidArgument("value {} is of kind {}, expected {}", index, tensor::KindName(kind),
                         tensor::KindName(expected));
}

absl::Status VerifyValue(const MethodSpec& method, const ValueSpec& value) {
  if (const auto* list = std::get_if<IntListSpec>(&value)) {
    for (const uint32_t item : list->items) ETD_RETURN_IF_ERROR(ExpectKind(method, item, Kind::kInt));
  } else if (const auto* list = std::get_if<TensorListSpec>(&value)) {
    for (const uint32_t item : list->items) ETD_RETURN_IF_ERROR(ExpectKind(method, item, Kind::kTensor));
  } else if (const auto* list = std::get_if<OptionalTensorListSpec>(&value)) {
    for (const int32_t item : list->items) {
      if (item < 0) continue;
      ETD_RETURN_IF_ERROR(ExpectKind(method, static_cast<uint32_t>(item), Kind::kTensor));
    }
  }
  return absl::OkStatus();
}

absl::Status VerifyMove(const MethodSpec& method, const MoveCall& move) {
  ETD_RETURN_IF_ERROR(ExpectKind(method, move.from, KindOf(method.values[move.to])));
  const auto* from = std::get_if<TensorSpec>(&method.values[move.from]);
  const auto* to = std::get_if<TensorSpec>(&method.values[move.to]);
  if (from == nullptr) return absl::OkStatus();
  if (from->layout.dtype != to->layout.dtype || from->layout.sizes.size() != to->layout.sizes.size()) {
    return InvalidArgument("it moves a tensor {} {} to one of another type or rank, {} {}",
                           tensor::ScalarTypeName(from->layout.dtype), tensor::ShapeText(from->layout.sizes),
                           tensor::ScalarTypeName(to->layout.dtype), tensor::ShapeText(to->layout.sizes));
  }
  return absl::OkStatus();
}

absl::Status VerifyJump(const MethodSpec& method, const JumpFalseCall& jump) {
  const ValueSpec& condition = method.values[jump.condition];
  if (std::holds_alternative<bool>(condition)) return absl::OkStatus();
  const auto* flags = std::get_if<TensorSpec>(&condition);
  if (flags != nullptr && flags->layout.dtype == tensor::ScalarType::kBool) return absl::OkStatus();
  return InvalidArgument("the condition of a jump, value {}, is neither a Bool nor a bool tensor", jump.condition);
}

absl::Status VerifyInstruction(const MethodSpec& method, const Instruction& instruction) {
  if (const auto* move = std::get_if<MoveCall>(&instruction)) return VerifyMove(method, *move);
  if (const auto* jump = std::get_if<JumpFalseCall>(&instruction)) return VerifyJump(method, *jump);
  if (const auto* free = std::get_if<FreeCall>(&instruction)) return ExpectKind(method, free->value, Kind::kTensor);
  return absl::OkStatus();
}

absl::Status VerifyInputs(const MethodSpec& method) {
  for (size_t i = 0; i < method.inputs.size(); ++i) {
    const auto* input = std::get_if<TensorSpec>(&method.values[method.inputs[i]]);
    if (input != nullptr && input->constant()) {
      return InvalidArgument("input {} is the constant tensor {}", i, method.inputs[i]);
    }
  }
  return absl::OkStatus();
}

absl::Status Verify(const MethodSpec& method) {
  for (size_t i = 0; i < method.values.size(); ++i) {
    const absl::Status status = VerifyValue(method, method.values[i]);
    if (!status.ok()) return Annotate(status, fmt::format("list {}", i));
  }
  ETD_RETURN_IF_ERROR(VerifyInputs(method));
  for (size_t i = 0; i < method.instructions.size(); ++i) {
    const absl::Status status = VerifyInstruction(method, method.instructions[i]);
    if (!status.ok()) return Annotate(status, fmt::format("instruction {}", i));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status VerifyMethod(const MethodSpec& method) {
  const absl::Status status = Verify(method);
  return status.ok() ? status : Annotate(status, fmt::format("method \"{}\"", method.name));
}

}  // namespace etd::program
