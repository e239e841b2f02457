// llama::custom_sdpa and sdpa_with_kv_cache for float32: blocks of keys with a running softmax, in SIMD.
//
// Every row is computed from its own query and the keys it sees alone, in an order that only its position decides:
// blocks of keys are cut at multiples of kBlock and taken in ascending order, and a block's arithmetic depends on how
// many of its keys the row sees. Which rows share a tile, which heads share a task and how many threads there are only
// decides which row is computed when. So a row has the same bits in a prefill, in a chunk of it and as a single token.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/fast/attention.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first: it includes this file once per instruction set.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "runtime/base/status.h"
#include "runtime/kernels/fast/attention.h"
#include "runtime/kernels/fast/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace etd::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Keys of a block: a block of keys and one of values of 64 floats each fit the first-level cache.
constexpr int64_t kBlock = 64;
// Query rows (of all heads of a group) that share a block before the next one is loaded.
constexpr int64_t kTileRows = 32;

// The running softmax of one query row: largest score so far, sum of weights, weighted sum of values.
struct RowState {
  float largest = -std::numeric_limits<float>::infinity();
  float sum = 0;
};

// scores[i] = query·key i for `count` ≤ kBlock keys that lie `stride` floats apart.
HWY_INLINE void Scores(const float* HWY_RESTRICT query, const float* keys, int64_t stride, int64_t count,
                       int64_t size, float* HWY_RESTRICT scores) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t first = 0; first < count; first += 8) {
    // Past the end the last key is read again; its score is dropped.
    const float* k[8];
    for (int64_t j = 0; j < 8; ++j) k[j] = keys + std::min(first + j, count - 1) * stride;
    V s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    const auto add = [&](int64_t i, const auto& load) HWY_ATTR {
      const V q = load(query + i);
      s0 = hn::MulAdd(q, load(k[0] + i), s0);
      s1 = hn::MulAdd(q, load(k[1] + i), s1);
      s2 = hn::MulAdd(q, load(k[2] + i), s2);
      s3 = hn::MulAdd(q, load(k[3] + i), s3);
      s4 = hn::MulAdd(q, load(k[4] + i), s4);
      s5 = hn::MulAdd(q, load(k[5] + i), s5);
      s6 = hn::MulAdd(q, load(k[6] + i), s6);
      s7 = hn::MulAdd(q, load(k[7] + i), s7);
    };
    int64_t i = 0;
    for (; i + lanes <= size; i += lanes) add(i, [&](const float* from) HWY_ATTR { return hn::LoadU(d, from); });
    if (i < size) add(i, [&](const float* from) HWY_ATTR { return LoadPart(d, from, size - i); });
    StoreSums(d, s0, s1, s2, s3, scores + first);
    StoreSums(d, s4, s5, s6, s7, scores + first + 4);
  }
}

// result += Σ weights[i]·value i, for kVectors vectors of the result.
template <int kVectors>
HWY_INLINE void AddValues(const float* HWY_RESTRICT weights, const float* values, int64_t stride, int64_t count,
                          float* HWY_RESTRICT result) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  V sums[kVectors];
  for (int j = 0; j < kVectors; ++j) sums[j] = hn::LoadU(d, result + static_cast<size_t>(j) * lanes);
  for (int64_t i = 0; i < count; ++i) {
    const V weight = hn::Set(d, weights[i]);
    const float* value = values + i * stride;
    for (int j = 0; j < kVectors; ++j) {
      sums[j] = hn::MulAdd(weight, hn::LoadU(d, value + static_cast<size_t>(j) * lanes), sums[j]);
    }
  }
  for (int j = 0; j < kVectors; ++j) hn::StoreU(sums[j], d, result + static_cast<size_t>(j) * lanes);
}

// The same for all `size` elements.
HWY_INLINE void AddAllValues(const float* HWY_RESTRICT weights, const float* values, int64_t stride, int64_t count,
                             int64_t size, float* HWY_RESTRICT result) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(D()));
  int64_t i = 0;
  for (; i + 8 * lanes <= size; i += 8 * lanes) AddValues<8>(weights, values + i, stride, count, result + i);
  if (i + 4 * lanes <= size) {
    AddValues<4>(weights, values + i, stride, count, result + i);
    i += 4 * lanes;
  }
  for (; i + lanes <= size; i += lanes) AddValues<1>(weights, values + i, stride, count, result + i);
  for (; i < size; ++i) {
    for (int64_t key = 0; key < count; ++key) result[i] = std::fma(weights[key], values[key * stride + i], result[i]);
  }
}

// scores become scores·scale + mask; the largest of them and `largest` is returned. Scores from `count` to the end of
// the vector become -inf.
HWY_INLINE float ScaleScores(float* HWY_RESTRICT scores, int64_t count, float scale, const float* mask, float largest) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const V factor = hn::Set(d, scale);
  V most = hn::Set(d, largest);
  for (int64_t i = 0; i < count; i += lanes) {
    V score = hn::Mul(hn::Load(d, scores + i), factor);
    if (mask != nullptr) score = hn::Add(score, LoadPart(d, mask + i, count - i));
    if (i + lanes > count) {
      const V minus_infinity = hn::Set(d, -std::numeric_limits<float>::infinity());
      score = hn::IfThenElse(hn::FirstN(d, static_cast<size_t>(count - i)), score, minus_infinity);
    }
    hn::Store(score, d, scores + i);
    most = hn::Max(most, score);
  }
  return hn::GetLane(hn::MaxOfLanes(d, most));
}

// scores become weights exp(score - shift); returns their sum. What follows `count` has weight 0.
HWY_INLINE float Weights(float* HWY_RESTRICT scores, int64_t count, float shift) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const V center = hn::Set(d, shift);
  V sum = hn::Zero(d);
  for (int64_t i = 0; i < count; i += lanes) {
    const V weight = ExpOrNan(d, hn::Sub(hn::Load(d, scores + i), center));
    hn::Store(weight, d, scores + i);
    sum = hn::Add(sum, weight);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

HWY_INLINE void Rescale(float factor, int64_t size, float* HWY_RESTRICT result) {
  for (int64_t i = 0; i < size; ++i) result[i] *= factor;
}

// One row against one block of keys. `count` keys are visible; `mask` is added to their scores unless null.
HWY_INLINE void AttendBlock(const float* query, const float* keys, const float* values, int64_t stride, int64_t count,
                            int64_t size, float scale, const float* mask, RowState& state, float* result) {
  HWY_ALIGN float scores[kBlock + 64];
  Scores(query, keys, stride, count, size, scores);
  const float largest = ScaleScores(scores, count, scale, mask, state.largest);
  // While everything is masked there is no largest score; any finite shift gives weights of 0.
  const float shift = largest == -std::numeric_limits<float>::infinity() ? 0.0f : largest;
  if (largest != state.largest) {
    const float factor = std::exp(state.largest - shift);
    state.sum *= factor;
    Rescale(factor, size, result);
    state.largest = largest;
  }
  state.sum += Weights(scores, count, shift);
  AddAllValues(scores, values, stride, count, size, result);
}

// Heads [head, head_end) of one key head, rows [row, row_end).
void AttendTile(const AttentionCall& call, int64_t batch, int64_t head, int64_t head_end, int64_t row,
                int64_t row_end) {
  const int64_t size = call.head_size();
  const int64_t group = call.heads() / call.kv_heads();
  const int64_t items = (head_end - head) * (row_end - row);
  std::vector<RowState> states(static_cast<size_t>(items));
  std::vector<float> results(static_cast<size_t>(items * size), 0.0f);
  const int64_t kv_offset = batch * call.k->stride(0) + head / group * call.k->stride(2);
  const float* keys = call.k->data<float>() + kv_offset;
  const float* values = call.v->data<float>() + kv_offset;
  const int64_t stride = call.k->stride(1);
  for (int64_t block = 0; block < call.keys_of_row(row_end - 1); block += kBlock) {
    for (int64_t item = 0; item < items; ++item) {
      const int64_t r = row + item / (head_end - head);
      const int64_t h = head + item % (head_end - head);
      const int64_t count = std::min(kBlock, call.keys_of_row(r) - block);
      if (count <= 0) continue;
      const float* mask =
          call.mask == nullptr ? nullptr : call.mask->data<float>() + r * call.mask->size(1) + block;
      const float* query =
          call.q->data<float>() + batch * call.q->stride(0) + r * call.q->stride(1) + h * call.q->stride(2);
      AttendBlock(query, keys + block * stride, values + block * stride, stride, count, size, call.scale, mask,
                  states[static_cast<size_t>(item)], results.data() + item * size);
    }
  }
  for (int64_t item = 0; item < items; ++item) {
    const int64_t r = row + item / (head_end - head);
    const int64_t h = head + item % (head_end - head);
    float* out = call.out->data<float>() + batch * call.out->stride(0) + r * call.out->stride(1) +
                 h * call.out->stride(2);
    const float* result = results.data() + item * size;
    const float sum = states[static_cast<size_t>(item)].sum;
    for (int64_t i = 0; i < size; ++i) out[i] = result[i] / sum;
  }
}

void Attend(threads::ThreadPool& threads, const AttentionCall& call) {
  const int64_t group = call.heads() / call.kv_heads();
  const int64_t tile = std::clamp<int64_t>(kTileRows / group, 1, call.rows());
  const int64_t tiles = (call.rows() + tile - 1) / tile;
  // The heads of a group share the keys' way through the cache, unless there is too little work to go round.
  const bool share = call.batches() * call.kv_heads() * tiles >= 4 * threads.size();
  const int64_t heads = share ? group : 1;
  const int64_t head_tasks = call.heads() / heads;
  threads.ParallelFor(call.batches() * head_tasks * tiles, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      // Long rows first, so that the last task to end is a short one.
      const int64_t row = (tiles - 1 - i / head_tasks % tiles) * tile;
      const int64_t head = i % head_tasks * heads;
      AttendTile(call, i / head_tasks / tiles, head, head + heads, row, std::min(row + tile, call.rows()));
    }
  });
}

}  // namespace etd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace etd::kernels {

HWY_EXPORT(Attend);

bool CanAttendFast(const AttentionCall& call) {
  return call.q->type() == tensor::ScalarType::kFloat32 && call.row_dim == 1;
}

void AttendFast(threads::ThreadPool& threads, const AttentionCall& call) {
  if (call.out->numel() == 0) return;
  HWY_DYNAMIC_DISPATCH(Attend)(threads, call);
}

namespace {

using kernel::Kernel;
using kernel::KernelContext;

void AttendAny(KernelContext& ctx, const AttentionCall& call) {
  if (CanAttendFast(call)) AttendFast(ctx.threads(), call);
  else AttendPlainly(ctx.threads(), call);
}

absl::Status RunCustomSdpa(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const AttentionCall call, ReadCustomSdpa(ctx, false));
  AttendAny(ctx, call);
  return absl::OkStatus();
}

absl::Status RunSdpaWithCache(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const AttentionCall call, ReadSdpaWithCache(ctx, false));
  ETD_RETURN_IF_ERROR(WriteSdpaCaches(ctx));
  AttendAny(ctx, call);
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> FastAttentionKernels() {
  static const Kernel kKernels[] = {
      {.name = "llama::custom_sdpa.out", .parameters = CustomSdpaParameters(), .prepare = PrepareCustomSdpa,
       .run = RunCustomSdpa, .shape_ignores_numbers = true},
      {.name = "llama::sdpa_with_kv_cache.out", .parameters = SdpaWithCacheParameters(),
       .prepare = PrepareSdpaWithCache, .run = RunSdpaWithCache, .mutates = {3, 4}, .shape_ignores_numbers = true},
  };
  return kKernels;
}

}  // namespace etd::kernels
#endif  // HWY_ONCE
