// aten::bitwise_and, or, xor, not and the shifts: integers and bool.
#include <functional>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/binary.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::ScalarType;

absl::Status CheckBits(ScalarType type) {
  if (IsArithmetic(type) && !tensor::IsFloating(type)) return absl::OkStatus();
  return InvalidArgument("bits of {} tensors can't be combined: an integer or bool type is needed",
                         tensor::ScalarTypeName(type));
}

// The integer and bool part of VisitCompute.
template <typename Visitor>
void VisitBits(ScalarType type, const Visitor& visitor) {
  VisitCompute(type, [&](auto tag) {
    if constexpr (std::is_integral_v<typename decltype(tag)::Type>) visitor(tag);
  });
}

absl::Status Prepare(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(PreparePromoted(ctx));
  return CheckBits(CommonType(ctx));
}

template <typename Operation>
absl::Status Run(KernelContext& ctx) {
  VisitBits(CommonType(ctx), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    MapOperands<C>(ctx, ctx.tensor(2), [](C a, C b) { return static_cast<C>(Operation()(a, b)); });
  });
  return absl::OkStatus();
}

// Shifting by more bits than there are leaves 0, or the sign to the right; a negative distance counts as too many.
template <typename C>
C ShiftLeft(C value, C distance) {
  if (distance < C{0} || static_cast<uint64_t>(distance) >= 8 * sizeof(C)) return C{0};
  return static_cast<C>(static_cast<uint64_t>(value) << static_cast<uint64_t>(distance));
}
template <typename C>
C ShiftRight(C value, C distance) {
  constexpr uint64_t kBits = 8 * sizeof(C);
  const bool too_many = distance < C{0} || static_cast<uint64_t>(distance) >= kBits;
  if (too_many) return value < C{0} ? static_cast<C>(~C{0}) : C{0};
  return static_cast<C>(value >> distance);
}

template <bool kLeft>
absl::Status RunShift(KernelContext& ctx) {
  VisitBits(CommonType(ctx), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    if constexpr (!std::is_same_v<C, bool>) {
      MapOperands<C>(ctx, ctx.tensor(2), [](C a, C b) { return kLeft ? ShiftLeft(a, b) : ShiftRight(a, b); });
    }
  });
  return absl::OkStatus();
}

absl::Status PrepareShift(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(Prepare(ctx));
  if (CommonType(ctx) != ScalarType::kBool) return absl::OkStatus();
  return InvalidArgument("bool tensors can't be shifted");
}

absl::Status PrepareNot(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(CheckBits(ctx.tensor(0).type()));
  ETD_RETURN_IF_ERROR(CheckSameType(ctx.tensor(0), ctx.tensor(1)));
  return ctx.tensor(1).Resize(ctx.tensor(0).sizes());
}

absl::Status RunNot(KernelContext& ctx) {
  VisitBits(ctx.tensor(0).type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    if constexpr (std::is_same_v<C, bool>) {
      Map<bool>(ctx.threads(), [](bool a) { return !a; }, ctx.tensor(1), ctx.tensor(0));
    } else {
      Map<C>(ctx.threads(), [](C a) { return static_cast<C>(~a); }, ctx.tensor(1), ctx.tensor(0));
    }
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> BitwiseKernels() {
  static const Kernel kKernels[] = {
      TensorTensorKernel("aten::bitwise_and.Tensor_out", Prepare, Run<std::bit_and<>>),
      TensorScalarKernel("aten::bitwise_and.Scalar_out", Prepare, Run<std::bit_and<>>),
      TensorTensorKernel("aten::bitwise_or.Tensor_out", Prepare, Run<std::bit_or<>>),
      TensorScalarKernel("aten::bitwise_or.Scalar_out", Prepare, Run<std::bit_or<>>),
      TensorTensorKernel("aten::bitwise_xor.Tensor_out", Prepare, Run<std::bit_xor<>>),
      TensorScalarKernel("aten::bitwise_xor.Scalar_out", Prepare, Run<std::bit_xor<>>),
      TensorTensorKernel("aten::bitwise_left_shift.Tensor_out", PrepareShift, RunShift<true>),
      TensorScalarKernel("aten::bitwise_left_shift.Tensor_Scalar_out", PrepareShift, RunShift<true>),
      TensorTensorKernel("aten::bitwise_right_shift.Tensor_out", PrepareShift, RunShift<false>),
      TensorScalarKernel("aten::bitwise_right_shift.Tensor_Scalar_out", PrepareShift, RunShift<false>),
      {.name = "aten::bitwise_not.out",
       .parameters = {Parameter::kTensor, Parameter::kOut},
       .prepare = PrepareNot,
       .run = RunNot,
       .row_rule = kernel::BroadcastRowRule,
          .shape_ignores_numbers = true},
  };
  return kKernels;
}

}  // namespace etd::kernels
