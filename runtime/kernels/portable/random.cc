// aten::rand, randn and native_dropout. Elements are drawn in logical order, by one thread, so that a seed decides them.

#include "runtime/base/status.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/visit_bits.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::Tensor;

// (sizes, out).
absl::Status PrepareDraw(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(CheckFloating(ctx.tensor(1).type()));
  ETD_ASSIGN_OR_RETURN(const Shape shape, ShapeFromInts(ctx.integers(0)));
  return ResizeOut(ctx.tensor(1), shape);
}

template <double (kernel::RandomStream::*kDraw)()>
absl::Status RunDraw(KernelContext& ctx) {
  Tensor& out = ctx.tensor(1);
  VisitFloatingElements(out.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    ForEachInOrder<1>(out.sizes(), {StridesOf(out)}, [&](const auto& offsets) {
      out.data<T>()[offsets[0]] = Convert<T>((ctx.random().*kDraw)());
    });
  });
  return absl::OkStatus();
}

// (in, probability, train?, out, mask): the mask is true where an element stays. Nothing is dropped outside of
// training. What stays is not scaled by 1 / (1 - probability), as in ExecuTorch and other than in PyTorch.
absl::Status PrepareDropout(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  ETD_RETURN_IF_ERROR(CheckFloating(in.type()));
  ETD_RETURN_IF_ERROR(CheckSameType(in, ctx.tensor(3)));
  if (ctx.tensor(4).type() != tensor::ScalarType::kBool) {
    return InvalidArgument("the mask of a dropout is bool, not {}", tensor::ScalarTypeName(ctx.tensor(4).type()));
  }
  const double probability = ctx.floating(1);
  if (!(probability >= 0 && probability <= 1)) {
    return InvalidArgument("{} is no probability: it must be between 0 and 1", probability);
  }
  ETD_RETURN_IF_ERROR(ResizeOut(ctx.tensor(3), in.sizes()));
  return ResizeOut(ctx.tensor(4), in.sizes());
}

absl::Status RunDropout(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  Tensor& out = ctx.tensor(3);
  Tensor& mask = ctx.tensor(4);
  const double probability = ctx.floating(1);
  const bool drops = (!ctx.has(2) || ctx.boolean(2)) && probability != 0;
  VisitFloatingElements(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    ForEachInOrder<3>(in.sizes(), {StridesOf(in), StridesOf(out), StridesOf(mask)}, [&](const auto& offsets) {
      const bool stays = !drops || ctx.random().Uniform() >= probability;
      mask.data<bool>()[offsets[2]] = stays;
      out.data<T>()[offsets[1]] = stays ? in.data<T>()[offsets[0]] : Convert<T>(0.0f);
    });
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> RandomKernels() {
  using P = Parameter;
  using kernel::RandomStream;
  static const Kernel kKernels[] = {
      {.name = "aten::rand.out", .parameters = {P::kIntList, P::kOut}, .prepare = PrepareDraw,
       .run = RunDraw<&RandomStream::Uniform>, .draws_numbers = true},
      {.name = "aten::randn.out", .parameters = {P::kIntList, P::kOut}, .prepare = PrepareDraw,
       .run = RunDraw<&RandomStream::Normal>, .draws_numbers = true},
      {.name = "aten::native_dropout.out",
       .parameters = {P::kTensor, P::kDouble, P::kOptionalBool, P::kOut, P::kOut}, .prepare = PrepareDropout,
       .run = RunDropout, .draws_numbers = true},
  };
  return kKernels;
}

}  // namespace etd::kernels
