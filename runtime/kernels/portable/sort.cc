// aten::topk and aten::sort: elements of one dimension in order, and where they were.
#include <algorithm>
#include <cstddef>
#include <type_traits>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/dim_reduction.h"
#include "runtime/kernels/portable/util/row_rules.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::RowClass;
using kernel::RowQuery;
using tensor::ScalarType;
using tensor::Tensor;

// What a call wants of each line along `dim`: its `count` first elements.
struct Order {
  int dim = 0;
  int64_t count = 0;
  bool descending = false;
};

int64_t LengthOf(const Tensor& in, int dim) { return in.rank() == 0 ? 1 : in.size(dim); }

// topk(self, k, dim, largest, sorted, values, indices): always sorted, which satisfies both.
struct TopK {
  static constexpr size_t kDim = 2;
  static constexpr size_t kValues = 5;
  static absl::StatusOr<Order> Of(const KernelContext& context) {
    const Tensor& in = context.tensor(0);
    ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(kDim), in.rank()));
    const int64_t k = context.integer(1);
    if (k < 0 || k > LengthOf(in, dim)) {
      return InvalidArgument("{} elements of a dimension of size {}", k, LengthOf(in, dim));
    }
    return Order{dim, k, context.boolean(3)};
  }
};

// sort(self, dim, descending, values, indices): equal elements stay in order.
struct Sort {
  static constexpr size_t kDim = 1;
  static constexpr size_t kValues = 3;
  static absl::StatusOr<Order> Of(const KernelContext& context) {
    const Tensor& in = context.tensor(0);
    ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(kDim), in.rank()));
    return Order{dim, LengthOf(in, dim), context.boolean(2)};
  }
};

template <typename Form>
absl::Status Prepare(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& values = context.tensor(Form::kValues);
  Tensor& indices = context.tensor(Form::kValues + 1);
  ETD_RETURN_IF_ERROR(CheckSameType(in, values));
  if (indices.type() != ScalarType::kInt64) {
    return InvalidArgument("indices are int64, not {}", tensor::ScalarTypeName(indices.type()));
  }
  ETD_ASSIGN_OR_RETURN(const Order order, Form::Of(context));
  Shape shape = ShapeOf(in);
  if (in.rank() > 0) shape[static_cast<size_t>(order.dim)] = static_cast<int32_t>(order.count);
  ETD_RETURN_IF_ERROR(ResizeOut(values, shape));
  ETD_RETURN_IF_ERROR(ResizeOut(indices, shape));
  if (values.row_major() && indices.row_major()) return absl::OkStatus();
  return InvalidArgument("the outputs must be row-major");
}

// NaN counts as larger than everything.
template <typename T>
bool Smaller(T a, T b) {
  if constexpr (!std::is_integral_v<T>) {
    if (a != a) return false;
    if (b != b) return true;
  }
  return a < b;
}

template <typename T>
void OrderLines(const Tensor& in, const Order& order, Tensor& values, Tensor& indices, int64_t* positions) {
  const int64_t length = LengthOf(in, order.dim);
  const int64_t in_stride = in.rank() == 0 ? 1 : in.stride(order.dim);
  const int64_t out_stride = in.rank() == 0 ? 1 : values.stride(order.dim);
  Shape lines = ShapeOf(in);
  if (in.rank() > 0) lines[static_cast<size_t>(order.dim)] = 1;
  for (int64_t line = 0; line < NumelOf(lines); ++line) {
    int64_t rest = line, from = 0, to = 0;
    for (size_t d = lines.size(); d-- > 0;) {
      from += rest % lines[d] * in.strides()[d];
      to += rest % lines[d] * values.strides()[d];
      rest /= lines[d];
    }
    const T* elements = in.data<T>() + from;
    for (int64_t i = 0; i < length; ++i) positions[i] = i;
    // Of equal elements the first comes first: a total order, so the result is the same for any way of sorting.
    const auto before = [&](int64_t a, int64_t b) {
      const T left = elements[a * in_stride];
      const T right = elements[b * in_stride];
      if (order.descending ? Smaller(right, left) : Smaller(left, right)) return true;
      if (order.descending ? Smaller(left, right) : Smaller(right, left)) return false;
      return a < b;
    };
    std::partial_sort(positions, positions + order.count, positions + length, before);
    for (int64_t i = 0; i < order.count; ++i) {
      values.data<T>()[to + i * out_stride] = elements[positions[i] * in_stride];
      indices.data<int64_t>()[to + i * out_stride] = positions[i];
    }
  }
}

template <typename Form>
absl::Status Run(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& values = context.tensor(Form::kValues);
  ETD_ASSIGN_OR_RETURN(const Order order, Form::Of(context));
  if (values.numel() == 0) return absl::OkStatus();
  const size_t length = static_cast<size_t>(LengthOf(in, order.dim));
  ETD_ASSIGN_OR_RETURN(std::byte* const memory, context.scratch(length * sizeof(int64_t)));
  tensor::VisitScalarType(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    OrderLines<T>(in, order, values, context.tensor(Form::kValues + 1), reinterpret_cast<int64_t*>(memory));
  });
  return absl::OkStatus();
}

template <typename Form>
std::optional<RowClass> Rows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  const auto dim = NormalizeDim(query.arguments[Form::kDim]->integer(), query.arguments[0]->tensor().rank());
  if (!row.has_value() || !dim.ok() || *dim == *row) return std::nullopt;
  return RowClass::Rows(*row);
}

}  // namespace

std::span<const kernel::Kernel> SortKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::topk.values",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kInt, Parameter::kBool, Parameter::kBool,
                      Parameter::kOut, Parameter::kOut},
       .prepare = Prepare<TopK>,
       .run = Run<TopK>,
       .row_rule = Rows<TopK>},
      {.name = "aten::sort.values",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kBool, Parameter::kOut, Parameter::kOut},
       .prepare = Prepare<Sort>,
       .run = Run<Sort>,
       .row_rule = Rows<Sort>},
  };
  return kKernels;
}

}  // namespace etd::kernels
