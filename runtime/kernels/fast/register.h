// Operators that inference spends its time in, in SIMD and threaded: same names, same signatures, same answers.
#ifndef ETD_RUNTIME_KERNELS_FAST_REGISTER_H_
#define ETD_RUNTIME_KERNELS_FAST_REGISTER_H_

#include "runtime/kernel/registry.h"

namespace etd::kernels {

// Replaces operators of RegisterPortableKernels and RegisterLlmKernels: call it after them. Cases that a fast kernel
// does not cover go to the reference it replaces.
void RegisterFastKernels(kernel::KernelRegistry& registry);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_FAST_REGISTER_H_
