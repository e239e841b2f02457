// What each file of this folder defines. Private to the folder; others use register.h.
#ifndef ETD_RUNTIME_KERNELS_FAST_KERNELS_H_
#define ETD_RUNTIME_KERNELS_FAST_KERNELS_H_

#include <span>
#include <string_view>

#include "runtime/kernel/kernel.h"

namespace etd::kernels {

// The reference of operator `name` among those of its family; a fast kernel is a copy of it with another `run`.
const kernel::Kernel& ReferenceOf(std::span<const kernel::Kernel> family, std::string_view name);

std::span<const kernel::Kernel> FastElementwiseKernels();
std::span<const kernel::Kernel> FastRowKernels();
std::span<const kernel::Kernel> FastMatmulKernels();
std::span<const kernel::Kernel> FastEmbeddingKernels();

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_FAST_KERNELS_H_
