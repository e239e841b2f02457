#include "runtime/kernels/portable/util/reduce.h"

#include "runtime/kernels/portable/util/row_rules.h"

namespace etd::kernels {

using tensor::Tensor;

int64_t ReducedCount(const Tensor& in, const DimMask& mask) {
  int64_t count = 1;
  for (int dim = 0; dim < in.rank(); ++dim) {
    if (mask[static_cast<size_t>(dim)]) count *= in.size(dim);
  }
  return count;
}

namespace {

// The elements that make one result: the opposite of ReducedShape, with `in`'s rank.
Shape ElementsShape(const Tensor& in, const DimMask& mask) {
  Shape shape = ShapeOf(in);
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    if (!mask[dim]) shape[dim] = 1;
  }
  return shape;
}

}  // namespace

ReducedElements::ReducedElements(const Tensor& in, const DimMask& mask)
    : nest_(MakeLoopNest<1>(ElementsShape(in, mask), {StridesOf(in)})) {}

std::optional<kernel::RowClass> ReduceRowRule(const kernel::RowQuery& query) {
  const tensor::Value& list = *query.arguments[1];
  if (list.is_none()) return std::nullopt;
  const auto mask = ReducedDims(query.arguments[0]->tensor(), IntegersOf(list));
  return mask.ok() ? ReducedRows(query, *mask, query.arguments[2]->boolean()) : std::nullopt;
}

}  // namespace etd::kernels
