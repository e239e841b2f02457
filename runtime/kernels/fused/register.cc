#include "runtime/kernels/fused/register.h"

namespace etd::kernels {

void RegisterFusedKernels(kernel::KernelRegistry& registry) {
  registry.Register(RmsNormKernels());
  registry.Register(RotaryKernels());
  registry.Register(SwigluKernels());
}

}  // namespace etd::kernels
