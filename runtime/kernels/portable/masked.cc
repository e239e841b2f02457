// Operators that walk elements in order and count as they go: masked_select, masked_scatter and repeat_interleave.
#include <algorithm>
#include <cstdint>
#include <limits>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/strided_copy.h"
#include "runtime/kernels/portable/util/visit_bits.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using tensor::ScalarType;
using tensor::Tensor;

absl::StatusOr<Shape> MaskedShape(const Tensor& self, const Tensor& mask) {
  if (mask.type() != ScalarType::kBool && mask.type() != ScalarType::kUInt8) {
    return InvalidArgument("a mask is bool or uint8, not {}", tensor::ScalarTypeName(mask.type()));
  }
  return BroadcastShapes(self.sizes(), mask.sizes());
}

// masked_select(self, mask, out): the elements where the mask is true, as a vector.
absl::Status PrepareSelect(KernelContext& context) {
  const Tensor& mask = context.tensor(1);
  ETD_RETURN_IF_ERROR(CheckSameType(context.tensor(0), context.tensor(2)));
  ETD_ASSIGN_OR_RETURN(const Shape shape, MaskedShape(context.tensor(0), mask));
  if (mask.raw() == nullptr && mask.numel() > 0) return InvalidArgument("the mask has no value yet");
  int64_t count = 0;
  ForEachInOrder<1>(shape, {BroadcastStrides(mask, shape)},
                    [&](const auto& offsets) { count += mask.data<uint8_t>()[offsets[0]] != 0 ? 1 : 0; });
  ETD_ASSIGN_OR_RETURN(const Shape selected, ShapeFromInts({&count, 1}));
  return ResizeOut(context.tensor(2), selected);
}

absl::Status RunSelect(KernelContext& context) {
  const Tensor& self = context.tensor(0);
  const Tensor& mask = context.tensor(1);
  Tensor& out = context.tensor(2);
  ETD_ASSIGN_OR_RETURN(const Shape shape, MaskedShape(self, mask));
  VisitBits(out.element_size(), [&](auto tag) {
    using Bits = typename decltype(tag)::Type;
    int64_t count = 0;
    ForEachInOrder<2>(shape, {BroadcastStrides(self, shape), BroadcastStrides(mask, shape)}, [&](const auto& offsets) {
      if (mask.data<uint8_t>()[offsets[1]] == 0 || count >= out.numel()) return;
      out.data<Bits>()[count++] = self.data<Bits>()[offsets[0]];
    });
  });
  return absl::OkStatus();
}

// masked_scatter(self, mask, source, out): where the mask is true, the next element of the source.
absl::Status PrepareScatter(KernelContext& context) {
  const Tensor& self = context.tensor(0);
  ETD_RETURN_IF_ERROR(CheckSameType(self, context.tensor(2)));
  ETD_RETURN_IF_ERROR(CheckSameType(self, context.tensor(3)));
  ETD_ASSIGN_OR_RETURN(const Shape shape, MaskedShape(self, context.tensor(1)));
  return ResizeOut(context.tensor(3), shape);
}

absl::Status RunScatter(KernelContext& context) {
  const Tensor& self = context.tensor(0);
  const Tensor& mask = context.tensor(1);
  const Tensor& source = context.tensor(2);
  Tensor& out = context.tensor(3);
  StridedCopy(out.sizes(), {self.raw(), BroadcastStrides(self, out.sizes()), self.type()},
              {out.raw(), StridesOf(out), out.type()}, context.threads());
  int64_t wanted = 0;
  ForEachInOrder<1>(out.sizes(), {BroadcastStrides(mask, out.sizes())},
                    [&](const auto& offsets) { wanted += mask.data<uint8_t>()[offsets[0]] != 0 ? 1 : 0; });
  if (wanted > source.numel()) {
    return InvalidArgument("the mask asks for {} elements, the source has {}", wanted, source.numel());
  }
  // The source in its own logical order.
  const Strides source_strides = StridesOf(source);
  VisitBits(out.element_size(), [&](auto tag) {
    using Bits = typename decltype(tag)::Type;
    int64_t taken = 0;
    ForEachInOrder<2>(out.sizes(), {StridesOf(out), BroadcastStrides(mask, out.sizes())}, [&](const auto& offsets) {
      if (mask.data<uint8_t>()[offsets[1]] == 0) return;
      int64_t rest = taken++, from = 0;
      for (size_t d = source_strides.size(); d-- > 0;) {
        from += rest % source.sizes()[d] * source_strides[d];
        rest /= source.sizes()[d];
      }
      out.data<Bits>()[offsets[0]] = source.data<Bits>()[from];
    });
  });
  return absl::OkStatus();
}

// repeat_interleave(repeats, output_size?, out): number i as often as repeats[i] says.
int64_t RepeatsAt(const Tensor& repeats, int64_t i) {
  return repeats.type() == ScalarType::kInt32 ? repeats.data<int32_t>()[i] : repeats.data<int64_t>()[i];
}

absl::Status PrepareRepeat(KernelContext& context) {
  const Tensor& repeats = context.tensor(0);
  ETD_RETURN_IF_ERROR(CheckSameType(repeats, context.tensor(2)));
  if (repeats.rank() != 1 || (repeats.type() != ScalarType::kInt32 && repeats.type() != ScalarType::kInt64)) {
    return InvalidArgument("repeats are an int32 or int64 vector, not {} of shape {}",
                           tensor::ScalarTypeName(repeats.type()), tensor::ShapeText(repeats.sizes()));
  }
  if (repeats.raw() == nullptr && repeats.numel() > 0) return InvalidArgument("the repeats have no value yet");
  int64_t total = 0;
  for (int64_t i = 0; i < repeats.numel(); ++i) {
    const int64_t count = RepeatsAt(repeats, i);
    if (count < 0 || count > std::numeric_limits<int32_t>::max() - total) {
      return InvalidArgument("{} repetitions of number {} are not possible", count, i);
    }
    total += count;
  }
  if (context.optional_integer(1).value_or(total) != total) {
    return InvalidArgument("the repeats add up to {}, the program says {}", total, context.integer(1));
  }
  ETD_ASSIGN_OR_RETURN(const Shape shape, ShapeFromInts({&total, 1}));
  return ResizeOut(context.tensor(2), shape);
}

absl::Status RunRepeat(KernelContext& context) {
  const Tensor& repeats = context.tensor(0);
  Tensor& out = context.tensor(2);
  int64_t position = 0;
  for (int64_t i = 0; i < repeats.numel(); ++i) {
    // Bounded by the output too: the repeats may be memory that somebody else writes.
    const int64_t end = position + std::clamp<int64_t>(RepeatsAt(repeats, i), 0, out.numel() - position);
    for (; position < end; ++position) {
      if (out.type() == ScalarType::kInt32) {
        out.data<int32_t>()[position] = static_cast<int32_t>(i);
      } else {
        out.data<int64_t>()[position] = i;
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::span<const kernel::Kernel> MaskedKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::masked_select.out",
       .parameters = {Parameter::kTensor, Parameter::kTensor, Parameter::kOut},
       .prepare = PrepareSelect,
       .run = RunSelect,
       .shape_depends_on_data = true},
      {.name = "aten::masked_scatter.out",
       .parameters = {Parameter::kTensor, Parameter::kTensor, Parameter::kTensor, Parameter::kOut},
       .prepare = PrepareScatter,
       .run = RunScatter},
      {.name = "aten::repeat_interleave.Tensor_out",
       .parameters = {Parameter::kTensor, Parameter::kOptionalInt, Parameter::kOut},
       .prepare = PrepareRepeat,
       .run = RunRepeat,
       .shape_depends_on_data = true},
  };
  return kKernels;
}

}  // namespace etd::kernels
