// Prim operators that look at tensors.
#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/view_shape.h"
#include "runtime/kernels/prim/kernels.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::Scalar;
using tensor::Tensor;

absl::Status PrepareSymSize(KernelContext& context) {
  const Tensor& self = context.tensor(0);
  if (self.rank() == 0) return InvalidArgument("a 0-d tensor has no sizes");
  return NormalizeDim(context.integer(1), self.rank()).status();
}

absl::Status RunSymSize(KernelContext& context) {
  const Tensor& self = context.tensor(0);
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(1), self.rank()));
  return StoreNumber({Scalar::Kind::kInt, self.size(dim), 0}, context.mutable_value(2));
}

absl::Status PrepareNothing(KernelContext&) { return absl::OkStatus(); }

absl::Status RunSymNumel(KernelContext& context) {
  return StoreNumber({Scalar::Kind::kInt, context.tensor(0).numel(), 0}, context.mutable_value(1));
}

absl::Status PrepareLocalScalar(KernelContext& context) {
  const Tensor& self = context.tensor(0);
  if (self.numel() < 1) {
    return InvalidArgument("a tensor of shape {} has no element to read", tensor::ShapeText(self.sizes()));
  }
  return absl::OkStatus();
}

// The first element as a number.
absl::Status RunLocalScalar(KernelContext& context) {
  const Tensor& self = context.tensor(0);
  return tensor::VisitScalarType(self.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const T element = *self.data<T>();
    Scalar result;
    if constexpr (std::is_same_v<T, bool>) {
      result = {Scalar::Kind::kBool, element ? 1 : 0, 0};
    } else if constexpr (std::is_integral_v<T>) {
      result = {Scalar::Kind::kInt, static_cast<int64_t>(element), 0};
    } else {
      result = {Scalar::Kind::kDouble, 0, static_cast<double>(static_cast<std::conditional_t<
                                              std::is_same_v<T, double>, double, float>>(element))};
    }
    return StoreNumber(result, context.mutable_value(1));
  });
}

// One more result of a loop: copy_to grows to index + 1 entries.
absl::Status PrepareCopyIndex(KernelContext& context) {
  Tensor& to = context.tensor(0);
  const Tensor& from = context.tensor(1);
  const int64_t index = context.integer(2);
  ETD_RETURN_IF_ERROR(CheckSameType(to, from));
  if (index < 0 || index >= std::numeric_limits<int32_t>::max()) return InvalidArgument("the index is {}", index);
  Shape shape{static_cast<int32_t>(index + 1)};
  shape.insert(shape.end(), from.sizes().begin(), from.sizes().end());
  if (to.rank() != from.rank() + 1 || !std::equal(shape.begin() + 1, shape.end(), to.sizes().begin() + 1) ||
      !to.row_major() || !from.row_major()) {
    return InvalidArgument("entries of shape {} can't be collected in a tensor of shape {}",
                           tensor::ShapeText(from.sizes()), tensor::ShapeText(to.sizes()));
  }
  return ResizeOut(to, shape);
}

absl::Status RunCopyIndex(KernelContext& context) {
  Tensor& to = context.tensor(0);
  const Tensor& from = context.tensor(1);
  if (from.nbytes() == 0) return absl::OkStatus();
  std::memcpy(to.data<std::byte>() + static_cast<size_t>(context.integer(2)) * from.nbytes(), from.raw(),
              from.nbytes());
  return absl::OkStatus();
}

absl::Status PrepareEtView(KernelContext& context) {
  const Tensor& self = context.tensor(0);
  Tensor& out = context.tensor(2);
  ETD_RETURN_IF_ERROR(CheckSameType(self, out));
  ETD_ASSIGN_OR_RETURN(const Shape shape, ViewShape(self, context.integers(1)));
  return ResizeOut(out, shape);
}

absl::Status RunEtView(KernelContext& context) {
  context.tensor(2).set_raw(context.tensor(0).raw());
  return absl::OkStatus();
}

}  // namespace

std::span<const kernel::Kernel> TensorPrimKernels() {
  static const kernel::Kernel kKernels[] = {
      {"aten::sym_size.int", {Parameter::kTensor, Parameter::kInt, Parameter::kOutNumber}, PrepareSymSize, RunSymSize},
      {"aten::sym_numel", {Parameter::kTensor, Parameter::kOutNumber}, PrepareNothing, RunSymNumel},
      {"aten::_local_scalar_dense", {Parameter::kTensor, Parameter::kOutNumber}, PrepareLocalScalar, RunLocalScalar},
      {"executorch_prim::et_copy_index.tensor",
       {Parameter::kOut, Parameter::kTensor, Parameter::kInt},
       PrepareCopyIndex,
       RunCopyIndex,
       false,
       std::nullopt,
       nullptr,
       {0}},
      {"executorch_prim::et_view.default",
       {Parameter::kTensor, Parameter::kIntList, Parameter::kOut},
       PrepareEtView,
       RunEtView,
       false,
       0,
       ViewRows},
  };
  return kKernels;
}

}  // namespace etd::kernels
