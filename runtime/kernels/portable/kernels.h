// What each file of this folder defines. Private to the folder; others use register.h.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_KERNELS_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_KERNELS_H_

#include <span>

#include "runtime/kernel/kernel.h"

namespace etd::kernels {

// Views, copies, creation and indexing.
std::span<const kernel::Kernel> ViewCopyKernels();

// Arithmetic, reductions, matrices, normalisation and quantisation.

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_KERNELS_H_
