// aten::expand_copy: dimensions of size 1 are repeated.
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/strided_copy.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::RowClass;
using kernel::RowQuery;
using tensor::Tensor;

absl::Status Prepare(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(3);
  ETD_RETURN_IF_ERROR(CheckSameType(in, out));
  if (context.boolean(2)) return InvalidArgument("an implicit expand is not supported");
  kernel::IntVector sizes = context.integers(1);
  const size_t rank = in.sizes().size();
  if (sizes.size() < rank) {
    return InvalidArgument("{} sizes can't expand a tensor of rank {}", sizes.size(), rank);
  }
  // -1 keeps the size that a dimension has.
  for (size_t i = 0; i < rank; ++i) {
    int64_t& size = sizes[sizes.size() - rank + i];
    if (size == -1) size = in.sizes()[i];
  }
  ETD_ASSIGN_OR_RETURN(const Shape shape, ShapeFromInts(sizes));
  if (!BroadcastsTo(in.sizes(), shape)) {
    return InvalidArgument("shape {} doesn't expand to {}", tensor::ShapeText(in.sizes()), tensor::ShapeText(shape));
  }
  return ResizeOut(out, shape);
}

absl::Status Run(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(3);
  StridedCopy(out.sizes(), {in.raw(), BroadcastStrides(in, out.sizes()), in.type()},
              {out.raw(), StridesOf(out), out.type()}, context.threads());
  return absl::OkStatus();
}

// Rows stay rows unless it is their dimension that is repeated.
std::optional<RowClass> Rows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  if (!row.has_value()) return std::nullopt;
  const Tensor& in = query.arguments[0]->tensor();
  const Tensor& out = query.arguments[3]->tensor();
  const int dim = *row + out.rank() - in.rank();
  if (in.size(*row) != out.size(dim)) return std::nullopt;
  return RowClass::Rows(dim);
}

}  // namespace

std::span<const kernel::Kernel> ExpandCopyKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::expand_copy.out",
       .parameters = {Parameter::kTensor, Parameter::kIntList, Parameter::kBool, Parameter::kOut},
       .prepare = Prepare,
       .run = Run,
       .row_rule = Rows},
  };
  return kKernels;
}

}  // namespace etd::kernels
