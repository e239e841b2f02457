#include "runtime/kernels/portable/util/strided.h"

#include <algorithm>
#include <cstdlib>

namespace etd::kernels {

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

template <size_t N>
void ForEachRun(const LoopNest<N>& nest, threads::ThreadPool& threads, std::type_identity_t<RunBody<N>> run) {
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

template LoopNest<1> MakeLoopNest<1>(std::span<const int32_t>, const std::array<Strides, 1>&);
template LoopNest<2> MakeLoopNest<2>(std::span<const int32_t>, const std::array<Strides, 2>&);
template LoopNest<3> MakeLoopNest<3>(std::span<const int32_t>, const std::array<Strides, 3>&);
template LoopNest<4> MakeLoopNest<4>(std::span<const int32_t>, const std::array<Strides, 4>&);
template LoopNest<5> MakeLoopNest<5>(std::span<const int32_t>, const std::array<Strides, 5>&);
template void ForEachRun<1>(const LoopNest<1>&, threads::ThreadPool&, RunBody<1>);
template void ForEachRun<2>(const LoopNest<2>&, threads::ThreadPool&, RunBody<2>);
template void ForEachRun<3>(const LoopNest<3>&, threads::ThreadPool&, RunBody<3>);
template void ForEachRun<4>(const LoopNest<4>&, threads::ThreadPool&, RunBody<4>);
template void ForEachRun<5>(const LoopNest<5>&, threads::ThreadPool&, RunBody<5>);

}  // namespace etd::kernels
