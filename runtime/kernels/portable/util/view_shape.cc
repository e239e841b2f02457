#include "runtime/kernels/portable/util/view_shape.h"

#include <array>
#include <numeric>
#include <optional>

#include "runtime/base/checked_math.h"

namespace etd::kernels {

absl::StatusOr<Shape> ViewShape(const tensor::Tensor& in, std::span<const int64_t> sizes) {
  Strides known(sizes.begin(), sizes.end());
  std::optional<size_t> open;
  int64_t numel = 1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == -1) {
      if (open.has_value()) return InvalidArgument("sizes {} and {} of a view are both -1", *open, i);
      open = i;
      continue;
    }
    const std::optional<int64_t> product = CheckedMul(numel, sizes[i]);
    if (sizes[i] < 0 || !product.has_value()) return InvalidArgument("{} is no possible size of a view", sizes[i]);
    numel = *product;
  }
  if (open.has_value()) {
    if (numel == 0) return InvalidArgument("size {} of a view can't be inferred: another size is 0", *open);
    known[*open] = in.numel() / numel;
    numel *= known[*open];
  }
  if (numel != in.numel()) {
    return InvalidArgument("a tensor of shape {} can't be viewed as {} elements", tensor::ShapeText(in.sizes()), numel);
  }
  return ShapeFromInts(known);
}

void SetRowMajor(tensor::Tensor& out) {
  std::array<uint8_t, tensor::kMaxRank> order;
  std::iota(order.begin(), order.end(), uint8_t{0});
  out.SetDimOrder(order);
}

}  // namespace etd::kernels
