// aten::div in its three rounding modes, floor_divide, remainder and fmod.
#include <atomic>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/arithmetic.h"
#include "runtime/kernels/portable/util/binary.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::ScalarType;

struct Floored {
  template <typename C>
  C operator()(C a, C b) const {
    return DivideFloored(a, b);
  }
};
struct PythonRemainder {
  template <typename C>
  C operator()(C a, C b) const {
    return Remainder(a, b);
  }
};
struct CRemainder {
  template <typename C>
  C operator()(C a, C b) const {
    return RemainderTruncated(a, b);
  }
};

// True division of integers is done in float.
absl::Status PrepareTrue(KernelContext& ctx, size_t out) {
  ETD_RETURN_IF_ERROR(PrepareOperands(ctx, ctx.tensor(out)));
  return CheckFloating(ctx.tensor(out).type());
}

absl::Status RunTrue(KernelContext& ctx, size_t out) {
  VisitFloatCompute(CommonType(ctx), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    MapOperands<C>(ctx, ctx.tensor(out), [](C a, C b) { return a / b; });
  });
  return absl::OkStatus();
}

absl::Status PrepareDiv(KernelContext& ctx) { return PrepareTrue(ctx, 2); }
absl::Status RunDiv(KernelContext& ctx) { return RunTrue(ctx, 2); }

constexpr size_t kMode = 2;
constexpr size_t kModeOut = 3;

absl::Status PrepareMode(KernelContext& ctx) {
  if (!ctx.has(kMode)) return PrepareTrue(ctx, kModeOut);
  if (ctx.string(kMode) != "trunc" && ctx.string(kMode) != "floor") {
    return InvalidArgument("rounding mode \"{}\" is neither trunc nor floor", ctx.string(kMode));
  }
  ETD_RETURN_IF_ERROR(PrepareOperands(ctx, ctx.tensor(kModeOut)));
  return CheckCast(CommonType(ctx), ctx.tensor(kModeOut).type());
}

absl::Status RunMode(KernelContext& ctx) {
  if (!ctx.has(kMode)) return RunTrue(ctx, kModeOut);
  const bool floor = ctx.string(kMode) == "floor";
  std::atomic<bool> divided_by_zero = false;
  VisitCompute(CommonType(ctx), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    MapOperands<C>(ctx, ctx.tensor(kModeOut), [&](C a, C b) {
      if (std::is_integral_v<C> && b == C{0}) {
        divided_by_zero = true;
        return C{0};
      }
      return floor ? DivideFloored(a, b) : DivideTruncated(a, b);
    });
  });
  if (divided_by_zero) return InvalidArgument("an integer is divided by zero");
  return absl::OkStatus();
}

Kernel ModeKernel(std::string_view name, Parameter second) {
  return {.name = name,
          .parameters = {Parameter::kTensor, second, Parameter::kOptionalString, Parameter::kOut},
          .prepare = PrepareMode,
          .run = RunMode,
          .row_rule = kernel::BroadcastRowRule,
          .shape_ignores_numbers = true};
}

}  // namespace

std::span<const Kernel> DivKernels() {
  static const Kernel kKernels[] = {
      TensorTensorKernel("aten::div.out", PrepareDiv, RunDiv),
      TensorScalarKernel("aten::div.Scalar_out", PrepareDiv, RunDiv),
      ModeKernel("aten::div.out_mode", Parameter::kTensor),
      ModeKernel("aten::div.Scalar_mode_out", Parameter::kScalar),
      TensorTensorKernel("aten::floor_divide.out", PreparePromoted, RunPromotedDivision<Floored>),
      TensorTensorKernel("aten::remainder.Tensor_out", PreparePromoted, RunPromotedDivision<PythonRemainder>),
      TensorScalarKernel("aten::remainder.Scalar_out", PreparePromoted, RunPromotedDivision<PythonRemainder>),
      TensorTensorKernel("aten::fmod.Tensor_out", PreparePromoted, RunPromotedDivision<CRemainder>),
      TensorScalarKernel("aten::fmod.Scalar_out", PreparePromoted, RunPromotedDivision<CRemainder>),
  };
  return kKernels;
}

}  // namespace etd::kernels
