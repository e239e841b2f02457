// One index of one dimension: select_copy, and select_scatter, which writes it.
#include <cstddef>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/slice.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::RowClass;
using kernel::RowQuery;
using tensor::Tensor;

// The selected index as a slice of length 1.
absl::StatusOr<Slice> Selected(const Tensor& in, int64_t dim_number, int64_t index) {
  if (in.rank() == 0) return InvalidArgument("nothing can be selected from a 0-d tensor");
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(dim_number, in.rank()));
  const int64_t size = in.size(dim);
  if (index < -size || index >= size) {
    return InvalidArgument("index {} is outside dimension {} of shape {}", index, dim, tensor::ShapeText(in.sizes()));
  }
  return Slice{dim, index < 0 ? index + size : index, 1, 1};
}

Shape WithoutDim(const Tensor& in, int dim) {
  Shape shape = ShapeOf(in);
  shape.erase(shape.begin() + dim);
  return shape;
}

absl::Status Prepare(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  ETD_RETURN_IF_ERROR(CheckSameType(in, context.tensor(3)));
  ETD_ASSIGN_OR_RETURN(const Slice slice, Selected(in, context.integer(1), context.integer(2)));
  return ResizeOut(context.tensor(3), WithoutDim(in, slice.dim));
}

absl::Status Run(KernelContext& context) {
  Tensor& out = context.tensor(3);
  ETD_ASSIGN_OR_RETURN(const Slice slice, Selected(context.tensor(0), context.integer(1), context.integer(2)));
  CopySource source = SlicedSource(context.tensor(0), slice);
  source.strides.erase(source.strides.begin() + slice.dim);
  StridedCopy(out.sizes(), source, {out.raw(), StridesOf(out), out.type()}, context.threads());
  return absl::OkStatus();
}

// select_scatter(input, src, dim, index, out).
absl::Status PrepareScatter(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  const Tensor& source = context.tensor(1);
  ETD_RETURN_IF_ERROR(CheckSameType(in, context.tensor(4)));
  ETD_ASSIGN_OR_RETURN(const Slice slice, Selected(in, context.integer(2), context.integer(3)));
  const Shape shape = WithoutDim(in, slice.dim);
  if (ShapeOf(source) != shape) {
    return InvalidArgument("the source has shape {}, the selected part {}", tensor::ShapeText(source.sizes()),
                           tensor::ShapeText(shape));
  }
  return ResizeOut(context.tensor(4), in.sizes());
}

absl::Status RunScatter(KernelContext& context) {
  const Tensor& source = context.tensor(1);
  Tensor& out = context.tensor(4);
  ETD_ASSIGN_OR_RETURN(const Slice slice, Selected(context.tensor(0), context.integer(2), context.integer(3)));
  CopyTensor(context.tensor(0), out, context.threads());
  CopyTarget target = SlicedTarget(out, slice);
  target.strides.erase(target.strides.begin() + slice.dim);
  StridedCopy(source.sizes(), {source.raw(), StridesOf(source), source.type()}, target, context.threads());
  return absl::OkStatus();
}

std::optional<RowClass> Rows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  if (!row.has_value()) return std::nullopt;
  const auto dim = NormalizeDim(query.arguments[1]->integer(), query.arguments[0]->tensor().rank());
  if (!dim.ok() || *dim == *row) return std::nullopt;
  return RowClass::Rows(*row - (*dim < *row ? 1 : 0));
}

}  // namespace

std::span<const kernel::Kernel> SelectCopyKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::select_copy.int_out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kInt, Parameter::kOut},
       .prepare = Prepare,
       .run = Run,
       .row_rule = Rows,
       .shape_ignores_numbers = true},
      {.name = "aten::select_scatter.out",
       .parameters = {Parameter::kTensor, Parameter::kTensor, Parameter::kInt, Parameter::kInt, Parameter::kOut},
       .prepare = PrepareScatter,
       .run = RunScatter,
       .shape_ignores_numbers = true},
  };
  return kKernels;
}

}  // namespace etd::kernels
