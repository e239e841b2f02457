// Dimensions in another order: permute_copy, transpose_copy and t_copy.
#include <array>
#include <utility>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/strided_copy.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::RowClass;
using kernel::RowQuery;
using tensor::Tensor;

// Dimension i of the output is dimension permutation[i] of the input; as many count as the input has.
using Permutation = std::array<int, tensor::kMaxRank>;

absl::StatusOr<Permutation> FromDims(const Tensor& in, std::span<const int64_t> dims) {
  if (dims.size() != in.sizes().size()) {
    return InvalidArgument("{} dimensions are no order of a tensor of rank {}", dims.size(), in.rank());
  }
  std::array<bool, tensor::kMaxRank> seen{};
  Permutation permutation{};
  for (size_t i = 0; i < dims.size(); ++i) {
    ETD_ASSIGN_OR_RETURN(permutation[i], NormalizeDim(dims[i], in.rank()));
    if (std::exchange(seen[static_cast<size_t>(permutation[i])], true)) {
      return InvalidArgument("dimension {} comes twice", dims[i]);
    }
  }
  return permutation;
}

absl::StatusOr<Permutation> Swap(const Tensor& in, int64_t first, int64_t second) {
  ETD_ASSIGN_OR_RETURN(const int a, NormalizeDim(first, in.rank()));
  ETD_ASSIGN_OR_RETURN(const int b, NormalizeDim(second, in.rank()));
  Permutation permutation{};
  for (int dim = 0; dim < in.rank(); ++dim) permutation[static_cast<size_t>(dim)] = dim == a ? b : dim == b ? a : dim;
  return permutation;
}

// The three operators as one: which permutation a call asks for. The output is parameter kOut.
struct Permute {
  static constexpr size_t kOut = 2;
  static absl::StatusOr<Permutation> Of(std::span<tensor::Value* const> arguments) {
    return FromDims(arguments[0]->tensor(), IntegersOf(*arguments[1]));
  }
};
struct Transpose {
  static constexpr size_t kOut = 3;
  static absl::StatusOr<Permutation> Of(std::span<tensor::Value* const> arguments) {
    return Swap(arguments[0]->tensor(), arguments[1]->integer(), arguments[2]->integer());
  }
};
struct MatrixTranspose {
  static constexpr size_t kOut = 1;
  static absl::StatusOr<Permutation> Of(std::span<tensor::Value* const> arguments) {
    const Tensor& in = arguments[0]->tensor();
    if (in.rank() > 2) return InvalidArgument("t() takes a matrix, not a tensor of rank {}", in.rank());
    return in.rank() < 2 ? Permutation{} : Permutation{1, 0};
  }
};

template <typename Operator>
absl::Status Prepare(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(Operator::kOut);
  ETD_RETURN_IF_ERROR(CheckSameType(in, out));
  ETD_ASSIGN_OR_RETURN(const Permutation permutation, Operator::Of(context.arguments()));
  Shape shape;
  for (size_t i = 0; i < in.sizes().size(); ++i) shape.push_back(in.size(permutation[i]));
  return ResizeOut(out, shape);
}

template <typename Operator>
absl::Status Run(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(Operator::kOut);
  ETD_ASSIGN_OR_RETURN(const Permutation permutation, Operator::Of(context.arguments()));
  Strides strides;
  for (size_t i = 0; i < in.sizes().size(); ++i) strides.push_back(in.stride(permutation[i]));
  StridedCopy(out.sizes(), {in.raw(), strides, in.type()}, {out.raw(), StridesOf(out), out.type()}, context.threads());
  return absl::OkStatus();
}

template <typename Operator>
std::optional<RowClass> Rows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  const absl::StatusOr<Permutation> permutation = Operator::Of(query.arguments);
  if (!row.has_value() || !permutation.ok()) return std::nullopt;
  for (size_t i = 0; i < query.arguments[0]->tensor().sizes().size(); ++i) {
    if ((*permutation)[i] == *row) return RowClass::Rows(static_cast<int>(i));
  }
  return std::nullopt;
}

}  // namespace

std::span<const kernel::Kernel> PermuteCopyKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::permute_copy.out",
       .parameters = {Parameter::kTensor, Parameter::kIntList, Parameter::kOut},
       .prepare = Prepare<Permute>,
       .run = Run<Permute>,
       .row_rule = Rows<Permute>},
      {.name = "aten::transpose_copy.int_out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kInt, Parameter::kOut},
       .prepare = Prepare<Transpose>,
       .run = Run<Transpose>,
       .row_rule = Rows<Transpose>},
      {.name = "aten::t_copy.out",
       .parameters = {Parameter::kTensor, Parameter::kOut},
       .prepare = Prepare<MatrixTranspose>,
       .run = Run<MatrixTranspose>,
       .row_rule = Rows<MatrixTranspose>},
  };
  return kKernels;
}

}  // namespace etd::kernels
