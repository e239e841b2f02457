// Copies between tensors of any memory order and element type.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_STRIDED_COPY_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_STRIDED_COPY_H_

#include <cstdint>
#include <span>

#include "runtime/kernels/portable/util/shape.h"
#include "runtime/tensor/scalar_type.h"
#include "runtime/threads/thread_pool.h"

namespace etd::kernels {

// One side of a strided copy: its first element, how it walks and what it holds.
struct CopySource {
  const void* data;
  Strides strides;
  tensor::ScalarType type;
};
struct CopyTarget {
  void* data;
  Strides strides;
  tensor::ScalarType type;
};

// Moves `count` elements of two types; strides in elements.
using RunCopy = void (*)(void* target, int64_t target_stride, const void* source, int64_t source_stride, int64_t count);
RunCopy SelectRunCopy(tensor::ScalarType to, tensor::ScalarType from);

// Copies the elements of `shape` from `source` to `target`, converting where the types differ. Blocks that lie together
// on both sides move as memory. The sides don't overlap.
void StridedCopy(std::span<const int32_t> shape, const CopySource& source, const CopyTarget& target,
                 threads::ThreadPool& threads);
// Whole tensors of equal shapes.
void CopyTensor(const tensor::Tensor& source, tensor::Tensor& target, threads::ThreadPool& threads);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_STRIDED_COPY_H_
