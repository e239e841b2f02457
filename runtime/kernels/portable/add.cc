// aten::add, sub and rsub: a ± alpha·b.
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/arithmetic.h"
#include "runtime/kernels/portable/util/binary.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using kernel::Scalar;

constexpr size_t kAlpha = 2;
constexpr size_t kOut = 3;

absl::Status Prepare(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(PrepareOperands(ctx, ctx.tensor(kOut)));
  const tensor::ScalarType common = CommonType(ctx);
  if (ctx.scalar(kAlpha).kind == Scalar::Kind::kDouble && !tensor::IsFloating(common)) {
    return InvalidArgument("alpha is {} where the operands are {}: an integer is needed", ctx.floating(kAlpha),
                           tensor::ScalarTypeName(common));
  }
  return CheckCast(common, ctx.tensor(kOut).type());
}

absl::Status RunAdd(KernelContext& ctx) {
  VisitCompute(CommonType(ctx), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    const C alpha = ConvertScalar<C>(ctx.scalar(kAlpha));
    MapOperands<C>(ctx, ctx.tensor(kOut), [=](C a, C b) { return Add(a, Multiply(alpha, b)); });
  });
  return absl::OkStatus();
}

absl::Status RunSubtract(KernelContext& ctx) {
  VisitCompute(CommonType(ctx), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    const C alpha = ConvertScalar<C>(ctx.scalar(kAlpha));
    MapOperands<C>(ctx, ctx.tensor(kOut), [=](C a, C b) { return Subtract(a, Multiply(alpha, b)); });
  });
  return absl::OkStatus();
}

absl::Status RunReverseSubtract(KernelContext& ctx) {
  VisitCompute(CommonType(ctx), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    const C alpha = ConvertScalar<C>(ctx.scalar(kAlpha));
    MapOperands<C>(ctx, ctx.tensor(kOut), [=](C a, C b) { return Subtract(b, Multiply(alpha, a)); });
  });
  return absl::OkStatus();
}

Kernel Make(std::string_view name, Parameter second, absl::Status (*run)(KernelContext&)) {
  return {.name = name,
          .parameters = {Parameter::kTensor, second, Parameter::kScalar, Parameter::kOut},
          .prepare = Prepare,
          .run = run,
          .row_rule = kernel::BroadcastRowRule,
          .shape_ignores_numbers = true};
}

}  // namespace

std::span<const Kernel> AddKernels() {
  static const Kernel kKernels[] = {
      Make("aten::add.out", Parameter::kTensor, RunAdd),
      Make("aten::add.Scalar_out", Parameter::kScalar, RunAdd),
      Make("aten::sub.out", Parameter::kTensor, RunSubtract),
      Make("aten::sub.Scalar_out", Parameter::kScalar, RunSubtract),
      Make("aten::rsub.Scalar_out", Parameter::kScalar, RunReverseSubtract),
  };
  return kKernels;
}

}  // namespace etd::kernels
