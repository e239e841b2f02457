// What executing a program needs from its process; made by the composition root, outlives everything loaded with it.
#ifndef ETD_RUNTIME_EXEC_ENVIRONMENT_H_
#define ETD_RUNTIME_EXEC_ENVIRONMENT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/graph/region.h"
#include "runtime/kernel/registry.h"
#include "runtime/threads/thread_pool.h"

namespace etd::exec {

struct Environment {
  const kernel::KernelRegistry* kernels = nullptr;
  threads::ThreadPool* threads = nullptr;
  std::vector<graph::DelegateFactory*> delegates;  // one per delegate id
  uint64_t random_seed = 0;                        // of the operators that draw numbers: every executor begins with it
};

// Padding in bytes behind every buffer that kernels or delegates read: SIMD loads may reach past the last element.
inline constexpr size_t kBufferPadding = 128;

}  // namespace etd::exec

#endif  // ETD_RUNTIME_EXEC_ENVIRONMENT_H_
