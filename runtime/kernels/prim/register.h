// The scalar arithmetic, shape queries and aliasing that exported programs do between tensor operators.
#ifndef ETD_RUNTIME_KERNELS_PRIM_REGISTER_H_
#define ETD_RUNTIME_KERNELS_PRIM_REGISTER_H_

#include "runtime/kernel/registry.h"

namespace etd::kernels {

// Registers them all; every program may call them.
//
// They write their numbers in `run`: a loop counter is its own output, so writing must happen once. An executor that
// prepares many calls ahead runs these calls as it meets them.
void RegisterPrimKernels(kernel::KernelRegistry& registry);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PRIM_REGISTER_H_
