// aten::mul, minimum, maximum and atan2.
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/arithmetic.h"
#include "runtime/kernels/portable/util/binary.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;

struct Product {
  template <typename C>
  C operator()(C a, C b) const {
    return Multiply(a, b);
  }
};
struct Smaller {
  template <typename C>
  C operator()(C a, C b) const {
    return Minimum(a, b);
  }
};
struct Larger {
  template <typename C>
  C operator()(C a, C b) const {
    return Maximum(a, b);
  }
};

absl::Status PrepareAtan2(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(PrepareOperands(ctx, ctx.tensor(2)));
  return CheckFloating(ctx.tensor(2).type());
}

absl::Status RunAtan2(KernelContext& ctx) {
  VisitFloatCompute(CommonType(ctx), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    Map<C>(ctx.threads(), [](C a, C b) { return std::atan2(a, b); }, ctx.tensor(2), ctx.tensor(0), ctx.tensor(1));
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> MulKernels() {
  static const Kernel kKernels[] = {
      TensorTensorKernel("aten::mul.out", PreparePromoted, RunPromoted<Product>),
      TensorScalarKernel("aten::mul.Scalar_out", PreparePromoted, RunPromoted<Product>),
      TensorTensorKernel("aten::minimum.out", PreparePromoted, RunPromoted<Smaller>),
      TensorTensorKernel("aten::maximum.out", PreparePromoted, RunPromoted<Larger>),
      TensorTensorKernel("aten::atan2.out", PrepareAtan2, RunAtan2),
  };
  return kKernels;
}

}  // namespace etd::kernels
