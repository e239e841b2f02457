// quantized_decomposed::mixed_mm and mixed_linear: floating activations, int8 weights with scales.
#include "runtime/base/status.h"
#include "runtime/kernels/llm/kernels.h"
#include "runtime/kernels/portable/util/elementwise.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::ScalarType;
using tensor::ShapeText;
using tensor::Tensor;

// What both operators share: (in [M, K], weight, scales, zero_points?, …).
absl::Status CheckOperands(KernelContext& ctx, int64_t inner) {
  const Tensor& in = ctx.tensor(0);
  const Tensor& weight = ctx.tensor(1);
  const Tensor& scales = ctx.tensor(2);
  if (ctx.has(3)) return InvalidArgument("zero points of int8 weights are not supported here: quantise symmetrically");
  if ((in.type() != ScalarType::kFloat32 && in.type() != ScalarType::kFloat16) || scales.type() != in.type() ||
      weight.type() != ScalarType::kInt8) {
    return InvalidArgument("{} activations, {} weights and {} scales can't be multiplied",
                           tensor::ScalarTypeName(in.type()), tensor::ScalarTypeName(weight.type()),
                           tensor::ScalarTypeName(scales.type()));
  }
  for (const Tensor* tensor : {&in, &weight, &scales}) {
    if (!tensor->row_major()) return InvalidArgument("quantised products need row-major tensors");
  }
  if (in.rank() == 2 && weight.rank() == 2 && in.size(1) == inner) return absl::OkStatus();
  return InvalidArgument("shapes {} and {} can't be multiplied", ShapeText(in.sizes()), ShapeText(weight.sizes()));
}

float At(const Tensor& tensor, int64_t offset) {
  float value = 0;
  return *LoadRun<float>(tensor.type(), tensor.raw(), offset, 1, 1, &value);
}

// mixed_mm: weight [K, N], one scale for each of the K rows.
absl::Status PrepareMm(KernelContext& ctx) {
  const Tensor& weight = ctx.tensor(1);
  const Tensor& scales = ctx.tensor(2);
  Tensor& out = ctx.tensor(4);
  ETD_RETURN_IF_ERROR(CheckOperands(ctx, weight.rank() == 2 ? weight.size(0) : -1));
  ETD_RETURN_IF_ERROR(CheckSameType(out, ctx.tensor(0)));
  if (scales.rank() != 1 || scales.size(0) != weight.size(0)) {
    return InvalidArgument("scales of shape {} do not fit weights of shape {}", ShapeText(scales.sizes()),
                           ShapeText(weight.sizes()));
  }
  return ResizeOut(out, Shape{ctx.tensor(0).size(0), weight.size(1)});
}

absl::Status RunMm(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  const Tensor& weight = ctx.tensor(1);
  Tensor& out = ctx.tensor(4);
  for (int64_t row = 0; row < in.size(0); ++row) {
    for (int64_t column = 0; column < weight.size(1); ++column) {
      float sum = 0;
      for (int64_t k = 0; k < in.size(1); ++k) {
        sum += At(in, row * in.size(1) + k) * At(weight, k * weight.size(1) + column) * At(ctx.tensor(2), k);
      }
      StoreRun<float>(out.type(), out.raw(), row * out.stride(0) + column * out.stride(1), 1, 1, &sum);
    }
  }
  return absl::OkStatus();
}

// mixed_linear: weight [N, K], scales [N] or [N, groups].
absl::Status PrepareLinear(KernelContext& ctx) {
  const Tensor& weight = ctx.tensor(1);
  const Tensor& scales = ctx.tensor(2);
  Tensor& out = ctx.tensor(5);
  ETD_RETURN_IF_ERROR(CheckOperands(ctx, weight.rank() == 2 ? weight.size(1) : -1));
  if (!tensor::IsFloating(out.type())) {
    return InvalidArgument("a product of floats can't be written to {}", tensor::ScalarTypeName(out.type()));
  }
  const bool fits = (scales.rank() == 1 || scales.rank() == 2) && scales.size(0) == weight.size(0) &&
                    (scales.rank() == 1 || scales.size(1) > 0);
  if (!fits) {
    return InvalidArgument("scales of shape {} do not fit weights of shape {}", ShapeText(scales.sizes()),
                           ShapeText(weight.sizes()));
  }
  return ResizeOut(out, Shape{ctx.tensor(0).size(0), weight.size(0)});
}

absl::Status RunLinear(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  const Tensor& weight = ctx.tensor(1);
  const Tensor& scales = ctx.tensor(2);
  Tensor& out = ctx.tensor(5);
  const int64_t inner = in.size(1);
  const int64_t groups = scales.rank() == 2 ? scales.size(1) : 1;
  // The last group may be shorter.
  const int64_t group = std::max<int64_t>(1, (inner + groups - 1) / groups);
  for (int64_t row = 0; row < in.size(0); ++row) {
    for (int64_t column = 0; column < weight.size(0); ++column) {
      float sum = 0;
      for (int64_t begin = 0; begin < inner; begin += group) {
        float part = 0;
        for (int64_t k = begin; k < std::min(begin + group, inner); ++k) {
          part += At(in, row * inner + k) * At(weight, column * inner + k);
        }
        sum += part * At(scales, column * groups + begin / group);
      }
      StoreRun<float>(out.type(), out.raw(), row * out.stride(0) + column * out.stride(1), 1, 1, &sum);
    }
  }
  return absl::OkStatus();
}

std::optional<kernel::RowClass> MixedRowRule(const kernel::RowQuery& query) {
  const bool uniform_weights = query.classes[1].uniform() && query.classes[2].uniform();
  if (query.classes[0] == kernel::RowClass::Rows(0) && uniform_weights) return kernel::RowClass::Rows(0);
  return std::nullopt;
}

}  // namespace

std::span<const Kernel> MixedMatmulKernels() {
  using P = Parameter;
  static const Kernel kKernels[] = {
      {.name = "quantized_decomposed::mixed_mm.out",
       .parameters = {P::kTensor, P::kTensor, P::kTensor, P::kOptionalTensor, P::kOut}, .prepare = PrepareMm,
       .run = RunMm, .row_rule = MixedRowRule},
      {.name = "quantized_decomposed::mixed_linear.out",
       .parameters = {P::kTensor, P::kTensor, P::kTensor, P::kOptionalTensor, P::kOptionalInt, P::kOut},
       .prepare = PrepareLinear, .run = RunLinear, .row_rule = MixedRowRule},
  };
  return kKernels;
}

}  // namespace etd::kernels
