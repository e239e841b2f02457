// The shape that a view asks for.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_VIEW_SHAPE_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_VIEW_SHAPE_H_

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/tensor/tensor.h"

namespace etd::kernels {

// `sizes` with at most one -1, which stands for what is left of the elements of `in`.
// Errors: INVALID_ARGUMENT when the element counts differ or can't be made equal.
absl::StatusOr<Shape> ViewShape(const tensor::Tensor& in, std::span<const int64_t> sizes);
// Gives `out` the memory order 0,1,2….
void SetRowMajor(tensor::Tensor& out);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_VIEW_SHAPE_H_
