#include "runtime/kernels/prim/register.h"

#include "runtime/kernels/prim/kernels.h"

namespace etd::kernels {

void RegisterPrimKernels(kernel::KernelRegistry& registry) {
  registry.Register(NumberKernels());
  registry.Register(TensorPrimKernels());
}

}  // namespace etd::kernels
