// llama::gated_delta_rule: linear attention whose state decays and is corrected token by token. Its older name is
// channelwise_gated_delta_rule.
#include <algorithm>
#include <array>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/kernels/llm/kernels.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::ShapeText;
using tensor::Tensor;

// (query [B, Hq, T, K], key [B, H, T, K], value [B, H, T, V], decay [B, H, T, K] or [B, H, T], beta [B, H, T],
// initial state [B, H, K, V], out [B, Hq, T, V], final state [B, H, K, V]), all float32 and row-major.
absl::Status CheckShapes(const KernelContext& ctx) {
  const Tensor& query = ctx.tensor(0);
  const Tensor& key = ctx.tensor(1);
  const Tensor& value = ctx.tensor(2);
  const auto misfit = [&](std::string_view what, size_t i) {
    return InvalidArgument("{} of shape {} does not fit queries of shape {}, keys of {} and values of {}", what,
                           ShapeText(ctx.tensor(i).sizes()), ShapeText(query.sizes()), ShapeText(key.sizes()),
                           ShapeText(value.sizes()));
  };
  if (query.rank() != 4 || key.rank() != 4 || value.rank() != 4) return misfit("a query", 0);
  const int32_t heads = key.size(1);
  const Shape per_token{key.size(0), heads, key.size(2)};
  const Shape keys{query.size(0), heads, query.size(2), query.size(3)};
  if (!std::ranges::equal(key.sizes(), keys) || heads == 0 || query.size(1) % heads != 0) return misfit("a key", 1);
  if (!std::ranges::equal(value.sizes().first(3), per_token)) return misfit("a value", 2);
  if (!std::ranges::equal(ctx.tensor(3).sizes(), keys) && !std::ranges::equal(ctx.tensor(3).sizes(), per_token)) {
    return misfit("decay", 3);
  }
  if (!std::ranges::equal(ctx.tensor(4).sizes(), per_token)) return misfit("beta", 4);
  const Shape state{key.size(0), heads, key.size(3), value.size(3)};
  return std::ranges::equal(ctx.tensor(5).sizes(), state) ? absl::OkStatus() : misfit("an initial state", 5);
}

absl::Status Prepare(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(CheckShapes(ctx));
  const Tensor& query = ctx.tensor(0);
  ETD_RETURN_IF_ERROR(
      ResizeOut(ctx.tensor(6), Shape{query.size(0), query.size(1), query.size(2), ctx.tensor(2).size(3)}));
  ETD_RETURN_IF_ERROR(ResizeOut(ctx.tensor(7), ctx.tensor(5).sizes()));
  for (size_t i = 0; i < 8; ++i) {
    const Tensor& tensor = ctx.tensor(i);
    if (tensor.type() == tensor::ScalarType::kFloat32 && tensor.row_major()) continue;
    return InvalidArgument("argument {} must be a row-major float32 tensor, it is {} of shape {}", i,
                           tensor::ScalarTypeName(tensor.type()), ShapeText(tensor.sizes()));
  }
  return absl::OkStatus();
}

// One head of keys and values, and the queries that read it.
struct Head {
  int64_t tokens, keys, values;
  const float* key;
  const float* value;
  const float* decay;
  int64_t decay_stride;  // from token to token: 1, or `keys` where each key channel has its own
  const float* beta;
  float* state;          // [keys, values]
  std::span<const float* const> queries;
  std::span<float* const> outs;
};

// state = decay·state + key ⊗ beta·(value - (decay·state)ᵀ key), then out = stateᵀ query, for each token in turn.
void RunHead(const Head& head) {
  std::vector<float> correction(static_cast<size_t>(head.values));
  for (int64_t t = 0; t < head.tokens; ++t) {
    const float* key = head.key + t * head.keys;
    const float* decay = head.decay + t * head.decay_stride;
    for (int64_t v = 0; v < head.values; ++v) correction[static_cast<size_t>(v)] = 0;
    for (int64_t k = 0; k < head.keys; ++k) {
      float* row = head.state + k * head.values;
      for (int64_t v = 0; v < head.values; ++v) {
        row[v] *= decay[head.decay_stride == 1 ? 0 : k];
        correction[static_cast<size_t>(v)] += row[v] * key[k];
      }
    }
    for (int64_t v = 0; v < head.values; ++v) {
      float& delta = correction[static_cast<size_t>(v)];
      delta = head.beta[t] * (head.value[t * head.values + v] - delta);
      for (int64_t k = 0; k < head.keys; ++k) head.state[k * head.values + v] += key[k] * delta;
    }
    for (size_t q = 0; q < head.queries.size(); ++q) {
      const float* query = head.queries[q] + t * head.keys;
      float* out = head.outs[q] + t * head.values;
      std::fill_n(out, head.values, 0.0f);
      for (int64_t k = 0; k < head.keys; ++k) {
        for (int64_t v = 0; v < head.values; ++v) out[v] += head.state[k * head.values + v] * query[k];
      }
    }
  }
}

absl::Status Run(KernelContext& ctx) {
  const Tensor& key = ctx.tensor(1);
  const int64_t tokens = key.size(2), keys = key.size(3), values = ctx.tensor(2).size(3);
  const int64_t heads = int64_t{key.size(0)} * key.size(1);
  const int64_t group = ctx.tensor(0).size(1) / key.size(1);
  const Tensor& decay = ctx.tensor(3);
  const int64_t decay_stride = decay.rank() == 4 ? keys : 1;
  ctx.threads().ParallelFor(heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t h = begin; h < end; ++h) {
      std::vector<const float*> queries;
      std::vector<float*> outs;
      for (int64_t q = h * group; q < (h + 1) * group; ++q) {
        queries.push_back(ctx.tensor(0).data<float>() + q * tokens * keys);
        outs.push_back(ctx.tensor(6).data<float>() + q * tokens * values);
      }
      float* state = ctx.tensor(7).data<float>() + h * keys * values;
      std::copy_n(ctx.tensor(5).data<float>() + h * keys * values, keys * values, state);
      RunHead({tokens, keys, values, key.data<float>() + h * tokens * keys,
               ctx.tensor(2).data<float>() + h * tokens * values, decay.data<float>() + h * tokens * decay_stride,
               decay_stride, ctx.tensor(4).data<float>() + h * tokens, state, queries, outs});
    }
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> GatedDeltaRuleKernels() {
  using P = Parameter;
  static const std::vector<P> kParameters = {P::kTensor, P::kTensor, P::kTensor, P::kTensor,
                                             P::kTensor, P::kTensor, P::kOut,    P::kOut};
  static const Kernel kKernels[] = {
      {.name = "llama::gated_delta_rule.out", .parameters = kParameters, .prepare = Prepare, .run = Run},
      {.name = "llama::channelwise_gated_delta_rule.out", .parameters = kParameters, .prepare = Prepare, .run = Run},
  };
  return kKernels;
}

}  // namespace etd::kernels
