// One tensor into several along a dimension: split_copy, split_with_sizes_copy and unbind_copy.
#include <algorithm>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/slice.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::RowClass;
using kernel::RowQuery;
using tensor::Tensor;

// The sizes of the parts of a dimension of `size`. The outputs are parameter kOut, the dimension is parameter kDim.
struct Equal {
  static constexpr size_t kDim = 2;
  static constexpr size_t kOut = 3;
  static constexpr bool kRemovesDim = false;
  static absl::Status Parts(const KernelContext& context, int64_t size, kernel::IntVector& parts) {
    const int64_t part = context.integer(1);
    if (part < 0 || (part == 0 && size > 0)) return InvalidArgument("parts of size {} are not possible", part);
    if (size == 0) {
      parts.push_back(0);
      return absl::OkStatus();
    }
    // Before the list is made, which could have any length.
    const int64_t count = (size - 1) / part + 1;
    if (count != static_cast<int64_t>(context.items(kOut).size())) {
      return InvalidArgument("{} parts for {} outputs", count, context.items(kOut).size());
    }
    for (int64_t start = 0; start < size; start += std::min(part, size - start)) {
      parts.push_back(std::min(part, size - start));
    }
    return absl::OkStatus();
  }
};
struct Listed {
  static constexpr size_t kDim = 2;
  static constexpr size_t kOut = 3;
  static constexpr bool kRemovesDim = false;
  static absl::Status Parts(const KernelContext& context, int64_t size, kernel::IntVector& parts) {
    parts = context.integers(1);
    int64_t left = size;
    for (const int64_t part : parts) {
      if (part < 0 || part > left) return InvalidArgument("a part of {} elements of the {} that are left", part, left);
      left -= part;
    }
    if (left != 0) return InvalidArgument("the parts leave {} of {} elements", left, size);
    return absl::OkStatus();
  }
};
struct Unbind {
  static constexpr size_t kDim = 1;
  static constexpr size_t kOut = 2;
  static constexpr bool kRemovesDim = true;
  static absl::Status Parts(const KernelContext&, int64_t size, kernel::IntVector& parts) {
    parts.assign(static_cast<size_t>(size), 1);
    return absl::OkStatus();
  }
};

template <typename Form>
absl::StatusOr<int> DimOf(const KernelContext& context) {
  const Tensor& in = context.tensor(0);
  if (in.rank() == 0) return InvalidArgument("a 0-d tensor can't be split");
  return NormalizeDim(context.integer(Form::kDim), in.rank());
}

template <typename Form>
absl::Status Prepare(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  ETD_ASSIGN_OR_RETURN(const int dim, DimOf<Form>(context));
  const auto outs = context.items(Form::kOut);
  // Before the list of parts is made: a damaged program could ask for one of any length.
  if (Form::kRemovesDim && outs.size() != static_cast<size_t>(in.size(dim))) {
    return InvalidArgument("{} outputs for dimension {} of shape {}", outs.size(), dim, tensor::ShapeText(in.sizes()));
  }
  kernel::IntVector parts;
  ETD_RETURN_IF_ERROR(Form::Parts(context, in.size(dim), parts));
  if (parts.size() != outs.size()) return InvalidArgument("{} parts for {} outputs", parts.size(), outs.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    Tensor& out = outs[i]->tensor();
    ETD_RETURN_IF_ERROR(CheckSameType(in, out));
    Shape shape = SlicedShape(in, {dim, 0, parts[i], 1});
    if (Form::kRemovesDim) shape.erase(shape.begin() + dim);
    ETD_RETURN_IF_ERROR(ResizeOut(out, shape));
  }
  return absl::OkStatus();
}

template <typename Form>
absl::Status Run(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  ETD_ASSIGN_OR_RETURN(const int dim, DimOf<Form>(context));
  kernel::IntVector parts;
  ETD_RETURN_IF_ERROR(Form::Parts(context, in.size(dim), parts));
  int64_t start = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    Tensor& out = context.items(Form::kOut)[i]->tensor();
    CopySource source = SlicedSource(in, {dim, start, parts[i], 1});
    if (Form::kRemovesDim) source.strides.erase(source.strides.begin() + dim);
    StridedCopy(out.sizes(), source, {out.raw(), StridesOf(out), out.type()}, context.threads());
    start += parts[i];
  }
  return absl::OkStatus();
}

template <typename Form>
std::optional<RowClass> Rows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  const auto dim = NormalizeDim(query.arguments[Form::kDim]->integer(), query.arguments[0]->tensor().rank());
  if (!row.has_value() || !dim.ok() || *dim == *row) return std::nullopt;
  return RowClass::Rows(Form::kRemovesDim && *dim < *row ? *row - 1 : *row);
}

}  // namespace

std::span<const kernel::Kernel> SplitCopyKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::split_copy.Tensor_out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kInt, Parameter::kOutList},
       .prepare = Prepare<Equal>,
       .run = Run<Equal>,
       .row_rule = Rows<Equal>},
      {.name = "aten::split_with_sizes_copy.out",
       .parameters = {Parameter::kTensor, Parameter::kIntList, Parameter::kInt, Parameter::kOutList},
       .prepare = Prepare<Listed>,
       .run = Run<Listed>,
       .row_rule = Rows<Listed>},
      {.name = "aten::unbind_copy.int_out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kOutList},
       .prepare = Prepare<Unbind>,
       .run = Run<Unbind>,
       .row_rule = Rows<Unbind>},
  };
  return kKernels;
}

}  // namespace etd::kernels
