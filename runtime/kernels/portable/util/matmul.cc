#include "runtime/kernels/portable/util/matmul.h"

#include "runtime/base/status.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {

using kernel::KernelContext;
using kernel::RowClass;
using kernel::RowQuery;
using tensor::ShapeText;
using tensor::Tensor;

namespace {

absl::Status CheckTypes(const Tensor& a, const Tensor& b, const Tensor& out) {
  ETD_RETURN_IF_ERROR(CheckArithmetic(a.type()));
  if (a.type() == tensor::ScalarType::kBool) return InvalidArgument("bool matrices can't be multiplied");
  ETD_RETURN_IF_ERROR(CheckSameType(a, b));
  return CheckSameType(a, out);
}

absl::Status CheckRank(const Tensor& tensor, int rank) {
  if (tensor.rank() == rank) return absl::OkStatus();
  return InvalidArgument("a tensor of {} dimensions is needed, not one of shape {}", rank, ShapeText(tensor.sizes()));
}

absl::Status Mismatch(const Tensor& a, const Tensor& b) {
  return InvalidArgument("shapes {} and {} can't be multiplied", ShapeText(a.sizes()), ShapeText(b.sizes()));
}

// Whether a uniform operand of rank ≤ 2 is the same for all rows in dimension `dim` of a matrix.
bool SameAlong(const Tensor& operand, int dim) {
  const int own = dim - (2 - operand.rank());
  return own < 0 || operand.size(own) == 1;
}

}  // namespace

absl::Status PrepareMm(KernelContext& ctx) {
  const Tensor& a = ctx.tensor(0);
  const Tensor& b = ctx.tensor(1);
  ETD_RETURN_IF_ERROR(CheckTypes(a, b, ctx.tensor(2)));
  ETD_RETURN_IF_ERROR(CheckRank(a, 2));
  ETD_RETURN_IF_ERROR(CheckRank(b, 2));
  if (a.size(1) != b.size(0)) return Mismatch(a, b);
  return ResizeOut(ctx.tensor(2), Shape{a.size(0), b.size(1)});
}

absl::Status PrepareBmm(KernelContext& ctx) {
  const Tensor& a = ctx.tensor(0);
  const Tensor& b = ctx.tensor(1);
  ETD_RETURN_IF_ERROR(CheckTypes(a, b, ctx.tensor(2)));
  ETD_RETURN_IF_ERROR(CheckRank(a, 3));
  ETD_RETURN_IF_ERROR(CheckRank(b, 3));
  if (a.size(0) != b.size(0) || a.size(2) != b.size(1)) return Mismatch(a, b);
  return ResizeOut(ctx.tensor(2), Shape{a.size(0), a.size(1), b.size(2)});
}

absl::Status PrepareAddmm(KernelContext& ctx) {
  const Tensor& self = ctx.tensor(0);
  const Tensor& a = ctx.tensor(1);
  const Tensor& b = ctx.tensor(2);
  Tensor& out = ctx.tensor(5);
  ETD_RETURN_IF_ERROR(CheckTypes(a, b, out));
  ETD_RETURN_IF_ERROR(CheckSameType(self, a));
  ETD_RETURN_IF_ERROR(CheckRank(a, 2));
  ETD_RETURN_IF_ERROR(CheckRank(b, 2));
  if (a.size(1) != b.size(0)) return Mismatch(a, b);
  for (const size_t i : {size_t{3}, size_t{4}}) {
    if (ctx.scalar(i).kind == kernel::Scalar::Kind::kDouble && !tensor::IsFloating(a.type())) {
      return InvalidArgument("the factor {} is not an integer, as {} matrices need", ctx.floating(i),
                             tensor::ScalarTypeName(a.type()));
    }
  }
  const Shape shape{a.size(0), b.size(1)};
  if (!BroadcastsTo(self.sizes(), shape)) {
    return InvalidArgument("shape {} can't be added to a product of shape {}", ShapeText(self.sizes()),
                           ShapeText(shape));
  }
  return ResizeOut(out, shape);
}

absl::Status PrepareLinear(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  const Tensor& weight = ctx.tensor(1);
  const Tensor* bias = ctx.optional_tensor(2);
  ETD_RETURN_IF_ERROR(CheckTypes(in, weight, ctx.tensor(3)));
  ETD_RETURN_IF_ERROR(CheckRank(weight, 2));
  if (in.rank() < 1 || in.size(in.rank() - 1) != weight.size(1)) return Mismatch(in, weight);
  if (!in.row_major() || !ctx.tensor(3).row_major()) {
    return InvalidArgument("linear layers need row-major tensors; the input of shape {} is not", ShapeText(in.sizes()));
  }
  if (bias != nullptr) {
    ETD_RETURN_IF_ERROR(CheckSameType(*bias, in));
    if (bias->rank() > 1 || (bias->numel() != 1 && bias->numel() != weight.size(0))) {
      return InvalidArgument("a bias of shape {} does not fit {} outputs", ShapeText(bias->sizes()), weight.size(0));
    }
  }
  Shape shape = ShapeOf(in);
  shape.back() = weight.size(0);
  return ResizeOut(ctx.tensor(3), shape);
}

std::optional<RowClass> MmRowRule(const RowQuery& query) {
  const RowClass a = query.classes[0];
  const RowClass b = query.classes[1];
  if (a == RowClass::Rows(0) && b.uniform()) return RowClass::Rows(0);
  if (b == RowClass::Rows(1) && a.uniform()) return RowClass::Rows(1);
  return std::nullopt;
}

std::optional<RowClass> BmmRowRule(const RowQuery& query) {
  const RowClass a = query.classes[0];
  const RowClass b = query.classes[1];
  if (a == RowClass::Rows(0) && b == RowClass::Rows(0)) return RowClass::Rows(0);
  if (a == RowClass::Rows(1) && b.uniform()) return RowClass::Rows(1);
  if (b == RowClass::Rows(2) && a.uniform()) return RowClass::Rows(2);
  return std::nullopt;
}

std::optional<RowClass> AddmmRowRule(const RowQuery& query) {
  const Tensor& self = query.arguments[0]->tensor();
  const RowClass a = query.classes[1];
  const RowClass b = query.classes[2];
  int dim;
  if (a == RowClass::Rows(0) && b.uniform()) dim = 0;
  else if (b == RowClass::Rows(1) && a.uniform()) dim = 1;
  else return std::nullopt;
  const RowClass added = query.classes[0];
  const bool fits = added.uniform() ? SameAlong(self, dim)
                                    : added.rows() && added.dim + 2 - self.rank() == dim;
  return fits ? std::optional(RowClass::Rows(dim)) : std::nullopt;
}

std::optional<RowClass> LinearRowRule(const RowQuery& query) {
  const RowClass in = query.classes[0];
  const bool uniform_weights = query.classes[1].uniform() && query.classes[2].uniform();
  if (!in.rows() || !uniform_weights || in.dim == query.arguments[0]->tensor().rank() - 1) return std::nullopt;
  return in;
}

}  // namespace etd::kernels
