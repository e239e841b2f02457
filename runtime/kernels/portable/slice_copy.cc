// Parts of one dimension: slice_copy, narrow_copy, and slice_scatter, which writes one.
#include <limits>

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

absl::StatusOr<Slice> SliceOf(const KernelContext& context) {
  return MakeSlice(context.tensor(0), context.integer(1), context.optional_integer(2), context.optional_integer(3),
                   context.integer(4));
}

// narrow: the length is given and must fit.
absl::StatusOr<Slice> NarrowOf(const KernelContext& context) {
  const Tensor& in = context.tensor(0);
  if (in.rank() == 0) return InvalidArgument("a 0-d tensor can't be narrowed");
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(1), in.rank()));
  const int64_t size = in.size(dim);
  int64_t start = context.integer(2);
  const int64_t length = context.integer(3);
  if (start < -size || start > size || length < 0) {
    return InvalidArgument("start {} and length {} don't fit a dimension of size {}", start, length, size);
  }
  if (start < 0) start += size;
  if (length > size - start) {
    return InvalidArgument("{} elements from {} on don't fit a dimension of size {}", length, start, size);
  }
  return Slice{dim, start, length, 1};
}

template <absl::StatusOr<Slice> (*kSliceOf)(const KernelContext&), size_t kOut>
absl::Status Prepare(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckSameType(context.tensor(0), context.tensor(kOut)));
  ETD_ASSIGN_OR_RETURN(const Slice slice, kSliceOf(context));
  return ResizeOut(context.tensor(kOut), SlicedShape(context.tensor(0), slice));
}

template <absl::StatusOr<Slice> (*kSliceOf)(const KernelContext&), size_t kOut>
absl::Status Run(KernelContext& context) {
  Tensor& out = context.tensor(kOut);
  ETD_ASSIGN_OR_RETURN(const Slice slice, kSliceOf(context));
  StridedCopy(out.sizes(), SlicedSource(context.tensor(0), slice), {out.raw(), StridesOf(out), out.type()},
              context.threads());
  return absl::OkStatus();
}

// slice_scatter(input, src, dim, start, end, step, out).
absl::StatusOr<Slice> ScatteredSlice(const KernelContext& context) {
  return MakeSlice(context.tensor(0), context.integer(2), context.optional_integer(3), context.optional_integer(4),
                   context.integer(5));
}

absl::Status PrepareScatter(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  const Tensor& source = context.tensor(1);
  ETD_RETURN_IF_ERROR(CheckSameType(in, context.tensor(6)));
  ETD_ASSIGN_OR_RETURN(const Slice slice, ScatteredSlice(context));
  const Shape shape = SlicedShape(in, slice);
  if (ShapeOf(source) != shape) {
    return InvalidArgument("the source has shape {}, the slice {}", tensor::ShapeText(source.sizes()),
                           tensor::ShapeText(shape));
  }
  return ResizeOut(context.tensor(6), in.sizes());
}

absl::Status RunScatter(KernelContext& context) {
  const Tensor& source = context.tensor(1);
  Tensor& out = context.tensor(6);
  ETD_ASSIGN_OR_RETURN(const Slice slice, ScatteredSlice(context));
  CopyTensor(context.tensor(0), out, context.threads());
  StridedCopy(source.sizes(), {source.raw(), StridesOf(source), source.type()}, SlicedTarget(out, slice),
              context.threads());
  return absl::OkStatus();
}

// A slice of another dimension leaves the rows alone. One of the rows' own dimension would have to be the whole of it
// for any number of rows.
std::optional<RowClass> SliceRows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  if (!row.has_value()) return std::nullopt;
  const auto dim = NormalizeDim(query.arguments[1]->integer(), query.arguments[0]->tensor().rank());
  if (!dim.ok()) return std::nullopt;
  if (*dim == *row) {
    const tensor::Value& start = *query.arguments[2];
    const tensor::Value& end = *query.arguments[3];
    const bool whole = (start.is_none() || start.integer() == 0) &&
                       (end.is_none() || end.integer() == std::numeric_limits<int64_t>::max()) &&
                       query.arguments[4]->integer() == 1;
    if (!whole) return std::nullopt;
  }
  return RowClass::Rows(*row);
}

std::optional<RowClass> NarrowRows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  if (!row.has_value()) return std::nullopt;
  const auto dim = NormalizeDim(query.arguments[1]->integer(), query.arguments[0]->tensor().rank());
  if (!dim.ok() || *dim == *row) return std::nullopt;
  return RowClass::Rows(*row);
}

}  // namespace

std::span<const kernel::Kernel> SliceCopyKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::slice_copy.Tensor_out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kOptionalInt, Parameter::kOptionalInt,
                      Parameter::kInt, Parameter::kOut},
       .prepare = Prepare<SliceOf, 5>,
       .run = Run<SliceOf, 5>,
       .row_rule = SliceRows},
      {.name = "aten::narrow_copy.out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kInt, Parameter::kInt, Parameter::kOut},
       .prepare = Prepare<NarrowOf, 4>,
       .run = Run<NarrowOf, 4>,
       .row_rule = NarrowRows},
      {.name = "aten::slice_scatter.out",
       .parameters = {Parameter::kTensor, Parameter::kTensor, Parameter::kInt, Parameter::kOptionalInt,
                      Parameter::kOptionalInt, Parameter::kInt, Parameter::kOut},
       .prepare = PrepareScatter,
       .run = RunScatter},
  };
  return kKernels;
}

}  // namespace etd::kernels
