// aten::cumsum: running sums along one dimension, in the output's type.
#include <algorithm>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/strided.h"
#include "runtime/kernels/portable/util/strided_copy.h"
#include "runtime/kernels/portable/util/sum.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::RowClass;
using kernel::RowQuery;
using tensor::Tensor;

// cumsum(self, dim, dtype?, out)
absl::Status Prepare(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(3);
  ETD_RETURN_IF_ERROR(NormalizeDim(context.integer(1), in.rank()).status());
  if (context.has(2) && context.integer(2) != static_cast<int64_t>(out.type())) {
    return InvalidArgument("the sums are asked for as type {} but the output is {}", context.integer(2),
                           tensor::ScalarTypeName(out.type()));
  }
  return ResizeOut(out, in.sizes());
}

absl::Status Run(KernelContext& context) {
  Tensor& out = context.tensor(3);
  CopyTensor(context.tensor(0), out, context.threads());
  if (out.rank() == 0) return absl::OkStatus();
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(1), out.rank()));
  const int64_t length = out.size(dim);
  const int64_t stride = out.stride(dim);
  Shape lines = ShapeOf(out);
  lines[static_cast<size_t>(dim)] = std::min(lines[static_cast<size_t>(dim)], 1);
  const LoopNest<1> nest = MakeLoopNest<1>(lines, {StridesOf(out)});
  tensor::VisitScalarType(out.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    T* sums = out.data<T>();
    ForEachRun<1>(nest, context.threads(), [&](const auto& offsets, int64_t count, const auto& strides) {
      // Neighbouring lines advance together, so that memory is read in order.
      for (int64_t i = 1; i < length; ++i) {
        T* current = sums + offsets[0] + i * stride;
        for (int64_t line = 0; line < count; ++line) {
          T& sum = current[line * strides[0]];
          sum = Sum(sum, current[line * strides[0] - stride]);
        }
      }
    });
  });
  return absl::OkStatus();
}

std::optional<RowClass> Rows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  const auto dim = NormalizeDim(query.arguments[1]->integer(), query.arguments[0]->tensor().rank());
  if (!row.has_value() || !dim.ok() || *dim == *row) return std::nullopt;
  return RowClass::Rows(*row);
}

}  // namespace

std::span<const kernel::Kernel> CumsumKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::cumsum.out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kOptionalInt, Parameter::kOut},
       .prepare = Prepare,
       .run = Run,
       .row_rule = Rows},
  };
  return kKernels;
}

}  // namespace etd::kernels
