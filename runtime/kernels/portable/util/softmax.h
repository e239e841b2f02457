// What softmax checks and how rows pass through it; shared by the reference and the fast kernel.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SOFTMAX_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SOFTMAX_H_

#include <optional>

#include "absl/status/status.h"
#include "runtime/kernel/kernel.h"

namespace etd::kernels {

// (in, dim, half_to_float, out): floating, out of the same type and shape.
absl::Status PrepareSoftmax(kernel::KernelContext& ctx);
// Rows survive in every dimension but the one that is normalised.
std::optional<kernel::RowClass> SoftmaxRowRule(const kernel::RowQuery& query);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SOFTMAX_H_
