// Checks and row splits that the fused operators share.
#ifndef ETD_RUNTIME_KERNELS_FUSED_ARGUMENTS_H_
#define ETD_RUNTIME_KERNELS_FUSED_ARGUMENTS_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "runtime/base/status.h"
#include "runtime/tensor/tensor.h"

namespace etd::kernels {

// Elements that are worth waking a thread for.
inline constexpr int64_t kElementsPerTask = 16384;

inline absl::Status CheckPlainFloat(const tensor::Tensor& tensor) {
  if (tensor.type() == tensor::ScalarType::kFloat32 && tensor.row_major()) return absl::OkStatus();
  return InvalidArgument("a fused operator takes row-major float32 only");
}

// Rows per task for rows of `width` elements.
inline int64_t RowGrain(int64_t width) { return std::max<int64_t>(1, kElementsPerTask / std::max<int64_t>(1, width)); }

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_FUSED_ARGUMENTS_H_
