// aten::tril and aten::triu: one triangle of every matrix, zeros in the other.
#include <algorithm>
#include <cstddef>
#include <cstring>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using tensor::Tensor;

// tril(self, diagonal, out)
absl::Status Prepare(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(2);
  ETD_RETURN_IF_ERROR(CheckSameType(in, out));
  if (in.rank() < 2) return InvalidArgument("a tensor of rank {} holds no matrices", in.rank());
  if (!in.row_major() || !out.row_major()) return InvalidArgument("input and output must be row-major");
  return ResizeOut(out, in.sizes());
}

template <bool kLower>
absl::Status Run(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(2);
  if (in.numel() == 0) return absl::OkStatus();
  const int64_t rows = in.size(in.rank() - 2);
  const int64_t columns = in.size(in.rank() - 1);
  const size_t size = in.element_size();
  // No diagonal lies further off than this, and sums with it can't overflow.
  const int64_t diagonal = std::clamp(context.integer(1), -rows, columns);
  for (int64_t row = 0; row < in.numel() / columns; ++row) {
    // Columns up to `split` belong to the lower triangle.
    const int64_t split = std::clamp(row % rows + diagonal + (kLower ? 1 : 0), int64_t{0}, columns);
    const size_t left = static_cast<size_t>(split) * size;
    const size_t right = static_cast<size_t>(columns) * size - left;
    const std::byte* from = in.data<std::byte>() + static_cast<size_t>(row * columns) * size;
    std::byte* to = out.data<std::byte>() + static_cast<size_t>(row * columns) * size;
    if (kLower) {
      std::memcpy(to, from, left);
      std::memset(to + left, 0, right);
    } else {
      std::memset(to, 0, left);
      std::memcpy(to + left, from + left, right);
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::span<const kernel::Kernel> TriangleKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::tril.out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kOut},
       .prepare = Prepare,
       .run = Run<true>,
       .shape_ignores_numbers = true},
      {.name = "aten::triu.out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kOut},
       .prepare = Prepare,
       .run = Run<false>,
       .shape_ignores_numbers = true},
  };
  return kKernels;
}

}  // namespace etd::kernels
