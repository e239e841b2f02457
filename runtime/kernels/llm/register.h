// Operators of ExecuTorch's custom namespaces: attention over a cache (llama::) and quantisation
// (quantized_decomposed::), as references.
#ifndef ETD_RUNTIME_KERNELS_LLM_REGISTER_H_
#define ETD_RUNTIME_KERNELS_LLM_REGISTER_H_

#include "runtime/kernel/registry.h"

namespace etd::kernels {

void RegisterLlmKernels(kernel::KernelRegistry& registry);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_LLM_REGISTER_H_
