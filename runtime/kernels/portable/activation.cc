// aten::gelu, hardtanh, leaky_relu, elu, silu, clamp, logit and glu.
#include <cmath>
#include <optional>

#include "runtime/base/status.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/arithmetic.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/elementwise.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/strided.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::ScalarType;
using tensor::Tensor;

absl::Status PrepareFloating(KernelContext& ctx, size_t out) {
  ETD_RETURN_IF_ERROR(CheckFloating(ctx.tensor(0).type()));
  ETD_RETURN_IF_ERROR(CheckSameType(ctx.tensor(0), ctx.tensor(out)));
  return ResizeOut(ctx.tensor(out), ctx.tensor(0).sizes());
}

template <size_t kOut>
absl::Status PrepareActivation(KernelContext& ctx) {
  return PrepareFloating(ctx, kOut);
}

absl::Status PrepareGelu(KernelContext& ctx) {
  if (ctx.string(1) != "none" && ctx.string(1) != "tanh") {
    return InvalidArgument("approximation \"{}\" of gelu is neither none nor tanh", ctx.string(1));
  }
  return PrepareFloating(ctx, 2);
}

template <typename C>
C GeluTanh(C x) {
  constexpr C kBeta = static_cast<C>(0.7978845608028654);  // √(2/π)
  const C inner = kBeta * (x + static_cast<C>(0.044715) * x * x * x);
  return static_cast<C>(0.5) * x * (C{1} + std::tanh(inner));
}

template <typename C>
C GeluExact(C x) {
  constexpr C kInverseRoot2 = static_cast<C>(0.7071067811865476);
  return static_cast<C>(0.5) * x * (C{1} + std::erf(x * kInverseRoot2));
}

absl::Status RunGelu(KernelContext& ctx) {
  const bool tanh = ctx.string(1) == "tanh";
  VisitFloatCompute(ctx.tensor(0).type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    Map<C>(ctx.threads(), [=](C x) { return tanh ? GeluTanh(x) : GeluExact(x); }, ctx.tensor(2), ctx.tensor(0));
  });
  return absl::OkStatus();
}

absl::Status PrepareHardtanh(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(CheckArithmetic(ctx.tensor(0).type()));
  ETD_RETURN_IF_ERROR(CheckSameType(ctx.tensor(0), ctx.tensor(3)));
  return ResizeOut(ctx.tensor(3), ctx.tensor(0).sizes());
}

absl::Status RunHardtanh(KernelContext& ctx) {
  VisitCompute(ctx.tensor(0).type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    const C low = ConvertScalar<C>(ctx.scalar(1));
    const C high = ConvertScalar<C>(ctx.scalar(2));
    Map<C>(ctx.threads(), [=](C x) { return Minimum(Maximum(x, low), high); }, ctx.tensor(3), ctx.tensor(0));
  });
  return absl::OkStatus();
}

absl::Status RunLeakyRelu(KernelContext& ctx) {
  VisitFloatCompute(ctx.tensor(0).type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    const C slope = ConvertScalar<C>(ctx.scalar(1));
    Map<C>(ctx.threads(), [=](C x) { return x >= 0 ? x : x * slope; }, ctx.tensor(2), ctx.tensor(0));
  });
  return absl::OkStatus();
}

// (in, alpha, scale, input_scale, out).
absl::Status RunElu(KernelContext& ctx) {
  VisitFloatCompute(ctx.tensor(0).type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    const C scale = ConvertScalar<C>(ctx.scalar(2));
    const C negative = ConvertScalar<C>(ctx.scalar(1)) * scale;
    const C input_scale = ConvertScalar<C>(ctx.scalar(3));
    Map<C>(ctx.threads(), [=](C x) { return x <= 0 ? std::expm1(x * input_scale) * negative : x * scale; },
           ctx.tensor(4), ctx.tensor(0));
  });
  return absl::OkStatus();
}

absl::Status RunSilu(KernelContext& ctx) {
  VisitFloatCompute(ctx.tensor(0).type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    Map<C>(ctx.threads(), [](C x) { return x / (C{1} + std::exp(-x)); }, ctx.tensor(1), ctx.tensor(0));
  });
  return absl::OkStatus();
}

// Bounds may be numbers or tensors, and each may be missing.
ScalarType ClampType(const KernelContext& ctx) {
  ScalarType type = ctx.tensor(0).type();
  for (const size_t i : {size_t{1}, size_t{2}}) {
    if (!ctx.has(i)) continue;
    const bool is_tensor = ctx.value(i).kind() == tensor::Value::Kind::kTensor;
    type = is_tensor ? PromoteTypes(type, ctx.tensor(i).type()) : PromoteWithScalar(type, ctx.scalar(i));
  }
  return type;
}

absl::Status PrepareClamp(KernelContext& ctx) {
  Tensor& out = ctx.tensor(3);
  ETD_RETURN_IF_ERROR(CheckArithmetic(ctx.tensor(0).type()));
  ETD_RETURN_IF_ERROR(CheckArithmetic(out.type()));
  if (!ctx.has(1) && !ctx.has(2)) return InvalidArgument("clamp needs a lower or an upper bound");
  const Tensor* low = &ctx.tensor(0);
  const Tensor* high = low;
  for (const size_t i : {size_t{1}, size_t{2}}) {
    if (ctx.value(i).kind() != tensor::Value::Kind::kTensor) continue;
    ETD_RETURN_IF_ERROR(CheckArithmetic(ctx.tensor(i).type()));
    (i == 1 ? low : high) = &ctx.tensor(i);
  }
  ETD_RETURN_IF_ERROR(CheckCast(ClampType(ctx), out.type()));
  return ResizeToBroadcast({&ctx.tensor(0), low, high}, out);
}

absl::Status RunClamp(KernelContext& ctx) {
  VisitCompute(ClampType(ctx), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    const std::optional<C> low = ctx.has(1) ? std::optional(ConvertScalar<C>(ctx.scalar(1))) : std::nullopt;
    const std::optional<C> high = ctx.has(2) ? std::optional(ConvertScalar<C>(ctx.scalar(2))) : std::nullopt;
    Map<C>(ctx.threads(), [=](C x) {
      if (low.has_value()) x = Maximum(x, *low);
      return high.has_value() ? Minimum(x, *high) : x;
    }, ctx.tensor(3), ctx.tensor(0));
  });
  return absl::OkStatus();
}

absl::Status RunClampTensor(KernelContext& ctx) {
  const bool has_low = ctx.has(1);
  const bool has_high = ctx.has(2);
  // A missing bound is read from the input, which bounds nothing.
  const Tensor& low = has_low ? ctx.tensor(1) : ctx.tensor(0);
  const Tensor& high = has_high ? ctx.tensor(2) : ctx.tensor(0);
  VisitCompute(ClampType(ctx), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    Map<C>(ctx.threads(), [=](C x, C least, C most) {
      if (has_low) x = Maximum(x, least);
      return has_high ? Minimum(x, most) : x;
    }, ctx.tensor(3), ctx.tensor(0), low, high);
  });
  return absl::OkStatus();
}

absl::Status PrepareLogit(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(CheckArithmetic(ctx.tensor(0).type()));
  ETD_RETURN_IF_ERROR(CheckFloating(ctx.tensor(2).type()));
  return ResizeOut(ctx.tensor(2), ctx.tensor(0).sizes());
}

absl::Status RunLogit(KernelContext& ctx) {
  VisitFloatCompute(ctx.tensor(0).type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    const std::optional<double> eps = ctx.optional_floating(1);
    Map<C>(ctx.threads(), [=](C x) {
      if (eps.has_value()) x = Minimum(Maximum(x, static_cast<C>(*eps)), static_cast<C>(1 - *eps));
      return std::log(x / (C{1} - x));
    }, ctx.tensor(2), ctx.tensor(0));
  });
  return absl::OkStatus();
}

absl::Status PrepareGlu(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  ETD_RETURN_IF_ERROR(CheckFloating(in.type()));
  ETD_RETURN_IF_ERROR(CheckSameType(in, ctx.tensor(2)));
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(ctx.integer(1), in.rank()));
  Shape shape = ShapeOf(in);
  if (in.rank() == 0 || in.size(dim) % 2 != 0) {
    return InvalidArgument("dimension {} of shape {} can't be halved", dim, tensor::ShapeText(in.sizes()));
  }
  shape[static_cast<size_t>(dim)] /= 2;
  return ResizeOut(ctx.tensor(2), shape);
}

// first half · sigmoid(second half).
absl::Status RunGlu(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  Tensor& out = ctx.tensor(2);
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(ctx.integer(1), in.rank()));
  const int64_t second = in.stride(dim) * out.size(dim);
  const auto nest = MakeLoopNest<2>(out.sizes(), {StridesOf(out), StridesOf(in)});
  VisitFloatingElements(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
    ForEachRun(nest, ctx.threads(), [&](const auto& offsets, int64_t count, const auto& strides) {
      for (int64_t i = 0; i < count; ++i) {
        const T* from = in.data<T>() + offsets[1] + i * strides[1];
        const C gate = C{1} / (C{1} + std::exp(-Convert<C>(from[second])));
        out.data<T>()[offsets[0] + i * strides[0]] = Convert<T>(Convert<C>(from[0]) * gate);
      }
    });
  });
  return absl::OkStatus();
}

std::optional<kernel::RowClass> GluRowRule(const kernel::RowQuery& query) {
  const std::optional<int> rows = RowDimOf(query, 0);
  if (!rows.has_value()) return std::nullopt;
  const auto dim = NormalizeDim(query.arguments[1]->integer(), query.arguments[0]->tensor().rank());
  if (!dim.ok() || *dim == *rows) return std::nullopt;
  return kernel::RowClass::Rows(*rows);
}

}  // namespace

std::span<const Kernel> ActivationKernels() {
  using P = Parameter;
  constexpr auto kRows = kernel::BroadcastRowRule;
  static const Kernel kKernels[] = {
      {.name = "aten::gelu.out", .parameters = {P::kTensor, P::kString, P::kOut}, .prepare = PrepareGelu,
       .run = RunGelu, .row_rule = kRows},
      {.name = "aten::hardtanh.out", .parameters = {P::kTensor, P::kScalar, P::kScalar, P::kOut},
       .prepare = PrepareHardtanh, .run = RunHardtanh, .row_rule = kRows},
      {.name = "aten::leaky_relu.out", .parameters = {P::kTensor, P::kScalar, P::kOut},
       .prepare = PrepareActivation<2>, .run = RunLeakyRelu, .row_rule = kRows},
      {.name = "aten::elu.out", .parameters = {P::kTensor, P::kScalar, P::kScalar, P::kScalar, P::kOut},
       .prepare = PrepareActivation<4>, .run = RunElu, .row_rule = kRows},
      {.name = "aten::silu.out", .parameters = {P::kTensor, P::kOut}, .prepare = PrepareActivation<1>, .run = RunSilu,
       .row_rule = kRows},
      {.name = "aten::clamp.out", .parameters = {P::kTensor, P::kOptionalScalar, P::kOptionalScalar, P::kOut},
       .prepare = PrepareClamp, .run = RunClamp, .row_rule = kRows},
      {.name = "aten::clamp.Tensor_out", .parameters = {P::kTensor, P::kOptionalTensor, P::kOptionalTensor, P::kOut},
       .prepare = PrepareClamp, .run = RunClampTensor, .row_rule = kRows},
      {.name = "aten::logit.out", .parameters = {P::kTensor, P::kOptionalDouble, P::kOut}, .prepare = PrepareLogit,
       .run = RunLogit, .row_rule = kRows},
      {.name = "aten::glu.out", .parameters = {P::kTensor, P::kInt, P::kOut}, .prepare = PrepareGlu, .run = RunGlu,
       .row_rule = GluRowRule},
  };
  return kKernels;
}

}  // namespace etd::kernels
