// Loops over tensors of any memory order, with dimensions merged so that the innermost run is as long as possible.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_STRIDED_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_STRIDED_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "absl/functional/function_ref.h"
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
LoopNest<N> MakeLoopNest(std::span<const int32_t> shape, const std::array<Strides, N>& strides);

// What a loop does with an innermost run.
template <size_t N>
using RunBody = absl::FunctionRef<void(const std::array<int64_t, N>& offsets, int64_t count,
                                       const std::array<int64_t, N>& strides)>;

// Calls `run(offsets, count, strides)` for every innermost run: element i of operand n is at offsets[n] + i*strides[n].
// Runs are cut into tasks of whole outer iterations, or pieces of the only run; order and cuts don't change results.
// One loop for all bodies: they are called once for a run, and a loop of its own for each would be most of the code.
template <size_t N>
void ForEachRun(const LoopNest<N>& nest, threads::ThreadPool& threads, std::type_identity_t<RunBody<N>> run);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_STRIDED_H_
