// mean, softmax and layer normalisation along the last dimension of row-major float32 tensors. The order of every sum
// follows from the length of the row alone. Other cases go to the references.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/fast/rows.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first: it includes this file once per instruction set.
#include <algorithm>
#include <cmath>
#include <limits>

#include "hwy/highway.h"
#include "runtime/base/status.h"
#include "runtime/kernels/fast/kernels.h"
#include "runtime/kernels/fast/simd-inl.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/layer_norm.h"
#include "runtime/kernels/portable/util/shape.h"

HWY_BEFORE_NAMESPACE();
namespace etd::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Σ map(x): four running vectors, then across.
template <typename Map>
HWY_INLINE float Sum(const float* row, int64_t count, const Map& map) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  V sums[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  int64_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    for (int64_t j = 0; j < 4; ++j) sums[j] = hn::Add(sums[j], map(hn::LoadU(d, row + i + j * lanes)));
  }
  for (; i + lanes <= count; i += lanes) sums[0] = hn::Add(sums[0], map(hn::LoadU(d, row + i)));
  float total = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]))));
  for (; i < count; ++i) total += hn::GetLane(map(hn::Set(d, row[i])));
  return total;
}

HWY_INLINE float SumOf(const float* row, int64_t count) {
  return Sum(row, count, [](V v) { return v; });
}

void MeanRows(const float* in, float* out, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; ++row) out[row] = SumOf(in + row * columns, columns) / static_cast<float>(columns);
}

void SoftmaxRows(const float* in, float* out, int64_t rows, int64_t columns) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t row = 0; row < rows; ++row, in += columns, out += columns) {
    float largest = -std::numeric_limits<float>::infinity();
    for (int64_t i = 0; i < columns; ++i) largest = std::max(largest, in[i]);
    const V shift = hn::Set(d, largest);
    for (int64_t i = 0; i < columns; i += lanes) {
      StorePart(d, ExpOrNan(d, hn::Sub(LoadPart(d, in + i, columns - i), shift)), out + i, columns - i);
    }
    const float sum = SumOf(out, columns);
    for (int64_t i = 0; i < columns; ++i) out[i] /= sum;
  }
}

// `weight` and `bias` may be null.
void NormRows(const float* in, const float* weight, const float* bias, float eps, float* out, float* means,
              float* scales, int64_t rows, int64_t columns) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t row = 0; row < rows; ++row, in += columns, out += columns) {
    const float mean = SumOf(in, columns) / static_cast<float>(columns);
    const V center = hn::Set(d, mean);
    const float squares = Sum(in, columns, [=](V v) {
      const V distance = hn::Sub(v, center);
      return hn::Mul(distance, distance);
    });
    const float scale = 1.0f / std::sqrt(squares / static_cast<float>(columns) + eps);
    const V factor = hn::Set(d, scale);
    for (int64_t i = 0; i < columns; i += lanes) {
      const int64_t rest = columns - i;
      V value = hn::Mul(hn::Sub(LoadPart(d, in + i, rest), center), factor);
      if (weight != nullptr) value = hn::Mul(value, LoadPart(d, weight + i, rest));
      if (bias != nullptr) value = hn::Add(value, LoadPart(d, bias + i, rest));
      StorePart(d, value, out + i, rest);
    }
    means[row] = mean;
    scales[row] = scale;
  }
}

}  // namespace etd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace etd::kernels {

HWY_EXPORT(MeanRows);
HWY_EXPORT(SoftmaxRows);
HWY_EXPORT(NormRows);

namespace {

using kernel::Kernel;
using kernel::KernelContext;
using tensor::ScalarType;
using tensor::Tensor;

constexpr int64_t kGrain = 16384;

bool IsPlain(const Tensor& tensor) {
  return tensor.type() == ScalarType::kFloat32 && tensor.row_major() && tensor.numel() > 0;
}

// Whether `dim` is the last dimension of `in`.
bool IsLast(int64_t dim, const Tensor& in) { return in.rank() > 0 && (dim == -1 || dim == in.rank() - 1); }

template <typename Function>
void ForRows(KernelContext& ctx, int64_t rows, int64_t columns, const Function& function) {
  ctx.threads().ParallelFor(rows, std::max<int64_t>(1, kGrain / columns), function);
}

const Kernel& Mean() { return ReferenceOf(ReduceKernels(), "aten::mean.out"); }
const Kernel& Softmax() { return ReferenceOf(SoftmaxKernels(), "aten::_softmax.out"); }
const Kernel& LayerNorm() { return ReferenceOf(NormKernels(), "aten::native_layer_norm.out"); }

absl::Status RunMean(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  Tensor& out = ctx.tensor(4);
  const bool fast = IsPlain(in) && IsPlain(out) && ctx.has(1) && ctx.value(1).items().size() == 1 &&
                    IsLast(ctx.integers(1)[0], in);
  if (!fast) return Mean().run(ctx);
  const int64_t columns = in.size(in.rank() - 1);
  ForRows(ctx, out.numel(), columns, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(MeanRows)(in.data<float>() + begin * columns, out.data<float>() + begin, end - begin, columns);
  });
  return absl::OkStatus();
}

absl::Status RunSoftmax(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  Tensor& out = ctx.tensor(3);
  if (!IsPlain(in) || !IsPlain(out) || !IsLast(ctx.integer(1), in)) return Softmax().run(ctx);
  const int64_t columns = in.size(in.rank() - 1);
  ForRows(ctx, in.numel() / columns, columns, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(SoftmaxRows)
    (in.data<float>() + begin * columns, out.data<float>() + begin * columns, end - begin, columns);
  });
  return absl::OkStatus();
}

absl::Status RunLayerNorm(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  if (!IsPlain(in)) return LayerNorm().run(ctx);
  const int64_t columns = LayerNormGroup(ctx);
  const auto data = [&](size_t i) { return ctx.has(i) ? ctx.tensor(i).data<float>() : nullptr; };
  ForRows(ctx, in.numel() / columns, columns, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(NormRows)
    (in.data<float>() + begin * columns, data(2), data(3), static_cast<float>(ctx.floating(4)),
     data(5) + begin * columns, data(6) + begin, data(7) + begin, end - begin, columns);
  });
  return absl::OkStatus();
}

Kernel WithRun(Kernel kernel, absl::Status (*run)(KernelContext&)) {
  kernel.run = run;
  return kernel;
}

}  // namespace

std::span<const Kernel> FastRowKernels() {
  static const Kernel kKernels[] = {
      WithRun(Mean(), RunMean),
      WithRun(Softmax(), RunSoftmax),
      WithRun(LayerNorm(), RunLayerNorm),
  };
  return kKernels;
}

}  // namespace etd::kernels
#endif  // HWY_ONCE
