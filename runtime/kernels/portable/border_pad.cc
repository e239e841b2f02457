// Borders made of the input itself: reflection_pad and replication_pad in one, two and three dimensions.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/visit_bits.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using tensor::Tensor;

enum class Border { kReflection, kReplication };

// pad(self, padding, out): padding holds (before, after) of the last dimension, then of the one before. Negative
// numbers cut off.
template <Border kBorder, size_t kDims>
absl::Status Prepare(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  const kernel::IntVector padding = context.integers(1);
  const size_t rank = in.sizes().size();
  ETD_RETURN_IF_ERROR(CheckSameType(in, context.tensor(2)));
  if (padding.size() != 2 * kDims || (rank != kDims + 1 && rank != kDims + 2)) {
    return InvalidArgument("{} pads for shape {} in {} dimensions", padding.size(), tensor::ShapeText(in.sizes()),
                           kDims);
  }
  Shape shape = ShapeOf(in);
  for (size_t i = 0; i < kDims; ++i) {
    int32_t& size = shape[rank - 1 - i];
    const int64_t before = padding[2 * i], after = padding[2 * i + 1];
    const int64_t most = kBorder == Border::kReflection ? int64_t{size} - 1 : std::numeric_limits<int32_t>::max();
    if (size == 0 || std::max(before, after) > most || std::min(before, after) < -size ||
        size + before + after < 1 || size + before + after > std::numeric_limits<int32_t>::max()) {
      return InvalidArgument("pads {} and {} don't fit dimension {} of shape {}", before, after, rank - 1 - i,
                             tensor::ShapeText(in.sizes()));
    }
    size = static_cast<int32_t>(size + before + after);
  }
  return ResizeOut(context.tensor(2), shape);
}

// Which element of a dimension of `size` stands at `position`, counted from the first of the input.
template <Border kBorder>
int64_t SourceOf(int64_t position, int64_t size) {
  if constexpr (kBorder == Border::kReplication) return std::clamp(position, int64_t{0}, size - 1);
  if (position < 0) return -position;
  return position < size ? position : 2 * (size - 1) - position;
}

template <Border kBorder, size_t kDims>
absl::Status Run(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(2);
  if (out.numel() == 0) return absl::OkStatus();
  const kernel::IntVector padding = context.integers(1);
  const size_t rank = in.sizes().size();
  // For every padded dimension a table: position in the output -> offset in the input.
  size_t entries = 0;
  for (size_t i = 0; i < kDims; ++i) entries += static_cast<size_t>(out.sizes()[rank - 1 - i]);
  ETD_ASSIGN_OR_RETURN(std::byte* const memory, context.scratch(entries * sizeof(int64_t)));
  std::array<int64_t*, kDims> tables{};
  int64_t* next = reinterpret_cast<int64_t*>(memory);
  for (size_t i = 0; i < kDims; ++i) {
    const size_t dim = rank - 1 - i;
    tables[i] = next;
    for (int32_t position = 0; position < out.sizes()[dim]; ++position) {
      *next++ = SourceOf<kBorder>(position - padding[2 * i], in.sizes()[dim]) * in.strides()[dim];
    }
  }
  const int64_t line = out.sizes()[rank - 1];
  VisitBits(out.element_size(), [&](auto tag) {
    using Bits = typename decltype(tag)::Type;
    for (int64_t index = 0; index < out.numel() / line; ++index) {
      int64_t rest = index, from = 0, to = 0;
      for (size_t dim = rank - 1; dim-- > 0;) {
        const int64_t coordinate = rest % out.sizes()[dim];
        rest /= out.sizes()[dim];
        const size_t padded = rank - 1 - dim;
        from += padded < kDims ? tables[padded][coordinate] : coordinate * in.strides()[dim];
        to += coordinate * out.strides()[dim];
      }
      for (int64_t i = 0; i < line; ++i) {
        out.data<Bits>()[to + i * out.strides()[rank - 1]] = in.data<Bits>()[from + tables[0][i]];
      }
    }
  });
  return absl::OkStatus();
}

template <Border kBorder, size_t kDims>
kernel::Kernel Make(std::string_view name) {
  return {.name = name,
          .parameters = {Parameter::kTensor, Parameter::kIntList, Parameter::kOut},
          .prepare = Prepare<kBorder, kDims>,
          .run = Run<kBorder, kDims>};
}

}  // namespace

std::span<const kernel::Kernel> BorderPadKernels() {
  static const kernel::Kernel kKernels[] = {
      Make<Border::kReflection, 1>("aten::reflection_pad1d.out"),
      Make<Border::kReflection, 2>("aten::reflection_pad2d.out"),
      Make<Border::kReflection, 3>("aten::reflection_pad3d.out"),
      Make<Border::kReplication, 1>("aten::replication_pad1d.out"),
      Make<Border::kReplication, 2>("aten::replication_pad2d.out"),
      Make<Border::kReplication, 3>("aten::replication_pad3d.out"),
  };
  return kKernels;
}

}  // namespace etd::kernels
