// Which type an operator computes in and which it may write: the rules of PyTorch's type promotion.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_PROMOTE_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_PROMOTE_H_

#include "absl/status/status.h"
#include "runtime/kernel/kernel.h"
#include "runtime/tensor/scalar_type.h"

namespace etd::kernels {

// The type that holds values of both. Both are types that arithmetic knows (see IsArithmetic).
tensor::ScalarType PromoteTypes(tensor::ScalarType a, tensor::ScalarType b);
// A number changes the type only to a higher kind: bool, integer, floating.
tensor::ScalarType PromoteWithScalar(tensor::ScalarType type, const kernel::Scalar& scalar);
// Whether a result of type `from` may be written as `to`: never floating to integer, never a number to bool.
bool CanCast(tensor::ScalarType from, tensor::ScalarType to);
// Signed integers, uint8, bool and floating types: all that operators compute with.
bool IsArithmetic(tensor::ScalarType type);
// Half types are computed in float and rounded when stored; all others in themselves.
tensor::ScalarType ComputeType(tensor::ScalarType type);
// float, or double where a double takes part: what functions like exp compute in.
tensor::ScalarType FloatComputeType(tensor::ScalarType type);

// INVALID_ARGUMENT unless `type` is IsArithmetic.
absl::Status CheckArithmetic(tensor::ScalarType type);
// INVALID_ARGUMENT unless `type` is a floating one.
absl::Status CheckFloating(tensor::ScalarType type);
// INVALID_ARGUMENT unless `type` is IsArithmetic and not bool.
absl::Status CheckReal(tensor::ScalarType type);
// INVALID_ARGUMENT unless CanCast.
absl::Status CheckCast(tensor::ScalarType from, tensor::ScalarType to);

// Calls `visitor(TypeTag<C>{})` with the C++ type that computes for `type`. `type` is IsArithmetic.
template <typename Visitor>
auto VisitCompute(tensor::ScalarType type, const Visitor& visitor) {
  using tensor::ScalarType;
  using tensor::TypeTag;
  switch (type) {
    case ScalarType::kUInt8: return visitor(TypeTag<uint8_t>{});
    case ScalarType::kInt8: return visitor(TypeTag<int8_t>{});
    case ScalarType::kInt16: return visitor(TypeTag<int16_t>{});
    case ScalarType::kInt32: return visitor(TypeTag<int32_t>{});
    case ScalarType::kInt64: return visitor(TypeTag<int64_t>{});
    case ScalarType::kBool: return visitor(TypeTag<bool>{});
    case ScalarType::kFloat64: return visitor(TypeTag<double>{});
    default: return visitor(TypeTag<float>{});
  }
}

// The same for operators that compute in floating point only.
template <typename Visitor>
auto VisitFloatCompute(tensor::ScalarType type, const Visitor& visitor) {
  if (type == tensor::ScalarType::kFloat64) return visitor(tensor::TypeTag<double>{});
  return visitor(tensor::TypeTag<float>{});
}

// Calls `visitor(TypeTag<T>{})` with the element type T of a floating `type`.
template <typename Visitor>
void VisitFloatingElements(tensor::ScalarType type, const Visitor& visitor) {
  using tensor::ScalarType;
  switch (type) {
    case ScalarType::kFloat16: return visitor(tensor::TypeTag<tensor::Float16>{});
    case ScalarType::kBFloat16: return visitor(tensor::TypeTag<tensor::BFloat16>{});
    case ScalarType::kFloat64: return visitor(tensor::TypeTag<double>{});
    default: return visitor(tensor::TypeTag<float>{});
  }
}

// The same for all types that pass CheckReal.
template <typename Visitor>
void VisitRealElements(tensor::ScalarType type, const Visitor& visitor) {
  using tensor::ScalarType;
  switch (type) {
    case ScalarType::kUInt8: return visitor(tensor::TypeTag<uint8_t>{});
    case ScalarType::kInt8: return visitor(tensor::TypeTag<int8_t>{});
    case ScalarType::kInt16: return visitor(tensor::TypeTag<int16_t>{});
    case ScalarType::kInt32: return visitor(tensor::TypeTag<int32_t>{});
    case ScalarType::kInt64: return visitor(tensor::TypeTag<int64_t>{});
    default: return VisitFloatingElements(type, visitor);
  }
}

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_PROMOTE_H_
