// A call of one of the quantised embedding operators, read and checked; shared by the reference and the fast kernel.
#ifndef ETD_RUNTIME_KERNELS_LLM_EMBEDDING_H_
#define ETD_RUNTIME_KERNELS_LLM_EMBEDDING_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/kernel/kernel.h"

namespace etd::kernels {

// out[i, :] = (weight[indices[i], :] - zero point)·scale, the last two per row or per group of a row. Borrows the
// tensors.
struct EmbeddingCall {
  const tensor::Tensor* weight;       // [V, D·bits/8]: int8 or uint8 for 8 bits, otherwise uint8 with several values
  const tensor::Tensor* scales;       // [V] or [V, groups]
  const tensor::Tensor* zero_points;  // as scales; null: 0
  const tensor::Tensor* indices;      // int32 or int64
  tensor::Tensor* out;                // indices' shape and D
  int64_t size;                       // D
  int64_t groups;

  int64_t group_size() const { return size / groups; }
  // Index i of `indices`, checked. Errors: INVALID_ARGUMENT for one outside the table.
  absl::StatusOr<int64_t> Index(int64_t i) const;
};

// Reads (weight, scales, zero_points?, qmin, qmax, indices, [dtype,] out) and gives `out` its shape.
// Errors: INVALID_ARGUMENT.
absl::StatusOr<EmbeddingCall> ReadEmbedding(kernel::KernelContext& ctx, int bits, bool has_dtype);

// The plain computation. Errors: as Index.
absl::Status EmbedPlainly(const EmbeddingCall& call, int bits);

// Rows of the indices are rows of the output.
std::optional<kernel::RowClass> EmbeddingRowRule(const kernel::RowQuery& query);

const std::vector<kernel::Parameter>& EmbeddingParameters(bool has_dtype);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_LLM_EMBEDDING_H_
