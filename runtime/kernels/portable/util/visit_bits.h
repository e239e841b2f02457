// Moving elements without reading them.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_VISIT_BITS_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_VISIT_BITS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/kernels/portable/util/shape.h"
#include "runtime/tensor/scalar_type.h"

namespace etd::kernels {

// Calls `visitor(TypeTag<unsigned integer of element_size bytes>{})`.
template <typename Visitor>
decltype(auto) VisitBits(size_t element_size, const Visitor& visitor) {
  switch (element_size) {
    case 1: return visitor(tensor::TypeTag<uint8_t>{});
    case 2: return visitor(tensor::TypeTag<uint16_t>{});
    case 4: return visitor(tensor::TypeTag<uint32_t>{});
    default: return visitor(tensor::TypeTag<uint64_t>{});
  }
}

// Calls `visit(offsets)` for every element of `shape` in logical row-major order, one after the other, with its place in
// each of the operands.
template <size_t N, typename Visitor>
void ForEachInOrder(std::span<const int32_t> shape, const std::array<Strides, N>& strides, const Visitor& visit) {
  std::array<int32_t, tensor::kMaxRank> index{};
  std::array<int64_t, N> offsets{};
  const int64_t numel = NumelOf(shape);
  for (int64_t i = 0; i < numel; ++i) {
    visit(offsets);
    for (size_t d = shape.size(); d-- > 0;) {
      for (size_t n = 0; n < N; ++n) offsets[n] += strides[n][d];
      if (++index[d] < shape[d]) break;
      for (size_t n = 0; n < N; ++n) offsets[n] -= strides[n][d] * shape[d];
      index[d] = 0;
    }
  }
}

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_VISIT_BITS_H_
