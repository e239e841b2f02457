// quantized_decomposed::choose_qparams per tensor and per token: the scale and zero point of a range of values.
#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/base/status.h"
#include "runtime/kernels/llm/kernels.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::ScalarType;
using tensor::Tensor;

struct Choice {
  double scale;
  int64_t zero_point;
};

constexpr double kSmallestScale = 6.1e-5f;

// The range always holds 0, so that 0 is represented exactly; scales that are too small to divide by are replaced.
Choice Choose(float low, float high, int64_t quant_min, int64_t quant_max) {
  low = std::min(low, 0.0f);
  high = std::max(high, 0.0f);
  const double steps = static_cast<double>(quant_max - quant_min);
  double scale = (static_cast<double>(high) - low) / steps;
  const float narrow = static_cast<float>(scale);
  if (narrow == 0.0f || std::isinf(1.0f / narrow)) scale = 0.1;
  if (scale < kSmallestScale) {
    const float factor = static_cast<float>(kSmallestScale) / static_cast<float>(scale);
    scale = kSmallestScale;
    if (low == 0.0f) {
      high = static_cast<float>(kSmallestScale * steps);
    } else if (high == 0.0f) {
      low = static_cast<float>(-kSmallestScale * steps);
    } else {
      low *= factor;
      high *= factor;
    }
  }
  // Of the two ends, the one whose terms are smaller gives the more exact zero point.
  const double min = static_cast<double>(quant_min);
  const double max = static_cast<double>(quant_max);
  const double low_error = std::abs(min) - std::abs(low / scale);
  const double high_error = std::abs(max) - std::abs(high / scale);
  const double zero = low_error < high_error ? min - low / scale : max - high / scale;
  if (!(zero >= min)) return {scale, quant_min};
  if (zero > max) return {scale, quant_max};
  return {scale, static_cast<int64_t>(std::nearbyint(static_cast<float>(zero)))};
}

Choice ChooseFor(const float* values, int64_t count, int64_t quant_min, int64_t quant_max) {
  float low = std::numeric_limits<float>::infinity();
  float high = -low;
  for (int64_t i = 0; i < count; ++i) {
    low = std::min(low, values[i]);
    high = std::max(high, values[i]);
  }
  return Choose(low, high, quant_min, quant_max);
}

absl::Status CheckTypes(const Tensor& in, const Tensor& scales, const Tensor& zero_points) {
  if (in.type() == ScalarType::kFloat32 && scales.type() == ScalarType::kFloat64 &&
      zero_points.type() == ScalarType::kInt64 && in.row_major()) {
    return absl::OkStatus();
  }
  return InvalidArgument("quantisation parameters of {} can't be chosen as {} scales and {} zero points",
                         tensor::ScalarTypeName(in.type()), tensor::ScalarTypeName(scales.type()),
                         tensor::ScalarTypeName(zero_points.type()));
}

// (in, quant_min, quant_max, eps, dtype, scale, zero point).
absl::Status PrepareTensor(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(CheckTypes(ctx.tensor(0), ctx.tensor(5), ctx.tensor(6)));
  if (ctx.tensor(5).numel() != 1 || ctx.tensor(6).numel() != 1 || ctx.tensor(0).numel() == 0) {
    return InvalidArgument("one scale and one zero point are chosen for {} elements, not {} and {}",
                           ctx.tensor(0).numel(), ctx.tensor(5).numel(), ctx.tensor(6).numel());
  }
  constexpr int64_t kLimit = std::numeric_limits<int32_t>::max();
  if (ctx.integer(1) < ctx.integer(2) && ctx.integer(1) >= -kLimit - 1 && ctx.integer(2) <= kLimit) {
    return absl::OkStatus();
  }
  return InvalidArgument("{} to {} is no range to quantise to", ctx.integer(1), ctx.integer(2));
}

absl::Status RunTensor(KernelContext& ctx) {
  const Choice choice =
      ChooseFor(ctx.tensor(0).data<float>(), ctx.tensor(0).numel(), ctx.integer(1), ctx.integer(2));
  *ctx.tensor(5).data<double>() = choice.scale;
  *ctx.tensor(6).data<int64_t>() = choice.zero_point;
  return absl::OkStatus();
}

// (in [.., D], dtype, scales [.., 1], zero points [.., 1]).
absl::Status PrepareToken(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  ETD_RETURN_IF_ERROR(CheckTypes(in, ctx.tensor(2), ctx.tensor(3)));
  if (in.rank() == 0 || in.size(in.rank() - 1) == 0) {
    return InvalidArgument("a tensor of shape {} has no tokens", tensor::ShapeText(in.sizes()));
  }
  Shape shape = ShapeOf(in);
  shape.back() = 1;
  ETD_RETURN_IF_ERROR(ResizeOut(ctx.tensor(2), shape));
  return ResizeOut(ctx.tensor(3), shape);
}

absl::Status RunToken(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  const int64_t size = in.size(in.rank() - 1);
  ctx.threads().ParallelFor(ctx.tensor(2).numel(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Choice choice = ChooseFor(in.data<float>() + i * size, size, -128, 127);
      ctx.tensor(2).data<double>()[i] = choice.scale;
      ctx.tensor(3).data<int64_t>()[i] = choice.zero_point;
    }
  });
  return absl::OkStatus();
}

std::optional<kernel::RowClass> TokenRowRule(const kernel::RowQuery& query) {
  const std::optional<int> rows = RowDimOf(query, 0);
  if (!rows.has_value() || *rows == query.arguments[0]->tensor().rank() - 1) return std::nullopt;
  return kernel::RowClass::Rows(*rows);
}

}  // namespace

std::span<const Kernel> ChooseQparamsKernels() {
  using P = Parameter;
  static const Kernel kKernels[] = {
      {.name = "quantized_decomposed::choose_qparams.Tensor_out",
       .parameters = {P::kTensor, P::kInt, P::kInt, P::kDouble, P::kInt, P::kOut, P::kOut}, .prepare = PrepareTensor,
       .run = RunTensor},
      {.name = "quantized_decomposed::choose_qparams_per_token_asymmetric.out",
       .parameters = {P::kTensor, P::kInt, P::kOut, P::kOut}, .prepare = PrepareToken, .run = RunToken,
       .row_rule = TokenRowRule},
  };
  return kKernels;
}

}  // namespace etd::kernels
