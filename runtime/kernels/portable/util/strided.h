// Loops over tensors of any memory order, with dimensions merged so that the innermost run is as long as possible.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_STRIDED_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_STRIDED_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "runtime/kernels/portable/util/shape.h"
#include "runtime/threads/thread_pool.h"

namespace etd::kernels {

// How many elements one task of a parallel loop gets at least.
inline constexpr int64_t kLoopGrain = 32768;

// A loop nest over N operands; operand 0 is the one written, whose order decides the order of the loops.
template <size_t N>
struct LoopNest {
  absl::InlinedVector<int64_t, tensor::kMaxRank> sizes;                          // outermost first
  absl::InlinedVector<std::array<int64_t, N>, tensor::kMaxRank> strides;         // per dimension, in elements
  int64_t numel = 1;
};

// The nest over `shape` for operands with those strides: dimensions of size 1 dropped, sorted by the strides of operand
// 0 and merged where all operands allow it. It has at least one dimension.
template <size_t N>
LoopNest<N> MakeLoopNest(std::span<const int32_t> shape, const std::array<Strides, N>& strides) {
  struct Dim {
    int64_t size;
    std::array<int64_t, N> strides;
  };
  absl::InlinedVector<Dim, tensor::kMaxRank> dims;
  LoopNest<N> nest;
  for (size_t i = 0; i < shape.size(); ++i) {
    nest.numel *= shape[i];
    if (shape[i] == 1) continue;
    Dim dim{shape[i], {}};
    for (size_t n = 0; n < N; ++n) dim.strides[n] = strides[n][i];
    dims.push_back(dim);
  }
  std::stable_sort(dims.begin(), dims.end(),
                   [](const Dim& a, const Dim& b) { return std::abs(a.strides[0]) > std::abs(b.strides[0]); });
  for (const Dim& dim : dims) {
    bool merges = !nest.sizes.empty();
    for (size_t n = 0; merges && n < N; ++n) merges = nest.strides.back()[n] == dim.strides[n] * dim.size;
    if (merges) {
      nest.sizes.back() *= dim.size;
      nest.strides.back() = dim.strides;
    } else {
      nest.sizes.push_back(dim.size);
      nest.strides.push_back(dim.strides);
    }
  }
  if (nest.sizes.empty()) {
    nest.sizes.push_back(1);
    nest.strides.push_back({});
  }
  return nest;
}

// Calls `run(offsets, count, strides)` for every innermost run: element i of operand n is at offsets[n] + i*strides[n].
// Runs are cut into tasks of whole outer iterations, or pieces of the only run; order and cuts don't change results.
template <size_t N, typename Run>
void ForEachRun(const LoopNest<N>& nest, threads::ThreadPool& threads, const Run& run) {
  if (nest.numel == 0) return;
  const size_t outer_dims = nest.sizes.size() - 1;
  const int64_t inner = nest.sizes.back();
  const std::array<int64_t, N>& inner_strides = nest.strides.back();
  if (outer_dims == 0) {
    threads.ParallelFor(inner, kLoopGrain, [&](int64_t begin, int64_t end) {
      std::array<int64_t, N> offsets;
      for (size_t n = 0; n < N; ++n) offsets[n] = begin * inner_strides[n];
      run(offsets, end - begin, inner_strides);
    });
    return;
  }
  const int64_t outer = nest.numel / inner;
  threads.ParallelFor(outer, std::max<int64_t>(1, kLoopGrain / inner), [&](int64_t begin, int64_t end) {
    std::array<int64_t, tensor::kMaxRank> index{};
    std::array<int64_t, N> offsets{};
    int64_t rest = begin;
    for (size_t d = outer_dims; d-- > 0;) {
      index[d] = rest % nest.sizes[d];
      rest /= nest.sizes[d];
      for (size_t n = 0; n < N; ++n) offsets[n] += index[d] * nest.strides[d][n];
    }
    for (int64_t i = begin; i < end; ++i) {
      run(offsets, inner, inner_strides);
      for (size_t d = outer_dims; d-- > 0;) {
        for (size_t n = 0; n < N; ++n) offsets[n] += nest.strides[d][n];
        if (++index[d] < nest.sizes[d]) break;
        for (size_t n = 0; n < N; ++n) offsets[n] -= nest.sizes[d] * nest.strides[d][n];
        index[d] = 0;
      }
    }
  });
}

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_STRIDED_H_
