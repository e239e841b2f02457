#include "runtime/kernels/portable/util/promote.h"

#include "runtime/base/status.h"

namespace etd::kernels {

using tensor::ScalarType;

namespace {

// Types of one kind are ordered by what they can hold; uint8 beside int8 and half beside bfloat16 are the exceptions.
int Order(ScalarType type) {
  switch (type) {
    case ScalarType::kBool: return 0;
    case ScalarType::kUInt8: return 1;
    case ScalarType::kInt8: return 2;
    case ScalarType::kInt16: return 3;
    case ScalarType::kInt32: return 4;
    case ScalarType::kInt64: return 5;
    case ScalarType::kFloat16: return 6;
    case ScalarType::kBFloat16: return 7;
    case ScalarType::kFloat32: return 8;
    case ScalarType::kFloat64: return 9;
    default: return -1;
  }
}

}  // namespace

ScalarType PromoteTypes(ScalarType a, ScalarType b) {
  if (a == b) return a;
  const ScalarType low = Order(a) < Order(b) ? a : b;
  const ScalarType high = Order(a) < Order(b) ? b : a;
  if (low == ScalarType::kUInt8 && high == ScalarType::kInt8) return ScalarType::kInt16;
  if (low == ScalarType::kFloat16 && high == ScalarType::kBFloat16) return ScalarType::kFloat32;
  return high;
}

ScalarType PromoteWithScalar(ScalarType type, const kernel::Scalar& scalar) {
  if (scalar.kind == kernel::Scalar::Kind::kDouble && !tensor::IsFloating(type)) return ScalarType::kFloat32;
  if (scalar.kind == kernel::Scalar::Kind::kInt && type == ScalarType::kBool) return ScalarType::kInt64;
  return type;
}

bool CanCast(ScalarType from, ScalarType to) {
  if (tensor::IsFloating(from) && !tensor::IsFloating(to)) return false;
  return from == ScalarType::kBool || to != ScalarType::kBool;
}

bool IsArithmetic(ScalarType type) { return Order(type) >= 0; }

ScalarType ComputeType(ScalarType type) {
  return type == ScalarType::kFloat16 || type == ScalarType::kBFloat16 ? ScalarType::kFloat32 : type;
}

ScalarType FloatComputeType(ScalarType type) {
  return type == ScalarType::kFloat64 ? ScalarType::kFloat64 : ScalarType::kFloat32;
}

absl::Status CheckArithmetic(ScalarType type) {
  if (IsArithmetic(type)) return absl::OkStatus();
  return InvalidArgument("no arithmetic is defined for {} tensors", tensor::ScalarTypeName(type));
}

absl::Status CheckFloating(ScalarType type) {
  if (tensor::IsFloating(type)) return absl::OkStatus();
  return InvalidArgument("a floating-point tensor is needed, not {}", tensor::ScalarTypeName(type));
}

absl::Status CheckReal(ScalarType type) {
  if (IsArithmetic(type) && type != ScalarType::kBool) return absl::OkStatus();
  return InvalidArgument("a tensor of numbers is needed, not {}", tensor::ScalarTypeName(type));
}

absl::Status CheckCast(ScalarType from, ScalarType to) {
  if (CanCast(from, to)) return absl::OkStatus();
  return InvalidArgument("a {} result can't be written to a {} tensor", tensor::ScalarTypeName(from),
                         tensor::ScalarTypeName(to));
}

}  // namespace etd::kernels
