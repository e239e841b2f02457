// What all matrix products check, and how rows pass through them; shared by the reference and the fast kernels.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_MATMUL_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_MATMUL_H_

#include <optional>

#include "absl/status/status.h"
#include "runtime/kernel/kernel.h"

namespace etd::kernels {

// (a [M, K], b [K, N], out [M, N]).
absl::Status PrepareMm(kernel::KernelContext& ctx);
// (a [B, M, K], b [B, K, N], out [B, M, N]).
absl::Status PrepareBmm(kernel::KernelContext& ctx);
// (self broadcast to [M, N], a [M, K], b [K, N], beta, alpha, out [M, N]).
absl::Status PrepareAddmm(kernel::KernelContext& ctx);
// (input [..., K], weight [N, K], bias [N] or None, out [..., N]).
absl::Status PrepareLinear(kernel::KernelContext& ctx);

// Rows in M of a, in N of b, or in the batch of both.
std::optional<kernel::RowClass> MmRowRule(const kernel::RowQuery& query);
std::optional<kernel::RowClass> BmmRowRule(const kernel::RowQuery& query);
std::optional<kernel::RowClass> AddmmRowRule(const kernel::RowQuery& query);
std::optional<kernel::RowClass> LinearRowRule(const kernel::RowQuery& query);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_MATMUL_H_
