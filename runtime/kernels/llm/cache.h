// Writing rows into a key or value cache.
#ifndef ETD_RUNTIME_KERNELS_LLM_CACHE_H_
#define ETD_RUNTIME_KERNELS_LLM_CACHE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "runtime/tensor/tensor.h"

namespace etd::kernels {

// Whether rows `value` [B, S, H, D] go into `cache` [B, positions, H, D], both row-major, of equal element sizes.
// Errors: INVALID_ARGUMENT with both shapes.
absl::Status CheckCache(const tensor::Tensor& value, const tensor::Tensor& cache);
// Copies all rows to the positions from `start` on. Nothing is written on an error: INVALID_ARGUMENT where a position
// lies outside the cache.
absl::Status WriteCache(const tensor::Tensor& value, tensor::Tensor& cache, int64_t start);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_LLM_CACHE_H_
