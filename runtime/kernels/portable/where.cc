// aten::where and aten::masked_fill: a choice for every element.
#include <algorithm>
#include <cstddef>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/scalar.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/strided.h"
#include "runtime/kernels/portable/util/strided_copy.h"
#include "runtime/kernels/portable/util/visit_bits.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using tensor::ScalarType;
using tensor::Tensor;

absl::Status CheckMask(const Tensor& mask) {
  if (mask.type() == ScalarType::kBool || mask.type() == ScalarType::kUInt8) return absl::OkStatus();
  return InvalidArgument("a mask is bool or uint8, not {}", tensor::ScalarTypeName(mask.type()));
}

// where(condition, self, other, out)
absl::Status PrepareWhere(KernelContext& context) {
  const Tensor& condition = context.tensor(0);
  const Tensor& self = context.tensor(1);
  const Tensor& other = context.tensor(2);
  Tensor& out = context.tensor(3);
  ETD_RETURN_IF_ERROR(CheckMask(condition));
  for (const Tensor* value : {&self, &other}) {
    if (tensor::IsFloating(value->type()) && !tensor::IsFloating(out.type())) return CheckSameType(*value, out);
  }
  ETD_ASSIGN_OR_RETURN(const Shape values, BroadcastShapes(self.sizes(), other.sizes()));
  ETD_ASSIGN_OR_RETURN(const Shape shape, BroadcastShapes(values, condition.sizes()));
  return ResizeOut(out, shape);
}

using Masks = uint8_t;  // bool is stored as one byte, 0 or 1

// Both values have the output's type: bytes move unread. Operands: out, mask, self, other.
template <typename Bits>
void SelectBits(const LoopNest<4>& nest, const Tensor& condition, const Tensor& self, const Tensor& other, Tensor& out,
                threads::ThreadPool& threads) {
  ForEachRun<4>(nest, threads, [&](const auto& offsets, int64_t count, const auto& strides) {
    Bits* to = out.data<Bits>() + offsets[0];
    const Masks* mask = condition.data<Masks>() + offsets[1];
    const Bits* a = self.data<Bits>() + offsets[2];
    const Bits* b = other.data<Bits>() + offsets[3];
    for (int64_t i = 0; i < count; ++i) {
      to[i * strides[0]] = mask[i * strides[1]] != 0 ? a[i * strides[2]] : b[i * strides[3]];
    }
  });
}

// Elements that are converted at a time.
constexpr int64_t kBlock = 512;

// Writes `value`, converted to the output's type, where the mask is not 0. Operands: out, mask, value.
void ConvertMasked(const Tensor& mask, const Tensor& value, Tensor& out, threads::ThreadPool& threads) {
  const auto nest = MakeLoopNest<3>(
      out.sizes(), {StridesOf(out), BroadcastStrides(mask, out.sizes()), BroadcastStrides(value, out.sizes())});
  const RunCopy convert = SelectRunCopy(out.type(), value.type());
  const auto value_size = static_cast<int64_t>(value.element_size());
  VisitBits(out.element_size(), [&](auto tag) {
    using Bits = typename decltype(tag)::Type;
    ForEachRun<3>(nest, threads, [&](const auto& offsets, int64_t count, const auto& strides) {
      Bits converted[kBlock];
      Bits* to = out.data<Bits>() + offsets[0];
      const Masks* chosen = mask.data<Masks>() + offsets[1];
      const auto* from = static_cast<const std::byte*>(value.raw()) + offsets[2] * value_size;
      for (int64_t begin = 0; begin < count; begin += kBlock) {
        const int64_t block = std::min(kBlock, count - begin);
        convert(converted, 1, from + begin * strides[2] * value_size, strides[2], block);
        for (int64_t i = 0; i < block; ++i) {
          if (chosen[(begin + i) * strides[1]] != 0) to[(begin + i) * strides[0]] = converted[i];
        }
      }
    });
  });
}

absl::Status RunWhere(KernelContext& context) {
  const Tensor& condition = context.tensor(0);
  const Tensor& self = context.tensor(1);
  const Tensor& other = context.tensor(2);
  Tensor& out = context.tensor(3);
  if (self.type() == out.type() && other.type() == out.type()) {
    const auto nest = MakeLoopNest<4>(out.sizes(), {StridesOf(out), BroadcastStrides(condition, out.sizes()),
                                                    BroadcastStrides(self, out.sizes()),
                                                    BroadcastStrides(other, out.sizes())});
    VisitBits(out.element_size(), [&](auto tag) {
      SelectBits<typename decltype(tag)::Type>(nest, condition, self, other, out, context.threads());
    });
    return absl::OkStatus();
  }
  StridedCopy(out.sizes(), {other.raw(), BroadcastStrides(other, out.sizes()), other.type()},
              {out.raw(), StridesOf(out), out.type()}, context.threads());
  ConvertMasked(condition, self, out, context.threads());
  return absl::OkStatus();
}

// masked_fill(self, mask, value, out)
absl::Status PrepareMasked(KernelContext& context) {
  const Tensor& self = context.tensor(0);
  const Tensor& mask = context.tensor(1);
  ETD_RETURN_IF_ERROR(CheckMask(mask));
  ETD_RETURN_IF_ERROR(CheckSameType(self, context.tensor(3)));
  ETD_ASSIGN_OR_RETURN(const Shape shape, BroadcastShapes(self.sizes(), mask.sizes()));
  return ResizeOut(context.tensor(3), shape);
}

absl::Status PrepareMaskedScalar(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckScalarFits(context.scalar(2), context.tensor(3).type()));
  return PrepareMasked(context);
}

absl::Status PrepareMaskedTensor(KernelContext& context) {
  if (context.tensor(2).numel() != 1) {
    return InvalidArgument("the value has shape {}, it must have one element",
                           tensor::ShapeText(context.tensor(2).sizes()));
  }
  return PrepareMasked(context);
}

void CopySelf(KernelContext& context) {
  const Tensor& self = context.tensor(0);
  Tensor& out = context.tensor(3);
  StridedCopy(out.sizes(), {self.raw(), BroadcastStrides(self, out.sizes()), self.type()},
              {out.raw(), StridesOf(out), out.type()}, context.threads());
}

absl::Status RunMaskedScalar(KernelContext& context) {
  Tensor& out = context.tensor(3);
  alignas(8) std::byte bytes[8];
  ETD_RETURN_IF_ERROR(CheckScalarFits(context.scalar(2), out.type()));
  FillElements(bytes, 1, out.type(), context.scalar(2));
  CopySelf(context);
  ConvertMasked(context.tensor(1), Tensor(out.type(), {}, bytes), out, context.threads());
  return absl::OkStatus();
}

absl::Status RunMaskedTensor(KernelContext& context) {
  CopySelf(context);
  const Tensor& value = context.tensor(2);
  ConvertMasked(context.tensor(1), Tensor(value.type(), {}, const_cast<void*>(value.raw())), context.tensor(3),
                context.threads());
  return absl::OkStatus();
}

}  // namespace

std::span<const kernel::Kernel> WhereKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::where.self_out",
       .parameters = {Parameter::kTensor, Parameter::kTensor, Parameter::kTensor, Parameter::kOut},
       .prepare = PrepareWhere,
       .run = RunWhere,
       .row_rule = kernel::BroadcastRowRule},
      {.name = "aten::masked_fill.Scalar_out",
       .parameters = {Parameter::kTensor, Parameter::kTensor, Parameter::kScalar, Parameter::kOut},
       .prepare = PrepareMaskedScalar,
       .run = RunMaskedScalar,
       .row_rule = kernel::BroadcastRowRule,
       .shape_ignores_numbers = true},
      {.name = "aten::masked_fill.Tensor_out",
       .parameters = {Parameter::kTensor, Parameter::kTensor, Parameter::kTensor, Parameter::kOut},
       .prepare = PrepareMaskedTensor,
       .run = RunMaskedTensor,
       .row_rule = kernel::BroadcastRowRule},
  };
  return kKernels;
}

}  // namespace etd::kernels
