// The reference operators: every one that programs may call and no backend took, written to be read and to be right.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_REGISTER_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_REGISTER_H_

#include "runtime/kernel/registry.h"

namespace etd::kernels {

// Registers all of them. Call before the registrations of faster kernels, which replace some.
void RegisterPortableKernels(kernel::KernelRegistry& registry);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_REGISTER_H_
