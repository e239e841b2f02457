// x[i, :, j]: indexing by tensors of positions and by masks, the way NumPy and PyTorch do it.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_ADVANCED_INDEX_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_ADVANCED_INDEX_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/kernel/kernel.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/tensor/value.h"

namespace etd::kernels {

// Which part of a tensor a list of indices means. Index tensors broadcast to one shape; its dimensions stand in the
// result where the indexed ones were, or first if those were not adjacent. A mask counts as the positions of its true
// elements in every dimension it covers.
class AdvancedIndex {
 public:
  // Whether an index tensor says which elements, not where they are.
  static bool IsMask(const tensor::Tensor& index);

  // `items`: one per dimension, null or None for "all of it". Reads the bytes of masks. Borrows the tensors.
  // Errors: INVALID_ARGUMENT for types and shapes that can't index `in`, and masks that have no memory yet.
  static absl::StatusOr<AdvancedIndex> Make(const tensor::Tensor& in, std::span<tensor::Value* const> items);

  // Shape of the result.
  const Shape& shape() const { return shape_; }
  // Whether no dimension is indexed at all.
  bool empty() const { return indices_.empty(); }
  // The result's dimensions [first, first + count) come from the indices, the others are whole dimensions of `in`.
  size_t indexed_first() const { return first_; }
  size_t indexed_count() const { return broadcast_.size(); }
  // Positions that the indices name: the product of those dimensions.
  int64_t positions() const { return positions_; }
  // Strides in `in` of the result's other dimensions; 0 for the indexed ones.
  const Strides& whole_strides() const { return whole_strides_; }

  // Writes where each position lies in `in` (elements), in row-major order, to `offsets` of positions() entries.
  // Errors: INVALID_ARGUMENT for a position outside of its dimension.
  absl::Status Resolve(std::span<int64_t> offsets) const;

 private:
  struct Index {
    const tensor::Tensor* tensor;
    int dim;        // first dimension of `in` that it covers
    bool mask;
  };

  absl::Status AddIndices(std::span<tensor::Value* const> items);
  absl::Status Shapes();
  absl::Status ResolvePositions(const Index& index, std::span<int64_t> offsets) const;
  void ResolveMask(const Index& index, std::span<int64_t> offsets) const;

  const tensor::Tensor* in_ = nullptr;
  absl::InlinedVector<Index, 4> indices_;
  std::array<bool, tensor::kMaxRank> indexed_{};
  bool adjacent_ = true;
  Shape broadcast_;
  Shape shape_;
  Strides whole_strides_;
  size_t first_ = 0;
  int64_t positions_ = 1;
};

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_ADVANCED_INDEX_H_
