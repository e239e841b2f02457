#include "runtime/kernels/portable/util/row_rules.h"

#include "runtime/tensor/tensor.h"

namespace etd::kernels {

using kernel::RowClass;
using kernel::RowQuery;

std::optional<int> RowDimOf(const RowQuery& query, size_t i) {
  if (!query.classes[i].rows() || query.arguments[i]->kind() != tensor::Value::Kind::kTensor) return std::nullopt;
  const int dim = query.classes[i].dim;
  return dim < query.arguments[i]->tensor().rank() ? std::optional<int>(dim) : std::nullopt;
}

kernel::IntVector IntegersOf(const tensor::Value& list) {
  kernel::IntVector result;
  for (const tensor::Value* item : list.items()) result.push_back(item->integer());
  return result;
}

std::optional<RowClass> SameRows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  return row.has_value() ? std::optional<RowClass>(RowClass::Rows(*row)) : std::nullopt;
}

std::optional<RowClass> ViewRows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  if (!row.has_value()) return std::nullopt;
  const tensor::Tensor& in = query.arguments[0]->tensor();
  const tensor::Tensor& out = query.arguments[2]->tensor();
  const int32_t rows = in.size(*row);
  // With one row any dimension of size 1 would look right, and only one of them follows the number of rows.
  if (rows < 2 || in.numel() == 0) return std::nullopt;
  int64_t before = 1;
  for (int dim = 0; dim < *row; ++dim) before *= in.size(dim);
  int64_t before_out = 1;
  for (int dim = 0; dim < out.rank(); ++dim) {
    if (before_out == before && out.size(dim) == rows) return RowClass::Rows(dim);
    before_out *= out.size(dim);
  }
  return std::nullopt;
}

}  // namespace etd::kernels
