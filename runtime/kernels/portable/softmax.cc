// aten::_softmax and _log_softmax along one dimension; half types are computed in float.
#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/base/status.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/softmax.h"
#include "runtime/kernels/portable/util/strided.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::Tensor;

// One line of `count` elements, `in_stride` and `out_stride` apart.
template <typename T, typename C, bool kLog>
void Line(const T* in, int64_t in_stride, T* out, int64_t out_stride, int64_t count) {
  C largest = -std::numeric_limits<C>::infinity();
  for (int64_t i = 0; i < count; ++i) largest = std::max(largest, Convert<C>(in[i * in_stride]));
  C sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(Convert<C>(in[i * in_stride]) - largest);
  const C log_sum = std::log(sum);
  for (int64_t i = 0; i < count; ++i) {
    const C distance = Convert<C>(in[i * in_stride]) - largest;
    out[i * out_stride] = Convert<T>(kLog ? distance - log_sum : std::exp(distance) / sum);
  }
}

template <bool kLog>
absl::Status Run(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  Tensor& out = ctx.tensor(3);
  if (in.numel() == 0) return absl::OkStatus();
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(ctx.integer(1), in.rank()));
  const int64_t count = in.rank() == 0 ? 1 : in.size(dim);
  const int64_t in_stride = in.rank() == 0 ? 1 : in.stride(dim);
  const int64_t out_stride = in.rank() == 0 ? 1 : out.stride(dim);
  // Every line starts where the others are and `dim` is 0.
  Shape lines = ShapeOf(in);
  if (in.rank() > 0) lines[static_cast<size_t>(dim)] = 1;
  const auto nest = MakeLoopNest<2>(lines, {StridesOf(out), StridesOf(in)});
  VisitFloatingElements(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
    ForEachRun(nest, ctx.threads(), [&](const auto& offsets, int64_t run, const auto& strides) {
      for (int64_t i = 0; i < run; ++i) {
        Line<T, C, kLog>(in.data<T>() + offsets[1] + i * strides[1], in_stride,
                         out.data<T>() + offsets[0] + i * strides[0], out_stride, count);
      }
    });
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> SoftmaxKernels() {
  using P = Parameter;
  static const Kernel kKernels[] = {
      {.name = "aten::_softmax.out", .parameters = {P::kTensor, P::kInt, P::kBool, P::kOut}, .prepare = PrepareSoftmax,
       .run = Run<false>, .row_rule = SoftmaxRowRule},
      {.name = "aten::_log_softmax.out", .parameters = {P::kTensor, P::kInt, P::kBool, P::kOut},
       .prepare = PrepareSoftmax, .run = Run<true>, .row_rule = SoftmaxRowRule},
  };
  return kKernels;
}

}  // namespace etd::kernels
