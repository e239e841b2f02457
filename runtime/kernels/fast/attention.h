// Attention in SIMD for the executors that have a call at hand already.
#ifndef ETD_RUNTIME_KERNELS_FAST_ATTENTION_H_
#define ETD_RUNTIME_KERNELS_FAST_ATTENTION_H_

#include <span>

#include "runtime/kernel/kernel.h"
#include "runtime/kernels/llm/attention.h"
#include "runtime/threads/thread_pool.h"

namespace etd::kernels {

// Whether the types and the layout of `call` are those of AttendFast: float32, rows in dimension 1.
bool CanAttendFast(const AttentionCall& call);
// The bits of each row depend on its position, its query and the keys it sees alone: not on the other rows of the call,
// nor on the number of threads. `call` was read by ReadCustomSdpa or ReadSdpaWithCache and CanAttendFast.
void AttendFast(threads::ThreadPool& threads, const AttentionCall& call);

std::span<const kernel::Kernel> FastAttentionKernels();

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_FAST_ATTENTION_H_
