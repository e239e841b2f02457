// aten::eq, ne, lt, le, gt, ge and logical_and, or, xor: two operands, a truth value.
#include <functional>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/binary.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;

absl::Status Prepare(KernelContext& ctx) { return PrepareOperands(ctx, ctx.tensor(2)); }

template <typename Relation>
absl::Status RunCompare(KernelContext& ctx) {
  VisitCompute(CommonType(ctx), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    MapOperands<C>(ctx, ctx.tensor(2), [](C a, C b) -> bool { return Relation()(a, b); });
  });
  return absl::OkStatus();
}

template <typename Relation>
absl::Status RunLogical(KernelContext& ctx) {
  Map<bool>(ctx.threads(), [](bool a, bool b) -> bool { return Relation()(a, b); }, ctx.tensor(2), ctx.tensor(0),
            ctx.tensor(1));
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> CompareKernels() {
  static const Kernel kKernels[] = {
      TensorTensorKernel("aten::eq.Tensor_out", Prepare, RunCompare<std::equal_to<>>),
      TensorScalarKernel("aten::eq.Scalar_out", Prepare, RunCompare<std::equal_to<>>),
      TensorTensorKernel("aten::ne.Tensor_out", Prepare, RunCompare<std::not_equal_to<>>),
      TensorScalarKernel("aten::ne.Scalar_out", Prepare, RunCompare<std::not_equal_to<>>),
      TensorTensorKernel("aten::lt.Tensor_out", Prepare, RunCompare<std::less<>>),
      TensorScalarKernel("aten::lt.Scalar_out", Prepare, RunCompare<std::less<>>),
      TensorTensorKernel("aten::le.Tensor_out", Prepare, RunCompare<std::less_equal<>>),
      TensorScalarKernel("aten::le.Scalar_out", Prepare, RunCompare<std::less_equal<>>),
      TensorTensorKernel("aten::gt.Tensor_out", Prepare, RunCompare<std::greater<>>),
      TensorScalarKernel("aten::gt.Scalar_out", Prepare, RunCompare<std::greater<>>),
      TensorTensorKernel("aten::ge.Tensor_out", Prepare, RunCompare<std::greater_equal<>>),
      TensorScalarKernel("aten::ge.Scalar_out", Prepare, RunCompare<std::greater_equal<>>),
      TensorTensorKernel("aten::logical_and.out", Prepare, RunLogical<std::logical_and<>>),
      TensorTensorKernel("aten::logical_or.out", Prepare, RunLogical<std::logical_or<>>),
      TensorTensorKernel("aten::logical_xor.out", Prepare, RunLogical<std::not_equal_to<>>),
  };
  return kKernels;
}

}  // namespace etd::kernels
