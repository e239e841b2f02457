// Copies into another element type or memory order.
#include <array>
#include <utility>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/strided_copy.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using tensor::Tensor;

// torch.memory_format as programs store it.
constexpr int64_t kContiguous = 0;
constexpr int64_t kPreserve = 1;

absl::Status CheckBlocking(bool non_blocking) {
  return non_blocking ? InvalidArgument("a non-blocking copy is not supported") : absl::OkStatus();
}

// Gives `out` the memory order that argument `i` lists; without one, the order of `in` (of the same rank).
absl::Status TakeDimOrder(const KernelContext& context, size_t i, Tensor& out) {
  const kernel::IntVector dims = context.integers(i);
  std::array<bool, tensor::kMaxRank> seen{};
  std::array<uint8_t, tensor::kMaxRank> order{};
  if (dims.size() != out.sizes().size()) {
    return InvalidArgument("a memory order of {} dimensions for a tensor of rank {}", dims.size(), out.rank());
  }
  for (size_t d = 0; d < dims.size(); ++d) {
    if (dims[d] < 0 || dims[d] >= out.rank() || std::exchange(seen[static_cast<size_t>(dims[d])], true)) {
      return InvalidArgument("memory order entry {} is {}: not a permutation", d, dims[d]);
    }
    order[d] = static_cast<uint8_t>(dims[d]);
  }
  out.SetDimOrder(order);
  return absl::OkStatus();
}

// _to_copy(self, non_blocking, memory_format, out)
absl::Status PrepareToCopy(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckBlocking(context.boolean(1)));
  const int64_t format = context.optional_integer(2).value_or(kContiguous);
  if (format != kContiguous && format != kPreserve) return InvalidArgument("memory format {} is not supported", format);
  return ResizeOut(context.tensor(3), context.tensor(0).sizes());
}

// _to_dim_order_copy and _clone_dim_order(self, non_blocking, dim_order, out)
absl::Status PrepareDimOrderCopy(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(3);
  ETD_RETURN_IF_ERROR(CheckBlocking(context.boolean(1)));
  ETD_RETURN_IF_ERROR(ResizeOut(out, in.sizes()));
  if (context.has(2)) return TakeDimOrder(context, 2, out);
  out.SetDimOrder(in.dim_order());
  return absl::OkStatus();
}

absl::Status PrepareCloneDimOrder(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckSameType(context.tensor(0), context.tensor(3)));
  return PrepareDimOrderCopy(context);
}

absl::Status Run(KernelContext& context) {
  CopyTensor(context.tensor(0), context.tensor(3), context.threads());
  return absl::OkStatus();
}

// _empty_dim_order(size, dim_order, out)
absl::Status PrepareEmpty(KernelContext& context) {
  Tensor& out = context.tensor(2);
  ETD_ASSIGN_OR_RETURN(const Shape shape, ShapeFromInts(context.integers(0)));
  ETD_RETURN_IF_ERROR(ResizeOut(out, shape));
  return context.has(1) ? TakeDimOrder(context, 1, out) : absl::OkStatus();
}

// The contents are whatever was there.
absl::Status RunEmpty(KernelContext&) { return absl::OkStatus(); }

}  // namespace

std::span<const kernel::Kernel> ToCopyKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::_to_copy.out",
       .parameters = {Parameter::kTensor, Parameter::kBool, Parameter::kOptionalInt, Parameter::kOut},
       .prepare = PrepareToCopy,
       .run = Run,
       .row_rule = SameRows},
      {.name = "dim_order_ops::_to_dim_order_copy.out",
       .parameters = {Parameter::kTensor, Parameter::kBool, Parameter::kOptionalIntList, Parameter::kOut},
       .prepare = PrepareDimOrderCopy,
       .run = Run,
       .row_rule = SameRows},
      {.name = "dim_order_ops::_clone_dim_order.out",
       .parameters = {Parameter::kTensor, Parameter::kBool, Parameter::kOptionalIntList, Parameter::kOut},
       .prepare = PrepareCloneDimOrder,
       .run = Run,
       .row_rule = SameRows},
      {.name = "dim_order_ops::_empty_dim_order.out",
       .parameters = {Parameter::kIntList, Parameter::kOptionalIntList, Parameter::kOut},
       .prepare = PrepareEmpty,
       .run = RunEmpty},
  };
  return kKernels;
}

}  // namespace etd::kernels
