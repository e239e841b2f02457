#include "runtime/kernels/portable/util/advanced_index.h"

#include <algorithm>

namespace etd::kernels {

using tensor::ScalarType;
using tensor::Tensor;

namespace {

// Calls `visit(offset, coordinates)` for every element of a shape in row-major order.
template <typename Visitor>
void ForEachCoordinate(const Shape& shape, const Strides& strides, const Visitor& visit) {
  std::array<int32_t, tensor::kMaxRank> coordinates{};
  const int64_t numel = NumelOf(shape);
  int64_t offset = 0;
  for (int64_t i = 0; i < numel; ++i) {
    visit(offset, coordinates);
    for (size_t d = shape.size(); d-- > 0;) {
      offset += strides[d];
      if (++coordinates[d] < shape[d]) break;
      offset -= strides[d] * shape[d];
      coordinates[d] = 0;
    }
  }
}

}  // namespace

bool AdvancedIndex::IsMask(const Tensor& index) {
  return index.type() == ScalarType::kBool || index.type() == ScalarType::kUInt8;
}

absl::StatusOr<AdvancedIndex> AdvancedIndex::Make(const Tensor& in, std::span<tensor::Value* const> items) {
  AdvancedIndex result;
  result.in_ = &in;
  ETD_RETURN_IF_ERROR(result.AddIndices(items));
  ETD_RETURN_IF_ERROR(result.Shapes());
  return result;
}

absl::Status AdvancedIndex::AddIndices(std::span<tensor::Value* const> items) {
  int dim = 0;
  for (const tensor::Value* item : items) {
    if (item == nullptr || item->is_none()) {
      ++dim;
      continue;
    }
    const Tensor& index = item->tensor();
    const bool mask = IsMask(index);
    if (!mask && index.type() != ScalarType::kInt32 && index.type() != ScalarType::kInt64) {
      return InvalidArgument("an index is int32, int64 or a mask, not {}", tensor::ScalarTypeName(index.type()));
    }
    const int covered = mask ? index.rank() : 1;
    if (covered == 0) return InvalidArgument("a 0-d mask can't index");
    if (dim + covered > in_->rank()) break;
    for (int d = 0; d < covered; ++d) {
      if (mask && index.size(d) != in_->size(dim + d)) {
        return InvalidArgument("a mask of shape {} doesn't fit shape {} from dimension {} on",
                               tensor::ShapeText(index.sizes()), tensor::ShapeText(in_->sizes()), dim);
      }
      indexed_[static_cast<size_t>(dim + d)] = true;
    }
    if (!indices_.empty()) {
      const bool follows = indexed_[static_cast<size_t>(dim - 1)];
      adjacent_ = adjacent_ && follows;
    }
    indices_.push_back({&index, dim, mask});
    dim += covered;
  }
  const bool all_used = static_cast<size_t>(std::ranges::count_if(items, [](const tensor::Value* item) {
                          return item != nullptr && !item->is_none();
                        })) == indices_.size();
  if (dim > in_->rank() || !all_used) {
    return InvalidArgument("{} indices are too many for a tensor of shape {}", items.size(),
                           tensor::ShapeText(in_->sizes()));
  }
  return absl::OkStatus();
}

absl::Status AdvancedIndex::Shapes() {
  for (const Index& index : indices_) {
    Shape shape = ShapeOf(*index.tensor);
    if (index.mask) {
      if (index.tensor->raw() == nullptr && index.tensor->numel() > 0) {
        return InvalidArgument("the shape depends on a mask that has no value yet");
      }
      const auto* bytes = index.tensor->data<uint8_t>();
      shape = {static_cast<int32_t>(index.tensor->numel() -
                                    (index.tensor->numel() == 0
                                         ? 0
                                         : std::count(bytes, bytes + index.tensor->numel(), uint8_t{0})))};
    }
    ETD_ASSIGN_OR_RETURN(broadcast_, BroadcastShapes(broadcast_, shape));
  }
  positions_ = NumelOf(broadcast_);
  const auto add_indexed = [&] {
    first_ = shape_.size();
    shape_.insert(shape_.end(), broadcast_.begin(), broadcast_.end());
    whole_strides_.insert(whole_strides_.end(), broadcast_.size(), 0);
  };
  bool added = indices_.empty();
  if (!adjacent_) {
    add_indexed();
    added = true;
  }
  for (int dim = 0; dim < in_->rank(); ++dim) {
    if (!indexed_[static_cast<size_t>(dim)]) {
      shape_.push_back(in_->size(dim));
      whole_strides_.push_back(in_->stride(dim));
    } else if (!added) {
      add_indexed();
      added = true;
    }
  }
  if (shape_.size() > tensor::kMaxRank) {
    return InvalidArgument("the result would have {} dimensions", shape_.size());
  }
  return absl::OkStatus();
}

absl::Status AdvancedIndex::Resolve(std::span<int64_t> offsets) const {
  std::ranges::fill(offsets, 0);
  for (const Index& index : indices_) {
    if (index.mask) {
      ResolveMask(index, offsets);
    } else {
      ETD_RETURN_IF_ERROR(ResolvePositions(index, offsets));
    }
  }
  return absl::OkStatus();
}

absl::Status AdvancedIndex::ResolvePositions(const Index& index, std::span<int64_t> offsets) const {
  const int64_t size = in_->size(index.dim);
  const int64_t stride = in_->stride(index.dim);
  const bool narrow = index.tensor->type() == ScalarType::kInt32;
  std::optional<int64_t> wrong;
  size_t position = 0;
  ForEachCoordinate(broadcast_, BroadcastStrides(*index.tensor, broadcast_), [&](int64_t offset, const auto&) {
    const int64_t number = narrow ? index.tensor->data<int32_t>()[offset] : index.tensor->data<int64_t>()[offset];
    if (number < -size || number >= size) wrong = number;
    else offsets[position] += (number < 0 ? number + size : number) * stride;
    ++position;
  });
  if (wrong.has_value()) {
    return InvalidArgument("index {} is outside dimension {} of shape {}", *wrong, index.dim,
                           tensor::ShapeText(in_->sizes()));
  }
  return absl::OkStatus();
}

void AdvancedIndex::ResolveMask(const Index& index, std::span<int64_t> offsets) const {
  Strides in_strides;
  for (int d = 0; d < index.tensor->rank(); ++d) in_strides.push_back(in_->stride(index.dim + d));
  // A mask is one-dimensional among the broadcast dimensions: its elements run along the last, or it has one for all.
  const int64_t length = broadcast_.empty() ? 1 : broadcast_.back();
  const int64_t repeats = length == 0 ? 0 : positions_ / length;
  int64_t found = 0;
  int64_t only = 0;
  ForEachCoordinate(ShapeOf(*index.tensor), StridesOf(*index.tensor), [&](int64_t offset, const auto& coordinates) {
    if (index.tensor->data<uint8_t>()[offset] == 0) return;
    int64_t in_offset = 0;
    for (size_t d = 0; d < in_strides.size(); ++d) in_offset += coordinates[d] * in_strides[d];
    // A mask whose bytes change between two reads must not write past the end.
    for (int64_t r = 0; found < length && r < repeats; ++r) {
      offsets[static_cast<size_t>(r * length + found)] += in_offset;
    }
    only = in_offset;
    ++found;
  });
  if (found == 1 && length > 1) {
    for (int64_t r = 0; r < repeats; ++r) {
      for (int64_t i = 1; i < length; ++i) offsets[static_cast<size_t>(r * length + i)] += only;
    }
  }
}

}  // namespace etd::kernels
