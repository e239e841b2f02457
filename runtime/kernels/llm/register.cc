#include "runtime/kernels/llm/register.h"

#include "runtime/kernels/llm/kernels.h"

namespace etd::kernels {

void RegisterLlmKernels(kernel::KernelRegistry& registry) {
  for (const auto family : {UpdateCacheKernels, AttentionKernels, QuantizedEmbeddingKernels, QuantizeKernels,
                            ChooseQparamsKernels, MixedMatmulKernels, HadamardKernels, GatedDeltaRuleKernels}) {
    registry.Register(family());
  }
}

}  // namespace etd::kernels
