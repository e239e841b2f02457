// Copies that keep the bytes and their order and only change the shape: an executor may alias instead of running them.
#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/view_shape.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::RowClass;
using kernel::RowQuery;
using tensor::Tensor;

absl::Status CopyBytes(const Tensor& in, Tensor& out) {
  if (in.nbytes() == 0 || in.raw() == out.raw()) return absl::OkStatus();
  if (out.raw() == nullptr) return InvalidArgument("the output has no memory");
  std::memcpy(out.raw(), in.raw(), in.nbytes());
  return absl::OkStatus();
}

template <size_t kOut>
absl::Status RunView(KernelContext& context) {
  return CopyBytes(context.tensor(0), context.tensor(kOut));
}

// The output takes the memory order that its bytes come in.
absl::Status PrepareSame(const Tensor& in, Tensor& out) {
  ETD_RETURN_IF_ERROR(CheckSameType(in, out));
  ETD_RETURN_IF_ERROR(ResizeOut(out, in.sizes()));
  out.SetDimOrder(in.dim_order());
  return absl::OkStatus();
}

absl::Status PrepareAlias(KernelContext& context) { return PrepareSame(context.tensor(0), context.tensor(1)); }

absl::Status PrepareClone(KernelContext& context) {
  if (const std::optional<int64_t> format = context.optional_integer(1); format.value_or(0) != 0) {
    return InvalidArgument("memory format {} is not supported, only contiguous (0)", *format);
  }
  return PrepareSame(context.tensor(0), context.tensor(2));
}

absl::Status PrepareView(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(2);
  ETD_RETURN_IF_ERROR(CheckSameType(in, out));
  if (!in.row_major()) return InvalidArgument("a view of a tensor that is not row-major is not possible");
  ETD_ASSIGN_OR_RETURN(const Shape shape, ViewShape(in, context.integers(1)));
  ETD_RETURN_IF_ERROR(ResizeOut(out, shape));
  SetRowMajor(out);
  return absl::OkStatus();
}

// unsqueeze: a dimension of size 1 may stand anywhere in the memory order; it goes where its neighbour is.
absl::Status PrepareUnsqueeze(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(2);
  ETD_RETURN_IF_ERROR(CheckSameType(in, out));
  if (in.rank() + 1 > tensor::kMaxRank) return InvalidArgument("the result would have {} dimensions", in.rank() + 1);
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(1), in.rank() + 1));
  Shape shape = ShapeOf(in);
  shape.insert(shape.begin() + dim, 1);
  ETD_RETURN_IF_ERROR(ResizeOut(out, shape));
  absl::InlinedVector<uint8_t, tensor::kMaxRank> order;
  for (const uint8_t other : in.dim_order()) order.push_back(static_cast<uint8_t>(other < dim ? other : other + 1));
  // Before the dimension that follows it logically, or last: row-major stays row-major.
  const auto next = std::ranges::find(order, static_cast<uint8_t>(dim + 1));
  order.insert(next, static_cast<uint8_t>(dim));
  out.SetDimOrder(order);
  return absl::OkStatus();
}

using DimSet = std::array<bool, tensor::kMaxRank>;

// Removes the dimensions of `removed` that have size 1.
absl::Status PrepareSqueeze(const Tensor& in, const DimSet& removed, Tensor& out) {
  ETD_RETURN_IF_ERROR(CheckSameType(in, out));
  Shape shape;
  std::array<uint8_t, tensor::kMaxRank> new_dim{};
  const auto goes = [&](int dim) { return removed[static_cast<size_t>(dim)] && in.size(dim) == 1; };
  for (int dim = 0; dim < in.rank(); ++dim) {
    new_dim[static_cast<size_t>(dim)] = static_cast<uint8_t>(shape.size());
    if (!goes(dim)) shape.push_back(in.size(dim));
  }
  ETD_RETURN_IF_ERROR(ResizeOut(out, shape));
  absl::InlinedVector<uint8_t, tensor::kMaxRank> order;
  for (const uint8_t dim : in.dim_order()) {
    if (!goes(dim)) order.push_back(new_dim[dim]);
  }
  out.SetDimOrder(order);
  return absl::OkStatus();
}

absl::Status PrepareSqueezeDim(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(1), in.rank()));
  DimSet removed{};
  removed[static_cast<size_t>(dim)] = true;
  return PrepareSqueeze(in, removed, context.tensor(2));
}

absl::StatusOr<DimSet> DimsOf(const Tensor& in, const kernel::IntVector& dims) {
  DimSet set{};
  for (const int64_t number : dims) {
    ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(number, in.rank()));
    if (set[static_cast<size_t>(dim)]) return InvalidArgument("dimension {} is named twice", number);
    set[static_cast<size_t>(dim)] = true;
  }
  return set;
}

absl::Status PrepareSqueezeDims(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  ETD_ASSIGN_OR_RETURN(const DimSet removed, DimsOf(in, context.integers(1)));
  return PrepareSqueeze(in, removed, context.tensor(2));
}

std::optional<RowClass> UnsqueezeRows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  if (!row.has_value() || !query.classes[1].uniform()) return std::nullopt;
  const auto dim = NormalizeDim(query.arguments[1]->integer(), query.arguments[0]->tensor().rank() + 1);
  if (!dim.ok()) return std::nullopt;
  return RowClass::Rows(*row + (*dim <= *row ? 1 : 0));
}

// With `removed` = dimensions that go if their size is 1. Rows of a dimension that goes have nowhere to be.
std::optional<RowClass> SqueezedRows(const Tensor& in, int row, const DimSet& removed) {
  if (removed[static_cast<size_t>(row)]) return std::nullopt;
  int before = 0;
  for (int dim = 0; dim < row; ++dim) before += removed[static_cast<size_t>(dim)] && in.size(dim) == 1 ? 1 : 0;
  return RowClass::Rows(row - before);
}

std::optional<RowClass> SqueezeDimRows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  if (!row.has_value() || !query.classes[1].uniform()) return std::nullopt;
  const Tensor& in = query.arguments[0]->tensor();
  const auto dim = NormalizeDim(query.arguments[1]->integer(), in.rank());
  if (!dim.ok()) return std::nullopt;
  DimSet removed{};
  removed[static_cast<size_t>(*dim)] = true;
  return SqueezedRows(in, *row, removed);
}

std::optional<RowClass> SqueezeDimsRows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  if (!row.has_value() || !query.classes[1].uniform()) return std::nullopt;
  const Tensor& in = query.arguments[0]->tensor();
  const auto removed = DimsOf(in, IntegersOf(*query.arguments[1]));
  return removed.ok() ? SqueezedRows(in, *row, *removed) : std::nullopt;
}

}  // namespace

std::span<const kernel::Kernel> ViewCopyKernels() {
  static const kernel::Kernel kKernels[] = {
      {"aten::view_copy.out", {Parameter::kTensor, Parameter::kIntList, Parameter::kOut}, PrepareView, RunView<2>,
       false, 0, ViewRows},
      {"aten::unsqueeze_copy.out", {Parameter::kTensor, Parameter::kInt, Parameter::kOut}, PrepareUnsqueeze, RunView<2>,
       false, 0, UnsqueezeRows},
      {"aten::squeeze_copy.dim_out", {Parameter::kTensor, Parameter::kInt, Parameter::kOut}, PrepareSqueezeDim,
       RunView<2>, false, 0, SqueezeDimRows},
      {"aten::squeeze_copy.dims_out", {Parameter::kTensor, Parameter::kIntList, Parameter::kOut}, PrepareSqueezeDims,
       RunView<2>, false, 0, SqueezeDimsRows},
      {"aten::alias_copy.out", {Parameter::kTensor, Parameter::kOut}, PrepareAlias, RunView<1>, false, 0, SameRows},
      {"aten::detach_copy.out", {Parameter::kTensor, Parameter::kOut}, PrepareAlias, RunView<1>, false, 0, SameRows},
      {"aten::lift_fresh_copy.out", {Parameter::kTensor, Parameter::kOut}, PrepareAlias, RunView<1>, false, 0,
       SameRows},
      {"llama::fallback.out", {Parameter::kTensor, Parameter::kOut}, PrepareAlias, RunView<1>, false, 0, SameRows},
      // Between a host and a device that are one here.
      {"et_copy::_h2d_copy.out", {Parameter::kTensor, Parameter::kOut}, PrepareAlias, RunView<1>, false, 0, SameRows},
      {"et_copy::_d2h_copy.out", {Parameter::kTensor, Parameter::kOut}, PrepareAlias, RunView<1>, false, 0, SameRows},
      {"aten::clone.out", {Parameter::kTensor, Parameter::kOptionalInt, Parameter::kOut}, PrepareClone, RunView<2>,
       false, 0, SameRows},
  };
  return kKernels;
}

}  // namespace etd::kernels
