// What each file of this folder defines. For the folders of kernels only: others use register.h.
#ifndef ETD_RUNTIME_KERNELS_LLM_KERNELS_H_
#define ETD_RUNTIME_KERNELS_LLM_KERNELS_H_

#include <span>

#include "runtime/kernel/kernel.h"

namespace etd::kernels {

std::span<const kernel::Kernel> UpdateCacheKernels();
std::span<const kernel::Kernel> AttentionKernels();
std::span<const kernel::Kernel> QuantizedEmbeddingKernels();
std::span<const kernel::Kernel> QuantizeKernels();
std::span<const kernel::Kernel> ChooseQparamsKernels();
std::span<const kernel::Kernel> MixedMatmulKernels();
std::span<const kernel::Kernel> HadamardKernels();
std::span<const kernel::Kernel> GatedDeltaRuleKernels();

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_LLM_KERNELS_H_
