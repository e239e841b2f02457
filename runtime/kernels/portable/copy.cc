// aten::copy and aten::copy_: the values of one tensor in the shape and type of another.
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/strided_copy.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using tensor::Tensor;

absl::Status CheckCopy(const KernelContext& context) {
  const Tensor& self = context.tensor(0);
  const Tensor& source = context.tensor(1);
  if (context.boolean(2)) return InvalidArgument("a non-blocking copy is not supported");
  if (!BroadcastsTo(source.sizes(), self.sizes())) {
    return InvalidArgument("shape {} can't be copied to shape {}", tensor::ShapeText(source.sizes()),
                           tensor::ShapeText(self.sizes()));
  }
  return absl::OkStatus();
}

void CopyBroadcast(const Tensor& source, Tensor& target, threads::ThreadPool& threads) {
  // The same tensor on both sides: nothing to do, and memory may not be copied onto itself.
  if (source.raw() == target.raw() && source.type() == target.type()) return;
  StridedCopy(target.sizes(), {source.raw(), BroadcastStrides(source, target.sizes()), source.type()},
              {target.raw(), StridesOf(target), target.type()}, threads);
}

absl::Status Prepare(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckCopy(context));
  ETD_RETURN_IF_ERROR(CheckSameType(context.tensor(0), context.tensor(3)));
  return ResizeOut(context.tensor(3), context.tensor(0).sizes());
}

absl::Status Run(KernelContext& context) {
  CopyBroadcast(context.tensor(1), context.tensor(3), context.threads());
  return absl::OkStatus();
}

absl::Status PrepareInPlace(KernelContext& context) { return CheckCopy(context); }

absl::Status RunInPlace(KernelContext& context) {
  CopyBroadcast(context.tensor(1), context.tensor(0), context.threads());
  return absl::OkStatus();
}

}  // namespace

std::span<const kernel::Kernel> CopyKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::copy.out",
       .parameters = {Parameter::kTensor, Parameter::kTensor, Parameter::kBool, Parameter::kOut},
       .prepare = Prepare,
       .run = Run,
       .row_rule = kernel::BroadcastRowRule},
      {.name = "aten::copy_",
       .parameters = {Parameter::kTensor, Parameter::kTensor, Parameter::kBool},
       .prepare = PrepareInPlace,
       .run = RunInPlace,
       .mutates = {0}},
  };
  return kKernels;
}

}  // namespace etd::kernels
