// What each file of this folder defines. Private to the folder; others use register.h.
#ifndef ETD_RUNTIME_KERNELS_PRIM_KERNELS_H_
#define ETD_RUNTIME_KERNELS_PRIM_KERNELS_H_

#include <span>

#include "runtime/kernel/kernel.h"

namespace etd::kernels {

// Arithmetic and comparison of numbers.
std::span<const kernel::Kernel> NumberKernels();
// Numbers from tensors, et_copy_index and et_view.
std::span<const kernel::Kernel> TensorPrimKernels();

// Writes `result` into `out`, whose kind stays. Errors: INVALID_ARGUMENT when that kind can't hold exactly this number.
absl::Status StoreNumber(const kernel::Scalar& result, tensor::Value& out);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PRIM_KERNELS_H_
