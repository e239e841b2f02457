#include "backends/xnnpack/cpu_features.h"

namespace etd::xnnpack {

bool HasBlockwiseKernels() {
#if defined(__x86_64__) || defined(__i386__)
  return __builtin_cpu_supports("avx2") != 0;
#else
  return true;
#endif
}

}  // namespace etd::xnnpack
