#include "runtime/kernels/portable/util/softmax.h"

#include "runtime/base/status.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {

absl::Status PrepareSoftmax(kernel::KernelContext& ctx) {
  const tensor::Tensor& in = ctx.tensor(0);
  ETD_RETURN_IF_ERROR(CheckFloating(in.type()));
  ETD_RETURN_IF_ERROR(CheckSameType(in, ctx.tensor(3)));
  ETD_RETURN_IF_ERROR(NormalizeDim(ctx.integer(1), in.rank()).status());
  if (ctx.boolean(2)) return InvalidArgument("softmax from half to float does not exist on the CPU");
  return ResizeOut(ctx.tensor(3), in.sizes());
}

std::optional<kernel::RowClass> SoftmaxRowRule(const kernel::RowQuery& query) {
  const std::optional<int> rows = RowDimOf(query, 0);
  if (!rows.has_value()) return std::nullopt;
  const auto dim = NormalizeDim(query.arguments[1]->integer(), query.arguments[0]->tensor().rank());
  if (!dim.ok() || *dim == *rows) return std::nullopt;
  return kernel::RowClass::Rows(*rows);
}

}  // namespace etd::kernels
