#include "runtime/kernels/portable/util/layer_norm.h"

#include "runtime/base/status.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {

using kernel::KernelContext;
using tensor::Tensor;

namespace {

absl::Status CheckFactors(const Tensor* factors, const Tensor& in, std::span<const int32_t> shape) {
  if (factors == nullptr) return absl::OkStatus();
  ETD_RETURN_IF_ERROR(CheckSameType(*factors, in));
  if (std::ranges::equal(factors->sizes(), shape) && factors->row_major()) return absl::OkStatus();
  return InvalidArgument("weight or bias of shape {} does not fit the normalised shape {}",
                         tensor::ShapeText(factors->sizes()), tensor::ShapeText(shape));
}

}  // namespace

absl::Status PrepareLayerNorm(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  ETD_RETURN_IF_ERROR(CheckFloating(in.type()));
  ETD_ASSIGN_OR_RETURN(const Shape normalized, ShapeFromInts(ctx.integers(1)));
  const size_t count = normalized.size();
  if (count < 1 || count > in.sizes().size() || !std::ranges::equal(in.sizes().last(count), normalized)) {
    return InvalidArgument("a tensor of shape {} does not end with the normalised shape {}",
                           tensor::ShapeText(in.sizes()), tensor::ShapeText(normalized));
  }
  ETD_RETURN_IF_ERROR(CheckFactors(ctx.optional_tensor(2), in, normalized));
  ETD_RETURN_IF_ERROR(CheckFactors(ctx.optional_tensor(3), in, normalized));
  Shape statistics = ShapeOf(in);
  std::fill(statistics.end() - static_cast<ptrdiff_t>(count), statistics.end(), 1);
  for (const size_t i : {size_t{5}, size_t{6}, size_t{7}}) {
    ETD_RETURN_IF_ERROR(CheckSameType(ctx.tensor(i), in));
    ETD_RETURN_IF_ERROR(ResizeOut(ctx.tensor(i), i == 5 ? ShapeOf(in) : statistics));
    if (!ctx.tensor(i).row_major() || !in.row_major()) {
      return InvalidArgument("layer normalisation needs row-major tensors");
    }
  }
  return absl::OkStatus();
}

int64_t LayerNormGroup(const KernelContext& ctx) {
  int64_t group = 1;
  for (const int64_t size : ctx.integers(1)) group *= size;
  return group;
}

std::optional<kernel::RowClass> LayerNormRowRule(const kernel::RowQuery& query) {
  const kernel::RowClass in = query.classes[0];
  const bool uniform_factors = query.classes[2].uniform() && query.classes[3].uniform();
  const int leading = query.arguments[0]->tensor().rank() - static_cast<int>(query.arguments[1]->items().size());
  if (!in.rows() || !uniform_factors || in.dim >= leading) return std::nullopt;
  return in;
}

}  // namespace etd::kernels
