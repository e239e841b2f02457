#include "runtime/kernels/fast/register.h"

#include "runtime/kernels/fast/attention.h"
#include "runtime/kernels/fast/kernels.h"
#include "runtime/kernels/fast/linear_q4.h"

namespace etd::kernels {

const kernel::Kernel& ReferenceOf(std::span<const kernel::Kernel> family, std::string_view name) {
  size_t i = 0;
  while (i + 1 < family.size() && family[i].name != name) ++i;
  return family[i];
}

void RegisterFastKernels(kernel::KernelRegistry& registry) {
  for (const auto family : {FastAttentionKernels, FastElementwiseKernels, FastRowKernels, FastMatmulKernels,
                            FastEmbeddingKernels, LinearQ4Kernels}) {
    registry.Register(family());
  }
}

}  // namespace etd::kernels
