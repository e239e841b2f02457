// aten::pow. float is computed in float, integers in double.
#include <cmath>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/binary.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::ScalarType;

absl::Status Run(KernelContext& ctx) {
  const ScalarType common = ComputeType(CommonType(ctx));
  VisitFloatCompute(tensor::IsFloating(common) ? common : ScalarType::kFloat64, [&](auto tag) {
    using C = typename decltype(tag)::Type;
    MapOperands<C>(ctx, ctx.tensor(2), [](C a, C b) { return std::pow(a, b); });
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> PowKernels() {
  static const Kernel kKernels[] = {
      TensorTensorKernel("aten::pow.Tensor_Tensor_out", PreparePromoted, Run),
      TensorScalarKernel("aten::pow.Tensor_Scalar_out", PreparePromoted, Run),
      BinaryKernel("aten::pow.Scalar_out", Parameter::kScalar, Parameter::kTensor, PreparePromoted, Run),
  };
  return kKernels;
}

}  // namespace etd::kernels
