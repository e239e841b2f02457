// Tensors of one value: full, zeros, ones, fill, scalar_tensor and their "like" forms, and empty.
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/scalar.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::Scalar;
using tensor::Tensor;

// Where the shape comes from: argument 0 is a list of sizes, or a tensor of that shape, or there is none.
enum class ShapeOfOut { kSizes, kLike, kScalar };

template <ShapeOfOut kShape, size_t kOut>
absl::Status Resize(KernelContext& context) {
  Tensor& out = context.tensor(kOut);
  if constexpr (kShape == ShapeOfOut::kScalar) return ResizeOut(out, {});
  if constexpr (kShape == ShapeOfOut::kLike) return ResizeOut(out, context.tensor(0).sizes());
  if constexpr (kShape == ShapeOfOut::kSizes) {
    ETD_ASSIGN_OR_RETURN(const Shape shape, ShapeFromInts(context.integers(0)));
    return ResizeOut(out, shape);
  }
}

// The value is argument kValue.
template <ShapeOfOut kShape, size_t kValue, size_t kOut>
absl::Status PrepareFill(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckScalarFits(context.scalar(kValue), context.tensor(kOut).type()));
  return Resize<kShape, kOut>(context);
}

template <size_t kValue, size_t kOut>
absl::Status RunFill(KernelContext& context) {
  Tensor& out = context.tensor(kOut);
  ETD_RETURN_IF_ERROR(CheckScalarFits(context.scalar(kValue), out.type()));
  FillElements(out.raw(), out.numel(), out.type(), context.scalar(kValue));
  return absl::OkStatus();
}

template <int64_t kValue, size_t kOut>
absl::Status RunConstant(KernelContext& context) {
  Tensor& out = context.tensor(kOut);
  FillElements(out.raw(), out.numel(), out.type(), {Scalar::Kind::kInt, kValue, 0});
  return absl::OkStatus();
}

absl::Status RunNothing(KernelContext&) { return absl::OkStatus(); }

// fill.Tensor(self, value, out): the value is a tensor of one element.
absl::Status PrepareFillTensor(KernelContext& context) {
  const Tensor& value = context.tensor(1);
  if (value.numel() != 1) {
    return InvalidArgument("the value has shape {}, it must have one element", tensor::ShapeText(value.sizes()));
  }
  return ResizeOut(context.tensor(2), context.tensor(0).sizes());
}

absl::Status RunFillTensor(KernelContext& context) {
  const Tensor& value = context.tensor(1);
  Tensor& out = context.tensor(2);
  const Scalar scalar = tensor::VisitScalarType(value.type(), [&](auto tag) -> Scalar {
    using T = typename decltype(tag)::Type;
    const T element = *value.data<T>();
    if constexpr (std::is_integral_v<T>) return {Scalar::Kind::kInt, static_cast<int64_t>(element), 0};
    else return {Scalar::Kind::kDouble, 0, Convert<double>(element)};
  });
  ETD_RETURN_IF_ERROR(CheckScalarFits(scalar, out.type()));
  FillElements(out.raw(), out.numel(), out.type(), scalar);
  return absl::OkStatus();
}

}  // namespace

std::span<const kernel::Kernel> FillKernels() {
  using enum ShapeOfOut;
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::full.out",
       .parameters = {Parameter::kIntList, Parameter::kScalar, Parameter::kOut},
       .prepare = PrepareFill<kSizes, 1, 2>,
       .run = RunFill<1, 2>},
      {.name = "aten::full_like.out",
       .parameters = {Parameter::kTensor, Parameter::kScalar, Parameter::kOptionalInt, Parameter::kOut},
       .prepare = PrepareFill<kLike, 1, 3>,
       .run = RunFill<1, 3>,
       .row_rule = SameRows,
       .shape_ignores_numbers = true},
      {.name = "aten::scalar_tensor.out",
       .parameters = {Parameter::kScalar, Parameter::kOut},
       .prepare = PrepareFill<kScalar, 0, 1>,
       .run = RunFill<0, 1>,
       .shape_ignores_numbers = true},
      {.name = "aten::fill.Scalar_out",
       .parameters = {Parameter::kTensor, Parameter::kScalar, Parameter::kOut},
       .prepare = PrepareFill<kLike, 1, 2>,
       .run = RunFill<1, 2>,
       .row_rule = SameRows,
       .shape_ignores_numbers = true},
      {.name = "aten::fill.Tensor_out",
       .parameters = {Parameter::kTensor, Parameter::kTensor, Parameter::kOut},
       .prepare = PrepareFillTensor,
       .run = RunFillTensor},
      {.name = "aten::zeros.out",
       .parameters = {Parameter::kIntList, Parameter::kOut},
       .prepare = Resize<kSizes, 1>,
       .run = RunConstant<0, 1>},
      {.name = "aten::ones.out",
       .parameters = {Parameter::kIntList, Parameter::kOut},
       .prepare = Resize<kSizes, 1>,
       .run = RunConstant<1, 1>},
      {.name = "aten::zeros_like.out",
       .parameters = {Parameter::kTensor, Parameter::kOptionalInt, Parameter::kOut},
       .prepare = Resize<kLike, 2>,
       .run = RunConstant<0, 2>,
       .row_rule = SameRows},
      {.name = "aten::ones_like.out",
       .parameters = {Parameter::kTensor, Parameter::kOptionalInt, Parameter::kOut},
       .prepare = Resize<kLike, 2>,
       .run = RunConstant<1, 2>,
       .row_rule = SameRows},
      {.name = "aten::empty.out",
       .parameters = {Parameter::kIntList, Parameter::kOptionalInt, Parameter::kOut},
       .prepare = Resize<kSizes, 2>,
       .run = RunNothing},
  };
  return kKernels;
}

}  // namespace etd::kernels
