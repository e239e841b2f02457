#include "backends/xnnpack/shape.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "runtime/base/checked_math.h"
#include "runtime/base/status.h"

namespace etd::xnnpack {

Shape Shape::Of(std::span<const size_t> dims) {
  Shape shape;
  shape.rank = std::min(dims.size(), kMaxDims);
  std::copy_n(dims.begin(), shape.rank, shape.dims.begin());
  return shape;
}

size_t Shape::numel() const {
  size_t product = 1;
  for (const size_t dim : span()) product *= dim;
  return product;
}

std::string ShapeText(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape.span(), ", ")); }

absl::Status CheckShape(const Shape& shape) {
  // Zeros count as ones, so that no order of the dimensions hides an overflow.
  size_t product = 1;
  for (const size_t dim : shape.span()) {
    const std::optional<size_t> next = CheckedMul(product, std::max<size_t>(dim, 1));
    if (!next.has_value() || *next > kMaxElements) {
      return InvalidArgument("shape {} has too many elements", ShapeText(shape));
    }
    product = *next;
  }
  return absl::OkStatus();
}

absl::StatusOr<Shape> DeclaredShape(const graph::FragmentValue& value) {
  if (value.dims.size() > kMaxDims) {
    return InvalidArgument("{} dimensions; XNNPACK takes at most {}", value.dims.size(), kMaxDims);
  }
  Shape shape;
  shape.rank = value.dims.size();
  for (size_t i = 0; i < shape.rank; ++i) {
    if (value.dims[i] < 0) return InvalidArgument("dimension {} is {}", i, value.dims[i]);
    shape[i] = static_cast<size_t>(value.dims[i]);
  }
  ETD_RETURN_IF_ERROR(CheckShape(shape));
  return shape;
}

}  // namespace etd::xnnpack
