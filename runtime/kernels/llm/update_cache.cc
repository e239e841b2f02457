// llama::update_cache and update_cache_with_indices: rows into a cache, at a start position or at positions of their
// own.
#include <algorithm>
#include <cstring>

#include "runtime/base/status.h"
#include "runtime/kernels/llm/cache.h"
#include "runtime/kernels/llm/kernels.h"

namespace etd::kernels {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::ShapeText;
using tensor::Tensor;

absl::Status CheckCache(const Tensor& value, const Tensor& cache) {
  const bool fits = value.rank() == 4 && cache.rank() == 4 && value.size(0) == cache.size(0) &&
                    value.size(2) == cache.size(2) && value.size(3) == cache.size(3);
  if (!fits) {
    return InvalidArgument("rows of shape {} do not fit a cache of shape {}", ShapeText(value.sizes()),
                           ShapeText(cache.sizes()));
  }
  if (value.element_size() != cache.element_size()) {
    return InvalidArgument("{} rows do not fit a cache of {}", tensor::ScalarTypeName(value.type()),
                           tensor::ScalarTypeName(cache.type()));
  }
  if (value.row_major() && cache.row_major()) return absl::OkStatus();
  return InvalidArgument("a cache and its rows must be row-major");
}

namespace {

// Bytes of one position of one batch entry.
size_t PositionBytes(const Tensor& cache) {
  return static_cast<size_t>(cache.size(2)) * static_cast<size_t>(cache.size(3)) * cache.element_size();
}

std::byte* PositionOf(Tensor& cache, int64_t batch, int64_t position) {
  return cache.data<std::byte>() + static_cast<size_t>(batch * cache.size(1) + position) * PositionBytes(cache);
}

const std::byte* RowOf(const Tensor& value, int64_t batch, int64_t row) {
  return value.data<std::byte>() + static_cast<size_t>(batch * value.size(1) + row) * PositionBytes(value);
}

}  // namespace

absl::Status WriteCache(const Tensor& value, Tensor& cache, int64_t start) {
  const int64_t rows = value.size(1);
  const int64_t positions = cache.size(1);
  if (start < 0 || rows > positions || start > positions - rows) {
    return InvalidArgument("{} rows from position {} on do not fit a cache of {} positions", rows, start, positions);
  }
  if (value.nbytes() == 0) return absl::OkStatus();
  for (int64_t batch = 0; batch < value.size(0); ++batch) {
    std::memcpy(PositionOf(cache, batch, start), RowOf(value, batch, 0),
                static_cast<size_t>(rows) * PositionBytes(cache));
  }
  return absl::OkStatus();
}

namespace {

absl::Status Prepare(KernelContext& ctx) { return CheckCache(ctx.tensor(0), ctx.tensor(1)); }

absl::Status Run(KernelContext& ctx) { return WriteCache(ctx.tensor(0), ctx.tensor(1), ctx.integer(2)); }

absl::Status PrepareIndices(KernelContext& ctx) {
  const Tensor& value = ctx.tensor(0);
  const Tensor& indices = ctx.tensor(3);
  ETD_RETURN_IF_ERROR(CheckCache(value, ctx.tensor(1)));
  if (indices.type() != tensor::ScalarType::kInt64 || !indices.row_major() ||
      !std::ranges::equal(indices.sizes(), value.sizes().first(2))) {
    return InvalidArgument("{} positions of shape {} do not fit rows of shape {}: int64 of shape {} is needed",
                           tensor::ScalarTypeName(indices.type()), ShapeText(indices.sizes()),
                           ShapeText(value.sizes()), ShapeText(value.sizes().first(2)));
  }
  return absl::OkStatus();
}

absl::Status RunIndices(KernelContext& ctx) {
  const Tensor& value = ctx.tensor(0);
  Tensor& cache = ctx.tensor(1);
  const std::span<const int64_t> indices(ctx.tensor(3).data<int64_t>(), static_cast<size_t>(ctx.tensor(3).numel()));
  for (const int64_t position : indices) {
    if (position < 0 || position >= cache.size(1)) {
      return InvalidArgument("position {} lies outside a cache of {} positions", position, cache.size(1));
    }
  }
  if (value.nbytes() == 0) return absl::OkStatus();
  for (size_t i = 0; i < indices.size(); ++i) {
    const int64_t batch = static_cast<int64_t>(i) / value.size(1);
    const int64_t row = static_cast<int64_t>(i) % value.size(1);
    std::memcpy(PositionOf(cache, batch, indices[i]), RowOf(value, batch, row), PositionBytes(cache));
  }
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> UpdateCacheKernels() {
  using P = Parameter;
  static const Kernel kKernels[] = {
      // The output is a placeholder that is neither resized nor written.
      {.name = "llama::update_cache.out", .parameters = {P::kTensor, P::kTensor, P::kInt, P::kOut}, .prepare = Prepare,
       .run = Run, .mutates = {1}, .shape_ignores_numbers = true},
      {.name = "llama::update_cache_with_indices.out",
       .parameters = {P::kTensor, P::kTensor, P::kInt, P::kTensor, P::kOut}, .prepare = PrepareIndices,
       .run = RunIndices, .mutates = {1}, .shape_ignores_numbers = true},
  };
  return kKernels;
}

}  // namespace etd::kernels
