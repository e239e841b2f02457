#include "runtime/kernels/portable/util/slice.h"

#include <algorithm>
#include <cstddef>

namespace etd::kernels {

absl::StatusOr<Slice> MakeSlice(const tensor::Tensor& in, int64_t dim, std::optional<int64_t> start,
                                std::optional<int64_t> end, int64_t step) {
  if (in.rank() == 0) return InvalidArgument("a 0-d tensor can't be sliced");
  if (step < 1) return InvalidArgument("the step of a slice is {}, it must be at least 1", step);
  Slice slice;
  ETD_ASSIGN_OR_RETURN(slice.dim, NormalizeDim(dim, in.rank()));
  const int64_t size = in.size(slice.dim);
  const auto clamp = [size](int64_t position) {
    return std::clamp(position < 0 ? position + size : position, int64_t{0}, size);
  };
  slice.start = clamp(start.value_or(0));
  const int64_t last = clamp(end.value_or(size));
  slice.step = step;
  slice.length = last > slice.start ? (last - 1 - slice.start) / step + 1 : 0;
  return slice;
}

Shape SlicedShape(const tensor::Tensor& in, const Slice& slice) {
  Shape shape = ShapeOf(in);
  shape[static_cast<size_t>(slice.dim)] = static_cast<int32_t>(slice.length);
  return shape;
}

namespace {

// Byte offset of the slice's first element and its strides. An empty slice may start behind the end: no offset then.
ptrdiff_t StartBytes(const tensor::Tensor& tensor, const Slice& slice) {
  if (slice.length == 0) return 0;
  return static_cast<ptrdiff_t>(slice.start * tensor.stride(slice.dim)) *
         static_cast<ptrdiff_t>(tensor.element_size());
}

Strides SlicedStrides(const tensor::Tensor& tensor, const Slice& slice) {
  Strides strides = StridesOf(tensor);
  // A single element makes no step, and a huge one would overflow.
  if (slice.length > 1) strides[static_cast<size_t>(slice.dim)] *= slice.step;
  return strides;
}

}  // namespace

CopySource SlicedSource(const tensor::Tensor& in, const Slice& slice) {
  return {static_cast<const std::byte*>(in.raw()) + StartBytes(in, slice), SlicedStrides(in, slice), in.type()};
}

CopyTarget SlicedTarget(tensor::Tensor& out, const Slice& slice) {
  return {static_cast<std::byte*>(out.raw()) + StartBytes(out, slice), SlicedStrides(out, slice), out.type()};
}

}  // namespace etd::kernels
