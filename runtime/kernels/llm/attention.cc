// llama::custom_sdpa, custom_quantized_sdpa and sdpa_with_kv_cache as plainly as they can be written.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/kernels/llm/attention.h"
#include "runtime/kernels/llm/kernels.h"
#include "runtime/kernels/portable/util/elementwise.h"

namespace etd::kernels {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::Tensor;

namespace {

// Row `row` of head `head` as floats, dequantised where `params` says how.
const float* LoadHead(const AttentionCall& call, const Tensor& tensor, const AttentionQuantization& params,
                      int64_t batch, int64_t head, int64_t row, std::vector<float>& buffer) {
  const auto offset = [&](const Tensor& of) {
    return batch * of.stride(0) + head * of.stride(call.head_dim()) + row * of.stride(call.row_dim);
  };
  const float* values = LoadRun<float>(tensor.type(), tensor.raw(), offset(tensor), 1, call.head_size(), buffer.data());
  if (params.scales == nullptr) return values;
  const float zero = static_cast<float>(params.zero_points->data<int8_t>()[offset(*params.zero_points)]);
  const float scale = params.scales->data<float>()[offset(*params.scales)];
  for (float& value : buffer) value = (value - zero) * scale;
  return buffer.data();
}

// Working memory of one thread.
struct Buffers {
  explicit Buffers(const AttentionCall& call)
      : query(static_cast<size_t>(call.head_size())),
        other(query.size()),
        result(query.size()),
        scores(static_cast<size_t>(call.keys())) {}
  std::vector<float> query, other, result, scores;
};

void AttendRow(const AttentionCall& call, int64_t batch, int64_t head, int64_t row, Buffers& buffers) {
  const int64_t kv_head = head / (call.heads() / call.kv_heads());
  const int64_t keys = call.keys_of_row(row);
  const size_t size = buffers.query.size();
  const float* query = LoadHead(call, *call.q, call.q_params, batch, head, row, buffers.query);
  float largest = -std::numeric_limits<float>::infinity();
  for (int64_t key = 0; key < keys; ++key) {
    const float* k = LoadHead(call, *call.k, call.k_params, batch, kv_head, key, buffers.other);
    float score = 0;
    for (size_t i = 0; i < size; ++i) score += query[i] * k[i];
    score *= call.scale;
    if (call.mask != nullptr) score += call.mask->data<float>()[row * call.mask->size(1) + key];
    buffers.scores[static_cast<size_t>(key)] = score;
    largest = std::max(largest, score);
  }
  std::fill(buffers.result.begin(), buffers.result.end(), 0.0f);
  float sum = 0;
  for (int64_t key = 0; key < keys; ++key) {
    const float weight = std::exp(buffers.scores[static_cast<size_t>(key)] - largest);
    const float* v = LoadHead(call, *call.v, call.v_params, batch, kv_head, key, buffers.other);
    sum += weight;
    for (size_t i = 0; i < size; ++i) buffers.result[i] += weight * v[i];
  }
  for (float& value : buffers.result) value /= sum;
  StoreRun<float>(call.out->type(), call.out->raw(),
                  batch * call.out->stride(0) + head * call.out->stride(call.head_dim()) +
                      row * call.out->stride(call.row_dim),
                  1, call.head_size(), buffers.result.data());
}

}  // namespace

void AttendPlainly(threads::ThreadPool& threads, const AttentionCall& call) {
  if (call.out->numel() == 0) return;
  threads.ParallelFor(call.batches() * call.heads() * call.rows(), 16, [&](int64_t begin, int64_t end) {
    Buffers buffers(call);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i % call.rows();
      const int64_t head = i / call.rows() % call.heads();
      AttendRow(call, i / call.rows() / call.heads(), head, row, buffers);
    }
  });
}

namespace {

absl::Status RunCustomSdpa(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const AttentionCall call, ReadCustomSdpa(ctx, false));
  AttendPlainly(ctx.threads(), call);
  return absl::OkStatus();
}

absl::Status RunSdpaWithCache(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const AttentionCall call, ReadSdpaWithCache(ctx, false));
  ETD_RETURN_IF_ERROR(WriteSdpaCaches(ctx));
  AttendPlainly(ctx.threads(), call);
  return absl::OkStatus();
}

std::vector<Parameter> QuantizedParameters() {
  std::vector<Parameter> parameters = CustomSdpaParameters();
  parameters.pop_back();
  parameters.insert(parameters.end(), 6, Parameter::kOptionalTensor);
  parameters.push_back(Parameter::kBool);
  parameters.push_back(Parameter::kOut);
  return parameters;
}

}  // namespace

std::span<const Kernel> AttentionKernels() {
  static const Kernel kKernels[] = {
      {.name = "llama::custom_sdpa.out", .parameters = CustomSdpaParameters(), .prepare = PrepareCustomSdpa,
       .run = RunCustomSdpa, .shape_ignores_numbers = true},
      {.name = "llama::custom_quantized_sdpa.out", .parameters = QuantizedParameters(), .prepare = PrepareCustomSdpa,
       .run = RunCustomSdpa, .shape_ignores_numbers = true},
      {.name = "llama::sdpa_with_kv_cache.out", .parameters = SdpaWithCacheParameters(),
       .prepare = PrepareSdpaWithCache, .run = RunSdpaWithCache, .mutates = {3, 4}, .shape_ignores_numbers = true},
  };
  return kKernels;
}

}  // namespace etd::kernels
