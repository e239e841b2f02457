// Shapes and dimension numbers as operators get them: everything that a program can get wrong is checked here.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SHAPE_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SHAPE_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/kernel/kernel.h"
#include "runtime/tensor/tensor.h"

namespace etd::kernels {

using Shape = absl::InlinedVector<int32_t, tensor::kMaxRank>;
// In elements, by logical dimension; 0 repeats an element, negative walks backwards.
using Strides = absl::InlinedVector<int64_t, tensor::kMaxRank>;

inline Shape ShapeOf(const tensor::Tensor& tensor) { return Shape(tensor.sizes().begin(), tensor.sizes().end()); }
inline Strides StridesOf(const tensor::Tensor& tensor) {
  return Strides(tensor.strides().begin(), tensor.strides().end());
}
int64_t NumelOf(std::span<const int32_t> shape);

// `dim` counted from the front, for -rank ≤ dim < rank; a 0-d tensor accepts 0 and -1. Errors: INVALID_ARGUMENT.
absl::StatusOr<int> NormalizeDim(int64_t dim, int rank);
// Numbers of a program as a shape. Errors: INVALID_ARGUMENT for a size below 0 or beyond 32 bits, or too many of them.
absl::StatusOr<Shape> ShapeFromInts(std::span<const int64_t> sizes);
// The shape that both broadcast to. Errors: INVALID_ARGUMENT with both shapes.
absl::StatusOr<Shape> BroadcastShapes(std::span<const int32_t> a, std::span<const int32_t> b);
// Whether a tensor of shape `from` can be read as one of shape `to`.
bool BroadcastsTo(std::span<const int32_t> from, std::span<const int32_t> to);
// Strides with which `tensor` is read as if it had shape `shape`, to which it broadcasts.
Strides BroadcastStrides(const tensor::Tensor& tensor, std::span<const int32_t> shape);
// Strides of a row-major tensor of that shape.
Strides RowMajorStrides(std::span<const int32_t> shape);
// Errors: INVALID_ARGUMENT with both types.
absl::Status CheckSameType(const tensor::Tensor& a, const tensor::Tensor& b);
// Resizes `out` to `shape`; the message says that it is the result. Errors: INVALID_ARGUMENT.
absl::Status ResizeOut(tensor::Tensor& out, std::span<const int32_t> shape);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SHAPE_H_
