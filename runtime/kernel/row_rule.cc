#include "runtime/kernel/row_rule.h"

namespace etd::kernel {

std::optional<RowClass> BroadcastRowRule(const RowQuery& query) {
  const tensor::Value* output = query.arguments.back();
  if (output->kind() != tensor::Value::Kind::kTensor) return std::nullopt;
  const int rank = output->tensor().rank();
  std::optional<int> row_dim;
  for (size_t i = 0; i < query.classes.size(); ++i) {
    if (!query.classes[i].rows()) continue;
    if (query.arguments[i]->kind() != tensor::Value::Kind::kTensor) return std::nullopt;
    const int dim = query.classes[i].dim + rank - query.arguments[i]->tensor().rank();
    if (row_dim.has_value() && *row_dim != dim) return std::nullopt;
    row_dim = dim;
  }
  if (!row_dim.has_value()) return std::nullopt;
  // A uniform operand must not vary along the rows: then row r of the output would depend on r itself.
  for (size_t i = 0; i < query.classes.size(); ++i) {
    if (query.classes[i].rows() || query.arguments[i]->kind() != tensor::Value::Kind::kTensor) continue;
    const tensor::Tensor& operand = query.arguments[i]->tensor();
    const int dim = *row_dim - (rank - operand.rank());
    if (i + 1 < query.arguments.size() && &operand != &output->tensor() && dim >= 0 && operand.size(dim) != 1) {
      return std::nullopt;
    }
  }
  return RowClass::Rows(*row_dim);
}

}  // namespace etd::kernel
