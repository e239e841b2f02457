#include "runtime/tensor/tensor.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "runtime/base/status.h"

namespace etd::tensor {

Tensor::Tensor(ScalarType type, std::span<const int32_t> sizes, std::span<const uint8_t> dim_order, bool dynamic,
               void* data)
    : data_(data),
      rank_(static_cast<uint8_t>(sizes.size())),
      element_size_(static_cast<uint8_t>(ElementSize(type))),
      type_(type),
      dynamic_(dynamic) {
  for (size_t i = 0; i < sizes.size(); ++i) {
    sizes_[i] = sizes[i];
    dim_order_[i] = dim_order.empty() ? static_cast<uint8_t>(i) : dim_order[i];
    numel_ *= sizes[i];
  }
  capacity_ = numel_;
  UpdateStrides();
}

void Tensor::UpdateStrides() {
  int64_t stride = 1;
  for (int i = rank_ - 1; i >= 0; --i) {
    const size_t dim = dim_order_[static_cast<size_t>(i)];
    strides_[dim] = stride;
    // As PyTorch has it, a dimension of size 0 counts as 1 for the strides outside it.
    stride *= std::max(sizes_[dim], 1);
  }
}

bool Tensor::row_major() const {
  int last = -1;
  for (size_t i = 0; i < rank_; ++i) {
    const int dim = dim_order_[i];
    if (sizes_[static_cast<size_t>(dim)] == 1) continue;
    if (dim < last) return false;
    last = dim;
  }
  return true;
}

absl::Status Tensor::Resize(std::span<const int32_t> sizes) {
  if (std::ranges::equal(sizes, this->sizes())) return absl::OkStatus();
  if (sizes.size() != rank_ || !dynamic_) {
    return InvalidArgument("a tensor of shape {} can't take shape {}", ShapeText(this->sizes()), ShapeText(sizes));
  }
  int64_t numel = 1;
  for (const int32_t size : sizes) {
    if (size < 0 || __builtin_mul_overflow(numel, static_cast<int64_t>(size), &numel)) {
      return InvalidArgument("shape {} is not possible", ShapeText(sizes));
    }
  }
  if (numel > capacity_) {
    return InvalidArgument("shape {} has {} elements, more than the {} that the program allows here", ShapeText(sizes),
                           numel, capacity_);
  }
  std::ranges::copy(sizes, sizes_.begin());
  numel_ = numel;
  UpdateStrides();
  return absl::OkStatus();
}

void Tensor::SetDimOrder(std::span<const uint8_t> dim_order) {
  std::ranges::copy(dim_order.first(rank_), dim_order_.begin());
  UpdateStrides();
}

std::string ShapeText(std::span<const int32_t> sizes) { return fmt::format("[{}]", fmt::join(sizes, ", ")); }

}  // namespace etd::tensor
