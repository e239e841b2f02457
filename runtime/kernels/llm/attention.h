// A call of one of the attention operators, read and checked; shared by the reference and the fast kernel.
#ifndef ETD_RUNTIME_KERNELS_LLM_ATTENTION_H_
#define ETD_RUNTIME_KERNELS_LLM_ATTENTION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/kernel/kernel.h"

namespace etd::kernels {

// Scales and zero points of one quantised operand: [.., 1] for every row of every head.
struct AttentionQuantization {
  const tensor::Tensor* zero_points = nullptr;
  const tensor::Tensor* scales = nullptr;
};

// softmax(q·kᵀ·scale + mask)·v for every batch entry and query head; query head h uses key head
// h / (heads / kv_heads).
// Row s is at position start + s; without a mask it sees the keys before start + rows, and if causal only those up to
// its own position. With a mask it sees all keys of the cache. Borrows the tensors.
struct AttentionCall {
  const tensor::Tensor* q = nullptr;
  const tensor::Tensor* k = nullptr;
  const tensor::Tensor* v = nullptr;
  const tensor::Tensor* mask = nullptr;  // float32 [rows, keys], added to the scores; null: none
  tensor::Tensor* out = nullptr;         // the shape of q
  int row_dim = 1;                       // 1: [B, rows, heads, D]; 2: [B, heads, rows, D]
  int64_t start = 0;
  bool causal = false;
  float scale = 0;
  AttentionQuantization q_params, k_params, v_params;  // set for int8 operands

  int head_dim() const { return 3 - row_dim; }
  int64_t batches() const { return q->size(0); }
  int64_t rows() const { return q->size(row_dim); }
  int64_t heads() const { return q->size(head_dim()); }
  int64_t kv_heads() const { return k->size(head_dim()); }
  int64_t head_size() const { return q->size(3); }
  // Keys that the last row sees.
  int64_t keys() const { return mask != nullptr ? k->size(row_dim) : start + rows(); }
  int64_t keys_of_row(int64_t row) const { return causal ? start + row + 1 : keys(); }
};

// Reads (q, k, v, start_pos, mask?, dropout, causal, scale?, out), checks types and shapes and gives `out` its shape.
// The start position is checked too unless `shapes_only`. Errors: INVALID_ARGUMENT.
absl::StatusOr<AttentionCall> ReadCustomSdpa(kernel::KernelContext& ctx, bool shapes_only);
// The same for (q, k, v, key cache, value cache, start_pos, seq_len, mask?, dropout, causal, scale?, out).
absl::StatusOr<AttentionCall> ReadSdpaWithCache(kernel::KernelContext& ctx, bool shapes_only);

// Prepares of the two operators.
absl::Status PrepareCustomSdpa(kernel::KernelContext& ctx);
absl::Status PrepareSdpaWithCache(kernel::KernelContext& ctx);
// The first half of sdpa_with_kv_cache: the new keys and values into their caches.
absl::Status WriteSdpaCaches(kernel::KernelContext& ctx);

// Parameters of the two operators.
const std::vector<kernel::Parameter>& CustomSdpaParameters();
const std::vector<kernel::Parameter>& SdpaWithCacheParameters();

// The plain computation, for every type and layout.
void AttendPlainly(threads::ThreadPool& threads, const AttentionCall& call);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_LLM_ATTENTION_H_
