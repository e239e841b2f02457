#include "runtime/kernels/portable/util/shape.h"

#include <algorithm>
#include <limits>

namespace etd::kernels {

int64_t NumelOf(std::span<const int32_t> shape) {
  int64_t numel = 1;
  for (const int32_t size : shape) numel *= size;
  return numel;
}

absl::StatusOr<int> NormalizeDim(int64_t dim, int rank) {
  const int64_t dims = std::max(rank, 1);
  if (dim < -dims || dim >= dims) {
    return InvalidArgument("dimension {} is outside [{}, {}] for a tensor of rank {}", dim, -dims, dims - 1, rank);
  }
  return static_cast<int>(dim < 0 ? dim + dims : dim);
}

absl::StatusOr<Shape> ShapeFromInts(std::span<const int64_t> sizes) {
  if (sizes.size() > tensor::kMaxRank) {
    return InvalidArgument("a shape has {} dimensions, at most {} are possible", sizes.size(), tensor::kMaxRank);
  }
  Shape shape;
  for (const int64_t size : sizes) {
    if (size < 0 || size > std::numeric_limits<int32_t>::max()) {
      return InvalidArgument("{} is no possible size of dimension {}", size, shape.size());
    }
    shape.push_back(static_cast<int32_t>(size));
  }
  return shape;
}

absl::StatusOr<Shape> BroadcastShapes(std::span<const int32_t> a, std::span<const int32_t> b) {
  Shape shape(std::max(a.size(), b.size()));
  for (size_t i = 0; i < shape.size(); ++i) {
    const int32_t left = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int32_t right = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (left != right && left != 1 && right != 1) {
      return InvalidArgument("shapes {} and {} don't broadcast", tensor::ShapeText(a), tensor::ShapeText(b));
    }
    shape[shape.size() - 1 - i] = left == 1 ? right : left;
  }
  return shape;
}

bool BroadcastsTo(std::span<const int32_t> from, std::span<const int32_t> to) {
  if (from.size() > to.size()) return false;
  for (size_t i = 1; i <= from.size(); ++i) {
    if (from[from.size() - i] != 1 && from[from.size() - i] != to[to.size() - i]) return false;
  }
  return true;
}

Strides BroadcastStrides(const tensor::Tensor& tensor, std::span<const int32_t> shape) {
  Strides strides(shape.size(), 0);
  const size_t rank = tensor.sizes().size();
  for (size_t i = 1; i <= rank; ++i) {
    if (tensor.sizes()[rank - i] != 1) strides[shape.size() - i] = tensor.strides()[rank - i];
  }
  return strides;
}

Strides RowMajorStrides(std::span<const int32_t> shape) {
  Strides strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max(shape[i], 1);
  }
  return strides;
}

absl::Status CheckSameType(const tensor::Tensor& a, const tensor::Tensor& b) {
  if (a.type() == b.type()) return absl::OkStatus();
  return InvalidArgument("element types {} and {} must be the same here", tensor::ScalarTypeName(a.type()),
                         tensor::ScalarTypeName(b.type()));
}

absl::Status ResizeOut(tensor::Tensor& out, std::span<const int32_t> shape) {
  return Annotate(out.Resize(shape), "the output");
}

}  // namespace etd::kernels
