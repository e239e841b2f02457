// The part of one dimension that a slice takes.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SLICE_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SLICE_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/strided_copy.h"

namespace etd::kernels {

// Elements start, start + step, … of dimension `dim`, `length` of them, all inside the dimension.
struct Slice {
  int dim = 0;
  int64_t start = 0;
  int64_t length = 0;
  int64_t step = 1;
};

// Python's rules: negative numbers count from the end, everything is clamped to the dimension.
// Errors: INVALID_ARGUMENT for a dimension that isn't there and a step below 1.
absl::StatusOr<Slice> MakeSlice(const tensor::Tensor& in, int64_t dim, std::optional<int64_t> start,
                                std::optional<int64_t> end, int64_t step);
// Shape of `in` with the slice taken.
Shape SlicedShape(const tensor::Tensor& in, const Slice& slice);
// Copies from the sliced part of `in` (shape: SlicedShape).
CopySource SlicedSource(const tensor::Tensor& in, const Slice& slice);
// Copies into the sliced part of `out`.
CopyTarget SlicedTarget(tensor::Tensor& out, const Slice& slice);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SLICE_H_
