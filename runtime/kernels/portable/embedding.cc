// aten::embedding: rows of a table.
#include <algorithm>
#include <cstddef>
#include <cstring>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::RowClass;
using kernel::RowQuery;
using tensor::ScalarType;
using tensor::Tensor;

// What one thread copies at least.
constexpr int64_t kTaskBytes = 131072;

// embedding(weight, indices, padding_idx, scale_grad_by_freq, sparse, out); the three between matter to training only.
absl::Status Prepare(KernelContext& context) {
  const Tensor& weight = context.tensor(0);
  const Tensor& indices = context.tensor(1);
  Tensor& out = context.tensor(5);
  ETD_RETURN_IF_ERROR(CheckSameType(weight, out));
  if (weight.rank() != 2 || !weight.row_major()) {
    return InvalidArgument("the table has shape {}, it must be a row-major matrix", tensor::ShapeText(weight.sizes()));
  }
  if (indices.type() != ScalarType::kInt32 && indices.type() != ScalarType::kInt64) {
    return InvalidArgument("indices can't be {}", tensor::ScalarTypeName(indices.type()));
  }
  if (!indices.row_major() || !out.row_major()) return InvalidArgument("indices and output must be row-major");
  Shape shape = ShapeOf(indices);
  if (shape.size() == tensor::kMaxRank) return InvalidArgument("the result would have {} dimensions", shape.size() + 1);
  shape.push_back(weight.size(1));
  return ResizeOut(out, shape);
}

template <typename Index>
absl::Status CopyRows(const Tensor& weight, const Tensor& indices, Tensor& out, threads::ThreadPool& threads) {
  const size_t row_bytes = static_cast<size_t>(weight.size(1)) * weight.element_size();
  const Index* index = indices.data<Index>();
  for (int64_t i = 0; i < indices.numel(); ++i) {
    if (index[i] < 0 || index[i] >= weight.size(0)) {
      return InvalidArgument("index {} is outside a table of {} rows", index[i], weight.size(0));
    }
  }
  if (row_bytes == 0) return absl::OkStatus();
  const int64_t grain = std::max<int64_t>(1, kTaskBytes / static_cast<int64_t>(row_bytes));
  threads.ParallelFor(indices.numel(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      std::memcpy(out.data<std::byte>() + static_cast<size_t>(i) * row_bytes,
                  weight.data<std::byte>() + static_cast<size_t>(index[i]) * row_bytes, row_bytes);
    }
  });
  return absl::OkStatus();
}

absl::Status Run(KernelContext& context) {
  const Tensor& indices = context.tensor(1);
  const auto copy = indices.type() == ScalarType::kInt32 ? CopyRows<int32_t> : CopyRows<int64_t>;
  return copy(context.tensor(0), indices, context.tensor(5), context.threads());
}

// One table for all rows: each index has its own row of the output.
std::optional<RowClass> Rows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 1);
  if (!row.has_value() || !query.classes[0].uniform()) return std::nullopt;
  return RowClass::Rows(*row);
}

}  // namespace

std::span<const kernel::Kernel> EmbeddingKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::embedding.out",
       .parameters = {Parameter::kTensor, Parameter::kTensor, Parameter::kInt, Parameter::kBool, Parameter::kBool,
                      Parameter::kOut},
       .prepare = Prepare,
       .run = Run,
       .row_rule = Rows,
       .shape_ignores_numbers = true},
  };
  return kKernels;
}

}  // namespace etd::kernels
