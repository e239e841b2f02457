#include "runtime/kernels/portable/util/strided_copy.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/strided.h"

namespace etd::kernels {
namespace {

template <typename To, typename From>
void CopyRun(void* target, int64_t target_stride, const void* source, int64_t source_stride, int64_t count) {
  To* to = static_cast<To*>(target);
  const From* from = static_cast<const From*>(source);
  if (target_stride == 1 && source_stride == 1) {
    for (int64_t i = 0; i < count; ++i) to[i] = Convert<To>(from[i]);
    return;
  }
  if (target_stride == 1 && source_stride == 0) {
    std::fill_n(to, count, Convert<To>(*from));
    return;
  }
  for (int64_t i = 0; i < count; ++i) to[i * target_stride] = Convert<To>(from[i * source_stride]);
}

// Elements per side of the squares in which transpositions move: both sides of a square stay in the first-level cache.
constexpr int64_t kTile = 32;

// Whether the innermost loop strides through the source while another dimension walks it element by element.
// Returns that dimension, or -1.
int TransposedDim(const LoopNest<2>& nest) {
  if (nest.strides.back()[0] != 1 || nest.strides.back()[1] == 1 || nest.strides.back()[1] == 0) return -1;
  for (size_t d = 0; d + 1 < nest.sizes.size(); ++d) {
    if (nest.strides[d][1] == 1 && nest.sizes[d] >= 4) return static_cast<int>(d);
  }
  return -1;
}

// Copies a nest in which dimension `dim` is the source's innermost, tile by tile.
void TransposeCopy(const LoopNest<2>& nest, int dim, const CopySource& source, const CopyTarget& target, RunCopy copy,
                   threads::ThreadPool& threads) {
  const int64_t rows = nest.sizes[static_cast<size_t>(dim)];
  const int64_t columns = nest.sizes.back();
  const auto [row_target, row_source] = nest.strides[static_cast<size_t>(dim)];
  const auto [column_target, column_source] = nest.strides.back();
  const int64_t target_size = static_cast<int64_t>(tensor::ElementSize(target.type));
  const int64_t source_size = static_cast<int64_t>(tensor::ElementSize(source.type));
  // The other dimensions and the tiles along the rows make the outer loop.
  LoopNest<2> outer;
  const int64_t bands = (rows + kTile - 1) / kTile;
  for (size_t d = 0; d + 1 < nest.sizes.size(); ++d) {
    const bool tiled = d == static_cast<size_t>(dim);
    outer.sizes.push_back(tiled ? bands : nest.sizes[d]);
    outer.strides.push_back(tiled ? std::array<int64_t, 2>{kTile * row_target, kTile * row_source} : nest.strides[d]);
    outer.numel *= outer.sizes.back();
  }
  // A last dimension of one keeps every call of the body a single band; its index tells where the last band ends.
  const int64_t band_items = kTile * columns;
  threads.ParallelFor(outer.numel, std::max<int64_t>(1, kLoopGrain / band_items), [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      int64_t rest = item, target_offset = 0, source_offset = 0, band = 0;
      for (size_t d = outer.sizes.size(); d-- > 0;) {
        const int64_t index = rest % outer.sizes[d];
        rest /= outer.sizes[d];
        target_offset += index * outer.strides[d][0];
        source_offset += index * outer.strides[d][1];
        if (d == static_cast<size_t>(dim)) band = index;
      }
      const int64_t band_rows = std::min(kTile, rows - band * kTile);
      for (int64_t column = 0; column < columns; column += kTile) {
        const int64_t count = std::min(kTile, columns - column);
        for (int64_t row = 0; row < band_rows; ++row) {
          copy(static_cast<std::byte*>(target.data) +
                   (target_offset + row * row_target + column * column_target) * target_size,
               column_target,
               static_cast<const std::byte*>(source.data) +
                   (source_offset + row * row_source + column * column_source) * source_size,
               column_source, count);
        }
      }
    }
  });
}

}  // namespace

RunCopy SelectRunCopy(tensor::ScalarType to, tensor::ScalarType from) {
  if (to == from) {
    switch (tensor::ElementSize(to)) {
      case 1: return CopyRun<uint8_t, uint8_t>;
      case 2: return CopyRun<uint16_t, uint16_t>;
      case 4: return CopyRun<uint32_t, uint32_t>;
      default: return CopyRun<uint64_t, uint64_t>;
    }
  }
  return tensor::VisitScalarType(to, [from](auto to_tag) {
    using To = typename decltype(to_tag)::Type;
    return tensor::VisitScalarType(
        from, [](auto from_tag) -> RunCopy { return CopyRun<To, typename decltype(from_tag)::Type>; });
  });
}

void StridedCopy(std::span<const int32_t> shape, const CopySource& source, const CopyTarget& target,
                 threads::ThreadPool& threads) {
  const LoopNest<2> nest = MakeLoopNest<2>(shape, {target.strides, source.strides});
  if (nest.numel == 0) return;
  const RunCopy copy = SelectRunCopy(target.type, source.type);
  const int transposed = TransposedDim(nest);
  if (transposed >= 0) return TransposeCopy(nest, transposed, source, target, copy, threads);
  const int64_t target_size = static_cast<int64_t>(tensor::ElementSize(target.type));
  const int64_t source_size = static_cast<int64_t>(tensor::ElementSize(source.type));
  const bool blocks = target.type == source.type && nest.strides.back() == std::array<int64_t, 2>{1, 1};
  ForEachRun<2>(nest, threads, [&](const std::array<int64_t, 2>& offsets, int64_t count,
                                   const std::array<int64_t, 2>& strides) {
    std::byte* to = static_cast<std::byte*>(target.data) + offsets[0] * target_size;
    const std::byte* from = static_cast<const std::byte*>(source.data) + offsets[1] * source_size;
    if (blocks) {
      std::memcpy(to, from, static_cast<size_t>(count * target_size));
    } else {
      copy(to, strides[0], from, strides[1], count);
    }
  });
}

void CopyTensor(const tensor::Tensor& source, tensor::Tensor& target, threads::ThreadPool& threads) {
  StridedCopy(source.sizes(), {source.raw(), StridesOf(source), source.type()},
              {target.raw(), StridesOf(target), target.type()}, threads);
}

}  // namespace etd::kernels
