// Operators of two operands that only differ in the function of two numbers.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_BINARY_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_BINARY_H_

#include <atomic>
#include <string_view>

#include "absl/status/status.h"
#include "runtime/base/status.h"
#include "runtime/kernel/kernel.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/elementwise.h"
#include "runtime/kernels/portable/util/promote.h"

namespace etd::kernels {

// The type that arguments 0 and 1 are combined in; each is a tensor or a number, at least one a tensor.
inline tensor::ScalarType CommonType(const kernel::KernelContext& ctx) {
  const auto is_tensor = [&](size_t i) { return ctx.value(i).kind() == tensor::Value::Kind::kTensor; };
  if (!is_tensor(0)) return PromoteWithScalar(ctx.tensor(1).type(), ctx.scalar(0));
  if (!is_tensor(1)) return PromoteWithScalar(ctx.tensor(0).type(), ctx.scalar(1));
  return PromoteTypes(ctx.tensor(0).type(), ctx.tensor(1).type());
}

// Checks that both operands have arithmetic types and gives `out` their broadcast shape.
inline absl::Status PrepareOperands(kernel::KernelContext& ctx, tensor::Tensor& out) {
  const tensor::Tensor* operands[2] = {};
  for (size_t i = 0; i < 2; ++i) {
    if (ctx.value(i).kind() != tensor::Value::Kind::kTensor) continue;
    operands[i] = &ctx.tensor(i);
    ETD_RETURN_IF_ERROR(CheckArithmetic(operands[i]->type()));
  }
  ETD_RETURN_IF_ERROR(CheckArithmetic(out.type()));
  if (operands[0] == nullptr) return ResizeToBroadcast({operands[1]}, out);
  if (operands[1] == nullptr) return ResizeToBroadcast({operands[0]}, out);
  return ResizeToBroadcast({operands[0], operands[1]}, out);
}

// out = function(operand 0, operand 1), both as C. A number is a tensor of no dimensions.
template <typename C, typename Function>
void MapOperands(kernel::KernelContext& ctx, tensor::Tensor& out, const Function& function) {
  C numbers[2] = {};
  tensor::Tensor operands[2];
  for (size_t i = 0; i < 2; ++i) {
    if (ctx.value(i).kind() == tensor::Value::Kind::kTensor) {
      operands[i] = ctx.tensor(i);
    } else {
      numbers[i] = ConvertScalar<C>(ctx.scalar(i));
      operands[i] = tensor::Tensor(ComputeTypeOf<C>(), {}, &numbers[i]);
    }
  }
  Map<C>(ctx.threads(), function, out, operands[0], operands[1]);
}

// (operand, operand, out) with the result in the promoted type.
inline absl::Status PreparePromoted(kernel::KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(PrepareOperands(ctx, ctx.tensor(2)));
  return CheckCast(CommonType(ctx), ctx.tensor(2).type());
}

template <typename Operation>
absl::Status RunPromoted(kernel::KernelContext& ctx) {
  VisitCompute(CommonType(ctx), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    MapOperands<C>(ctx, ctx.tensor(2), [](C a, C b) { return Operation()(a, b); });
  });
  return absl::OkStatus();
}

// The same for divisions: an integer divisor of 0 is an error.
template <typename Operation>
absl::Status RunPromotedDivision(kernel::KernelContext& ctx) {
  std::atomic<bool> divided_by_zero = false;
  VisitCompute(CommonType(ctx), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    MapOperands<C>(ctx, ctx.tensor(2), [&](C a, C b) {
      if constexpr (std::is_integral_v<C>) {
        if (b == C{0}) {
          divided_by_zero = true;
          return C{0};
        }
      }
      return Operation()(a, b);
    });
  });
  if (divided_by_zero) return InvalidArgument("an integer is divided by zero");
  return absl::OkStatus();
}

// Kernels of (Tensor, Tensor, out) or, with a number for one of them, of (Tensor, Scalar, out) and (Scalar, Tensor,
// out).
inline kernel::Kernel BinaryKernel(std::string_view name, kernel::Parameter first, kernel::Parameter second,
                                   absl::Status (*prepare)(kernel::KernelContext&),
                                   absl::Status (*run)(kernel::KernelContext&)) {
  return {.name = name,
          .parameters = {first, second, kernel::Parameter::kOut},
          .prepare = prepare,
          .run = run,
          .row_rule = kernel::BroadcastRowRule,
          .shape_ignores_numbers = true};
}
inline kernel::Kernel TensorTensorKernel(std::string_view name, absl::Status (*prepare)(kernel::KernelContext&),
                                         absl::Status (*run)(kernel::KernelContext&)) {
  return BinaryKernel(name, kernel::Parameter::kTensor, kernel::Parameter::kTensor, prepare, run);
}
inline kernel::Kernel TensorScalarKernel(std::string_view name, absl::Status (*prepare)(kernel::KernelContext&),
                                         absl::Status (*run)(kernel::KernelContext&)) {
  return BinaryKernel(name, kernel::Parameter::kTensor, kernel::Parameter::kScalar, prepare, run);
}

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_BINARY_H_
