// Elements picked and placed along one dimension by a tensor of positions: gather, scatter and scatter_add.

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/scalar.h"
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
using tensor::ScalarType;
using tensor::Tensor;

// A 0-d tensor counts as one element of one dimension.
int32_t SizeOf(const Tensor& tensor, int dim) { return tensor.rank() == 0 ? 1 : tensor.size(dim); }
int64_t StrideOf(const Tensor& tensor, int dim) { return tensor.rank() == 0 ? 1 : tensor.stride(dim); }

// The checks that all share: `indexed` is what positions point into, and `index` has its rank and nowhere leaves it in
// the other dimensions. Returns the dimension.
absl::StatusOr<int> CheckIndex(const Tensor& indexed, int64_t dim_number, const Tensor& index) {
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(dim_number, indexed.rank()));
  if (index.type() != ScalarType::kInt64) {
    return InvalidArgument("positions are int64, not {}", tensor::ScalarTypeName(index.type()));
  }
  bool fits = index.rank() == indexed.rank() || (index.rank() <= 1 && indexed.rank() <= 1) || index.numel() == 0;
  for (int d = 0; fits && index.numel() > 0 && d < indexed.rank(); ++d) {
    fits = d == dim || SizeOf(index, d) <= indexed.size(d);
  }
  if (fits) return dim;
  return InvalidArgument("positions of shape {} don't fit shape {} along dimension {}",
                         tensor::ShapeText(index.sizes()), tensor::ShapeText(indexed.sizes()), dim);
}

// Strides of `tensor` for walking the shape of `index`; the dimension `dim` is walked by positions instead.
Strides StridesAlong(const Tensor& tensor, const Tensor& index, std::optional<int> dim) {
  Strides strides;
  for (int d = 0; d < index.rank(); ++d) {
    strides.push_back(dim.has_value() && *dim == d ? 0 : StrideOf(tensor, d));
  }
  return strides;
}

absl::Status WrongPosition(int64_t position, const Tensor& indexed, int dim) {
  return InvalidArgument("position {} is outside dimension {} of shape {}", position, dim,
                         tensor::ShapeText(indexed.sizes()));
}

// Whether all positions lie in [0, size). Checked before anything is written.
absl::Status CheckPositions(const Tensor& index, const Tensor& indexed, int dim) {
  const int64_t size = SizeOf(indexed, dim);
  const int64_t* positions = index.data<int64_t>();
  for (int64_t i = 0; i < index.numel(); ++i) {
    if (positions[i] < 0 || positions[i] >= size) return WrongPosition(positions[i], indexed, dim);
  }
  return absl::OkStatus();
}

// gather(self, dim, index, sparse_grad, out)
absl::Status PrepareGather(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckSameType(context.tensor(0), context.tensor(4)));
  ETD_RETURN_IF_ERROR(CheckIndex(context.tensor(0), context.integer(1), context.tensor(2)).status());
  return ResizeOut(context.tensor(4), context.tensor(2).sizes());
}

template <typename Bits>
void Gather(const Tensor& in, int dim, const Tensor& index, Tensor& out, threads::ThreadPool& threads) {
  const int64_t stride = StrideOf(in, dim);
  const auto nest =
      MakeLoopNest<3>(index.sizes(), {StridesOf(out), StridesOf(index), StridesAlong(in, index, dim)});
  ForEachRun<3>(nest, threads, [&](const auto& offsets, int64_t count, const auto& strides) {
    Bits* to = out.data<Bits>() + offsets[0];
    const int64_t* positions = index.data<int64_t>() + offsets[1];
    const Bits* from = in.data<Bits>() + offsets[2];
    for (int64_t i = 0; i < count; ++i) {
      to[i * strides[0]] = from[i * strides[2] + positions[i * strides[1]] * stride];
    }
  });
}

absl::Status RunGather(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  const Tensor& index = context.tensor(2);
  Tensor& out = context.tensor(4);
  ETD_ASSIGN_OR_RETURN(const int dim, CheckIndex(in, context.integer(1), index));
  ETD_RETURN_IF_ERROR(CheckPositions(index, in, dim));
  if (index.numel() == 0) return absl::OkStatus();
  switch (in.element_size()) {
    case 1: Gather<uint8_t>(in, dim, index, out, context.threads()); break;
    case 2: Gather<uint16_t>(in, dim, index, out, context.threads()); break;
    case 4: Gather<uint32_t>(in, dim, index, out, context.threads()); break;
    default: Gather<uint64_t>(in, dim, index, out, context.threads());
  }
  return absl::OkStatus();
}

// scatter.src and scatter_add(self, dim, index, src, out); scatter.value(self, dim, index, value, out).
absl::Status PrepareScatter(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckSameType(context.tensor(0), context.tensor(4)));
  ETD_RETURN_IF_ERROR(CheckIndex(context.tensor(0), context.integer(1), context.tensor(2)).status());
  return ResizeOut(context.tensor(4), context.tensor(0).sizes());
}

absl::Status PrepareScatterSource(KernelContext& context) {
  const Tensor& index = context.tensor(2);
  const Tensor& source = context.tensor(3);
  ETD_RETURN_IF_ERROR(CheckSameType(context.tensor(0), source));
  bool fits = index.rank() == source.rank() || (index.rank() <= 1 && source.rank() <= 1) || index.numel() == 0;
  for (int d = 0; fits && index.numel() > 0 && d < index.rank(); ++d) fits = index.size(d) <= SizeOf(source, d);
  if (!fits) {
    return InvalidArgument("a source of shape {} is too small for positions of shape {}",
                           tensor::ShapeText(source.sizes()), tensor::ShapeText(index.sizes()));
  }
  return PrepareScatter(context);
}

absl::Status PrepareScatterValue(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckScalarFits(context.scalar(3), context.tensor(4).type()));
  return PrepareScatter(context);
}

// Places elements in the order of the positions, by one thread: of two for one place the later counts.
template <typename T, bool kAdd>
void Scatter(const T* source, const Strides& source_strides, int dim, const Tensor& index, Tensor& out) {
  const Strides out_strides = StridesAlong(out, index, dim);
  const int64_t stride = StrideOf(out, dim);
  T* elements = out.data<T>();
  const Strides index_strides = StridesOf(index);
  const int64_t* positions = index.data<int64_t>();
  for (int64_t i = 0; i < index.numel(); ++i) {
    int64_t rest = i, from = 0, to = 0, at = 0;
    for (size_t d = index.sizes().size(); d-- > 0;) {
      const int64_t coordinate = rest % index.sizes()[d];
      rest /= index.sizes()[d];
      from += coordinate * source_strides[d];
      to += coordinate * out_strides[d];
      at += coordinate * index_strides[d];
    }
    T& target = elements[to + positions[at] * stride];
    target = kAdd ? Sum(target, source[from]) : source[from];
  }
}

template <bool kAdd>
absl::Status RunScatterSource(KernelContext& context) {
  const Tensor& index = context.tensor(2);
  const Tensor& source = context.tensor(3);
  Tensor& out = context.tensor(4);
  ETD_ASSIGN_OR_RETURN(const int dim, CheckIndex(context.tensor(0), context.integer(1), index));
  ETD_RETURN_IF_ERROR(CheckPositions(index, out, dim));
  CopyTensor(context.tensor(0), out, context.threads());
  if (index.numel() == 0) return absl::OkStatus();
  tensor::VisitScalarType(out.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    Scatter<T, kAdd>(source.data<T>(), StridesAlong(source, index, std::nullopt), dim, index, out);
  });
  return absl::OkStatus();
}

absl::Status RunScatterValue(KernelContext& context) {
  const Tensor& index = context.tensor(2);
  Tensor& out = context.tensor(4);
  ETD_ASSIGN_OR_RETURN(const int dim, CheckIndex(context.tensor(0), context.integer(1), index));
  ETD_RETURN_IF_ERROR(CheckPositions(index, out, dim));
  CopyTensor(context.tensor(0), out, context.threads());
  if (index.numel() == 0) return absl::OkStatus();
  return tensor::VisitScalarType(out.type(), [&](auto tag) -> absl::Status {
    using T = typename decltype(tag)::Type;
    ETD_ASSIGN_OR_RETURN(const T value, ScalarToElement<T>(context.scalar(3)));
    Scatter<T, false>(&value, Strides(index.sizes().size(), 0), dim, index, out);
    return absl::OkStatus();
  });
}

// Rows of the tensor and of the positions in the same other dimension belong together.
std::optional<RowClass> GatherRows(const RowQuery& query) {
  const std::optional<int> rows_in = RowDimOf(query, 0);
  const std::optional<int> rows_index = RowDimOf(query, 2);
  const Tensor& in = query.arguments[0]->tensor();
  const Tensor& index = query.arguments[2]->tensor();
  const auto dim = NormalizeDim(query.arguments[1]->integer(), in.rank());
  if (!dim.ok() || in.rank() != index.rank() || !rows_index.has_value()) return std::nullopt;
  // From a tensor that all steps share every position may pick along `dim`; elsewhere the place of a row would matter.
  if (!rows_in.has_value()) {
    return query.classes[0].uniform() && *dim == *rows_index ? std::optional(RowClass::Rows(*dim)) : std::nullopt;
  }
  if (*rows_in != *rows_index || *rows_in == *dim || in.size(*rows_in) != index.size(*rows_in)) return std::nullopt;
  return RowClass::Rows(*rows_in);
}

}  // namespace

std::span<const kernel::Kernel> GatherScatterKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::gather.out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kTensor, Parameter::kBool, Parameter::kOut},
       .prepare = PrepareGather,
       .run = RunGather,
       .row_rule = GatherRows},
      {.name = "aten::scatter.src_out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kTensor, Parameter::kTensor, Parameter::kOut},
       .prepare = PrepareScatterSource,
       .run = RunScatterSource<false>},
      {.name = "aten::scatter.value_out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kTensor, Parameter::kScalar, Parameter::kOut},
       .prepare = PrepareScatterValue,
       .run = RunScatterValue},
      {.name = "aten::scatter_add.out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kTensor, Parameter::kTensor, Parameter::kOut},
       .prepare = PrepareScatterSource,
       .run = RunScatterSource<true>},
  };
  return kKernels;
}

}  // namespace etd::kernels
