// What layer normalisation checks and how rows pass through it; shared by the reference and the fast kernel.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_LAYER_NORM_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_LAYER_NORM_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "runtime/kernel/kernel.h"

namespace etd::kernels {

// (in, normalized_shape, weight?, bias?, eps, out, mean, rstd): row-major, all of one floating type.
absl::Status PrepareLayerNorm(kernel::KernelContext& ctx);
// Elements of one normalised group, after a PrepareLayerNorm.
int64_t LayerNormGroup(const kernel::KernelContext& ctx);
// Rows survive in the dimensions before the normalised ones.
std::optional<kernel::RowClass> LayerNormRowRule(const kernel::RowQuery& query);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_LAYER_NORM_H_
