// A tensor as kernels see it: shape and layout of its own, memory of somebody else.
#ifndef ETD_RUNTIME_TENSOR_TENSOR_H_
#define ETD_RUNTIME_TENSOR_TENSOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "runtime/tensor/scalar_type.h"

namespace etd::tensor {

inline constexpr int kMaxRank = 16;

// Does not own its bytes; whoever binds memory keeps it alive and large enough for `capacity_bytes()`.
// Copying copies the handle, never the data. Not thread-safe.
//
// A tensor is dense: strides follow from sizes and dim order (the dimensions from outermost to innermost), with
// nothing between elements. The rank never changes; a dynamic tensor can be resized up to its capacity, which is the
// number of elements that its declared sizes have (ExecuTorch checks the product, not each dimension).
class Tensor {
 public:
  Tensor() = default;
  // `sizes` are the declared ones, the upper bound if `dynamic`. `dim_order` empty means 0,1,2…
  // Callers have verified rank ≤ kMaxRank, sizes ≥ 0, that the byte count fits, and that dim_order is a permutation.
  Tensor(ScalarType type, std::span<const int32_t> sizes, std::span<const uint8_t> dim_order, bool dynamic,
         void* data = nullptr);
  // A row-major static tensor.
  Tensor(ScalarType type, std::span<const int32_t> sizes, void* data) : Tensor(type, sizes, {}, false, data) {}

  ScalarType type() const { return type_; }
  int rank() const { return rank_; }
  std::span<const int32_t> sizes() const { return {sizes_.data(), static_cast<size_t>(rank_)}; }
  int32_t size(int dim) const { return sizes_[static_cast<size_t>(dim)]; }
  // In elements, by logical dimension.
  std::span<const int64_t> strides() const { return {strides_.data(), static_cast<size_t>(rank_)}; }
  int64_t stride(int dim) const { return strides_[static_cast<size_t>(dim)]; }
  std::span<const uint8_t> dim_order() const { return {dim_order_.data(), static_cast<size_t>(rank_)}; }
  // Whether memory order is 0,1,2… (dimensions of size 1 can't tell the difference and don't count).
  bool row_major() const;

  int64_t numel() const { return numel_; }
  size_t element_size() const { return element_size_; }
  size_t nbytes() const { return static_cast<size_t>(numel_) * element_size_; }
  bool dynamic() const { return dynamic_; }
  size_t capacity_bytes() const { return static_cast<size_t>(capacity_) * element_size_; }

  void* raw() { return data_; }
  const void* raw() const { return data_; }
  void set_raw(void* data) { data_ = data; }
  template <typename T>
  T* data() {
    return static_cast<T*>(data_);
  }
  template <typename T>
  const T* data() const {
    return static_cast<const T*>(data_);
  }

  // Gives the tensor `sizes` (rank must be equal, the element count at most the capacity; a static tensor only takes
  // the sizes it has). Errors: INVALID_ARGUMENT with both shapes.
  absl::Status Resize(std::span<const int32_t> sizes);
  // Takes another memory order: the contents are not touched. `dim_order` is a permutation of 0…rank-1.
  void SetDimOrder(std::span<const uint8_t> dim_order);

 private:
  void UpdateStrides();

  std::array<int32_t, kMaxRank> sizes_{};
  std::array<int64_t, kMaxRank> strides_{};
  std::array<uint8_t, kMaxRank> dim_order_{};
  void* data_ = nullptr;
  int64_t numel_ = 1;
  int64_t capacity_ = 1;  // elements
  uint8_t rank_ = 0;
  uint8_t element_size_ = 4;
  ScalarType type_ = ScalarType::kFloat32;
  bool dynamic_ = false;
};

// "[1, 2047, 64]".
std::string ShapeText(std::span<const int32_t> sizes);

}  // namespace etd::tensor

#endif  // ETD_RUNTIME_TENSOR_TENSOR_H_
