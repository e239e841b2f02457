#include "runtime/kernels/portable/util/reduce.h"

#include "runtime/base/status.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {

using tensor::Tensor;

absl::StatusOr<DimMask> ReducedDims(const std::optional<kernel::IntVector>& dims, int rank) {
  DimMask mask{};
  if (!dims.has_value() || dims->empty()) {
    mask.fill(true);
    return mask;
  }
  for (const int64_t dim : *dims) {
    ETD_ASSIGN_OR_RETURN(const int index, NormalizeDim(dim, rank));
    bool& reduced = mask[static_cast<size_t>(index)];
    if (reduced) return InvalidArgument("dimension {} is reduced twice", dim);
    reduced = true;
  }
  return mask;
}

absl::Status ResizeReduced(const Tensor& in, const DimMask& mask, bool keep_dims, Tensor& out) {
  Shape shape;
  for (int dim = 0; dim < in.rank(); ++dim) {
    if (!mask[static_cast<size_t>(dim)]) shape.push_back(in.size(dim));
    else if (keep_dims) shape.push_back(1);
  }
  return ResizeOut(out, shape);
}

int64_t ReducedCount(const Tensor& in, const DimMask& mask) {
  int64_t count = 1;
  for (int dim = 0; dim < in.rank(); ++dim) {
    if (mask[static_cast<size_t>(dim)]) count *= in.size(dim);
  }
  return count;
}

namespace {

Shape ReducedShape(const Tensor& in, const DimMask& mask) {
  Shape shape = ShapeOf(in);
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    if (!mask[dim]) shape[dim] = 1;
  }
  return shape;
}

}  // namespace

ReducedElements::ReducedElements(const Tensor& in, const DimMask& mask)
    : nest_(MakeLoopNest<1>(ReducedShape(in, mask), {StridesOf(in)})) {}

std::optional<kernel::RowClass> ReduceRowRule(const kernel::RowQuery& query) {
  const std::optional<int> rows = RowDimOf(query, 0);
  if (!rows.has_value()) return std::nullopt;
  const tensor::Value& list = *query.arguments[1];
  if (list.is_none()) return std::nullopt;
  const auto mask = ReducedDims(IntegersOf(list), query.arguments[0]->tensor().rank());
  if (!mask.ok() || (*mask)[static_cast<size_t>(*rows)]) return std::nullopt;
  if (query.arguments[2]->boolean()) return kernel::RowClass::Rows(*rows);
  int dim = 0;
  for (int i = 0; i < *rows; ++i) dim += (*mask)[static_cast<size_t>(i)] ? 0 : 1;
  return kernel::RowClass::Rows(dim);
}

}  // namespace etd::kernels
