// aten::cat and aten::stack: tensors side by side along one dimension.
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

// As PyTorch has always had it, an empty vector joins anything and adds nothing.
bool IsSkipped(const Tensor& part) { return part.rank() == 1 && part.numel() == 0; }

// cat(tensors, dim, out)
absl::Status PrepareCat(KernelContext& context) {
  Tensor& out = context.tensor(2);
  Shape shape{0};
  bool first = true;
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(1), out.rank()));
  const size_t cat_dim = static_cast<size_t>(dim);
  if (context.items(0).empty()) return InvalidArgument("there is nothing to concatenate");
  for (const tensor::Value* item : context.items(0)) {
    const Tensor& part = item->tensor();
    if (tensor::IsFloating(part.type()) && !tensor::IsFloating(out.type())) return CheckSameType(part, out);
    if (IsSkipped(part)) continue;
    const Shape part_shape = ShapeOf(part);
    if (part_shape.size() <= cat_dim) {
      return InvalidArgument("shape {} has no dimension {}", tensor::ShapeText(part_shape), dim);
    }
    if (first) {
      shape = part_shape;
      first = false;
      continue;
    }
    Shape expected = part_shape;
    if (shape.size() == expected.size()) expected[cat_dim] = shape[cat_dim];
    if (expected != shape || part_shape[cat_dim] > std::numeric_limits<int32_t>::max() - shape[cat_dim]) {
      return InvalidArgument("shape {} can't follow shape {} along dimension {}", tensor::ShapeText(part_shape),
                             tensor::ShapeText(shape), dim);
    }
    shape[cat_dim] += part_shape[cat_dim];
  }
  return ResizeOut(out, shape);
}

absl::Status RunCat(KernelContext& context) {
  Tensor& out = context.tensor(2);
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(1), out.rank()));
  int64_t start = 0;
  for (const tensor::Value* item : context.items(0)) {
    const Tensor& part = item->tensor();
    if (IsSkipped(part)) continue;
    const Slice slice{dim, start, part.size(dim), 1};
    StridedCopy(part.sizes(), {part.raw(), StridesOf(part), part.type()}, SlicedTarget(out, slice), context.threads());
    start += slice.length;
  }
  return absl::OkStatus();
}

// stack(tensors, dim, out): the dimension is new.
absl::Status PrepareStack(KernelContext& context) {
  Tensor& out = context.tensor(2);
  const auto items = context.items(0);
  if (items.empty()) return InvalidArgument("there is nothing to stack");
  const Tensor& first = items[0]->tensor();
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(1), first.rank() + 1));
  for (const tensor::Value* item : items) {
    const Tensor& part = item->tensor();
    if (tensor::IsFloating(part.type()) && !tensor::IsFloating(out.type())) return CheckSameType(part, out);
    if (ShapeOf(part) != ShapeOf(first)) {
      return InvalidArgument("shapes {} and {} don't stack", tensor::ShapeText(first.sizes()),
                             tensor::ShapeText(part.sizes()));
    }
  }
  if (first.rank() == tensor::kMaxRank) return InvalidArgument("the result would have {} dimensions", first.rank() + 1);
  Shape shape = ShapeOf(first);
  shape.insert(shape.begin() + dim, static_cast<int32_t>(items.size()));
  return ResizeOut(out, shape);
}

absl::Status RunStack(KernelContext& context) {
  Tensor& out = context.tensor(2);
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(1), out.rank()));
  int64_t start = 0;
  for (const tensor::Value* item : context.items(0)) {
    const Tensor& part = item->tensor();
    CopyTarget target = SlicedTarget(out, {dim, start++, 1, 1});
    target.strides.erase(target.strides.begin() + dim);
    StridedCopy(part.sizes(), {part.raw(), StridesOf(part), part.type()}, target, context.threads());
  }
  return absl::OkStatus();
}

// The list has the class of all its elements: rows in one dimension. Along any other dimension rows stay apart.
std::optional<RowClass> Rows(const RowQuery& query, bool stack) {
  const tensor::Value& list = *query.arguments[0];
  if (!query.classes[0].rows() || list.items().empty()) return std::nullopt;
  const int row = query.classes[0].dim;
  const Tensor& out = query.arguments[2]->tensor();
  const auto dim = NormalizeDim(query.arguments[1]->integer(), out.rank());
  if (!dim.ok()) return std::nullopt;
  const int row_out = stack && *dim <= row ? row + 1 : row;
  if (*dim == row_out || row_out >= out.rank()) return std::nullopt;
  // A part that all steps share has one size for any number of rows: only one of the rows' size can follow them.
  for (const tensor::Value* item : list.items()) {
    const Tensor& part = item->tensor();
    if (!IsSkipped(part) && (row >= part.rank() || part.size(row) != out.size(row_out))) return std::nullopt;
  }
  return RowClass::Rows(row_out);
}

std::optional<RowClass> CatRows(const RowQuery& query) { return Rows(query, false); }
std::optional<RowClass> StackRows(const RowQuery& query) { return Rows(query, true); }

}  // namespace

std::span<const kernel::Kernel> CatKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::cat.out",
       .parameters = {Parameter::kTensorList, Parameter::kInt, Parameter::kOut},
       .prepare = PrepareCat,
       .run = RunCat,
       .row_rule = CatRows},
      {.name = "aten::stack.out",
       .parameters = {Parameter::kTensorList, Parameter::kInt, Parameter::kOut},
       .prepare = PrepareStack,
       .run = RunStack,
       .row_rule = StackRows},
  };
  return kKernels;
}

}  // namespace etd::kernels
