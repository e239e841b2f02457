// Positions along one dimension, and positions of what is not zero: index_select and nonzero.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <limits>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/slice.h"
#include "runtime/kernels/portable/util/view_shape.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::RowClass;
using kernel::RowQuery;
using tensor::ScalarType;
using tensor::Tensor;

// index_select(self, dim, index, out)
absl::Status PrepareSelect(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  const Tensor& index = context.tensor(2);
  ETD_RETURN_IF_ERROR(CheckSameType(in, context.tensor(3)));
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(1), in.rank()));
  if (index.rank() > 1 || (index.type() != ScalarType::kInt32 && index.type() != ScalarType::kInt64)) {
    return InvalidArgument("positions are an int32 or int64 vector, not {} of shape {}",
                           tensor::ScalarTypeName(index.type()), tensor::ShapeText(index.sizes()));
  }
  if (index.numel() > std::numeric_limits<int32_t>::max() || (in.rank() == 0 && index.numel() != 1)) {
    return InvalidArgument("{} positions for shape {}", index.numel(), tensor::ShapeText(in.sizes()));
  }
  Shape shape = ShapeOf(in);
  if (in.rank() > 0) shape[static_cast<size_t>(dim)] = static_cast<int32_t>(index.numel());
  return ResizeOut(context.tensor(3), shape);
}

int64_t PositionAt(const Tensor& index, int64_t i) {
  return index.type() == ScalarType::kInt32 ? index.data<int32_t>()[i] : index.data<int64_t>()[i];
}

absl::Status RunSelect(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  const Tensor& index = context.tensor(2);
  Tensor& out = context.tensor(3);
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(1), in.rank()));
  const int64_t size = in.rank() == 0 ? 1 : in.size(dim);
  for (int64_t i = 0; i < index.numel(); ++i) {
    const int64_t position = PositionAt(index, i);
    if (position < 0 || position >= size) {
      return InvalidArgument("position {} is outside dimension {} of shape {}", position, dim,
                             tensor::ShapeText(in.sizes()));
    }
  }
  if (out.numel() == 0) return absl::OkStatus();
  if (in.rank() == 0) {
    std::memcpy(out.raw(), in.raw(), in.nbytes());
    return absl::OkStatus();
  }
  const Shape part = SlicedShape(in, {dim, 0, 1, 1});
  for (int64_t i = 0; i < index.numel(); ++i) {
    StridedCopy(part, SlicedSource(in, {dim, PositionAt(index, i), 1, 1}), SlicedTarget(out, {dim, i, 1, 1}),
                context.threads());
  }
  return absl::OkStatus();
}

// Rows of another dimension stay apart; rows of positions pick from what all steps share.
std::optional<RowClass> SelectRows(const RowQuery& query) {
  const Tensor& in = query.arguments[0]->tensor();
  const auto dim = NormalizeDim(query.arguments[1]->integer(), in.rank());
  if (!dim.ok() || in.rank() == 0) return std::nullopt;
  const std::optional<int> row = RowDimOf(query, 0);
  if (row.has_value()) {
    return query.classes[2].uniform() && *dim != *row ? std::optional(RowClass::Rows(*row)) : std::nullopt;
  }
  if (!query.classes[0].uniform() || !RowDimOf(query, 2).has_value()) return std::nullopt;
  return RowClass::Rows(*dim);
}

// nonzero(self, out): the coordinates of every element that is not zero, a row each, in row-major order.
template <typename Visitor>
void ForEachNonzero(const Tensor& in, const Visitor& visit) {
  tensor::VisitScalarType(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    std::array<int64_t, tensor::kMaxRank> coordinates{};
    const T* elements = in.data<T>();
    int64_t offset = 0;
    for (int64_t i = 0; i < in.numel(); ++i) {
      if (elements[offset] != T{}) visit(coordinates);
      for (int d = in.rank() - 1; d >= 0; --d) {
        offset += in.stride(d);
        if (++coordinates[static_cast<size_t>(d)] < in.size(d)) break;
        offset -= in.stride(d) * in.size(d);
        coordinates[static_cast<size_t>(d)] = 0;
      }
    }
  });
}

absl::Status PrepareNonzero(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(1);
  if (out.type() != ScalarType::kInt64 || out.rank() != 2) {
    return InvalidArgument("the output is an int64 matrix, not {} of rank {}", tensor::ScalarTypeName(out.type()),
                           out.rank());
  }
  if (in.raw() == nullptr && in.numel() > 0) return InvalidArgument("the input has no value yet");
  int64_t count = 0;
  ForEachNonzero(in, [&](const auto&) { ++count; });
  ETD_ASSIGN_OR_RETURN(const Shape shape, ShapeFromInts(kernel::IntVector{count, in.rank()}));
  ETD_RETURN_IF_ERROR(ResizeOut(out, shape));
  // Exporters declare the order that PyTorch's result happens to have; rows are what everybody reads.
  SetRowMajor(out);
  return absl::OkStatus();
}

absl::Status RunNonzero(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(1);
  int64_t row = 0;
  ForEachNonzero(in, [&](const auto& coordinates) {
    if (row >= out.size(0)) return;
    std::copy_n(coordinates.begin(), in.rank(), out.data<int64_t>() + row++ * in.rank());
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const kernel::Kernel> IndexSelectKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::index_select.out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kTensor, Parameter::kOut},
       .prepare = PrepareSelect,
       .run = RunSelect,
       .row_rule = SelectRows},
      {.name = "aten::nonzero.out",
       .parameters = {Parameter::kTensor, Parameter::kOut},
       .prepare = PrepareNonzero,
       .run = RunNonzero,
       .shape_depends_on_data = true},
  };
  return kKernels;
}

}  // namespace etd::kernels
