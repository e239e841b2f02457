// aten::max_pool2d_with_indices_backward: gradients go to the elements that were the largest.
#include "runtime/base/status.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/sum.h"
#include "runtime/kernels/portable/util/window.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::ScalarType;
using tensor::ShapeText;
using tensor::Tensor;

// (grad_output, in, kernel, stride, padding, dilation, ceil_mode, indices, grad_input): an index is y·width + x.
absl::Status Prepare(KernelContext& ctx) {
  const Tensor& grad = ctx.tensor(0);
  const Tensor& in = ctx.tensor(1);
  const Tensor& indices = ctx.tensor(7);
  ETD_RETURN_IF_ERROR(CheckFloating(in.type()));
  ETD_RETURN_IF_ERROR(CheckSameType(in, grad));
  ETD_RETURN_IF_ERROR(CheckSameType(in, ctx.tensor(8)));
  if (indices.type() != ScalarType::kInt64) {
    return InvalidArgument("indices are int64, not {}", tensor::ScalarTypeName(indices.type()));
  }
  ETD_ASSIGN_OR_RETURN(const auto windows,
                       ReadWindows(ctx.integers(2), ctx.integers(3), ctx.integers(4), ctx.integers(5), {}, 2));
  ETD_ASSIGN_OR_RETURN(const Image image, ImageOf(in, 2));
  Shape expected = ShapeOf(in);
  for (size_t i = 0; i < 2; ++i) {
    const int64_t size = windows[i].OutputSize(image.sizes[i + 2], ctx.boolean(6));
    if (size < 1) return InvalidArgument("a window fits nowhere into an image of shape {}", ShapeText(in.sizes()));
    expected[expected.size() - 2 + i] = static_cast<int32_t>(size);
  }
  if (!std::ranges::equal(grad.sizes(), expected) || !std::ranges::equal(indices.sizes(), expected)) {
    return InvalidArgument("a gradient of shape {} and indices of shape {} are not ones of a pool of shape {}",
                           ShapeText(grad.sizes()), ShapeText(indices.sizes()), ShapeText(expected));
  }
  return ResizeOut(ctx.tensor(8), in.sizes());
}

template <typename T>
absl::Status Scatter(const Tensor& grad, const Tensor& indices, Tensor& out) {
  ETD_ASSIGN_OR_RETURN(const Image from, ImageOf(grad, 2));
  ETD_ASSIGN_OR_RETURN(const Image places, ImageOf(indices, 2));
  ETD_ASSIGN_OR_RETURN(const Image to, ImageOf(out, 2));
  std::fill_n(out.data<T>(), out.numel(), Convert<T>(0.0f));
  const int64_t width = to.sizes[3];
  for (int64_t n = 0; n < from.sizes[0]; ++n) {
    for (int64_t c = 0; c < from.sizes[1]; ++c) {
      for (int64_t y = 0; y < from.sizes[2]; ++y) {
        for (int64_t x = 0; x < from.sizes[3]; ++x) {
          const int64_t index = indices.data<int64_t>()[places.Offset(n, c, y, x)];
          if (index == -1) continue;  // a window without any element
          if (index < 0 || index >= to.sizes[2] * width) {
            return InvalidArgument("index {} is outside of an image of {} × {}", index, to.sizes[2], width);
          }
          T& target = out.data<T>()[to.Offset(n, c, index / width, index % width)];
          target = Sum(target, grad.data<T>()[from.Offset(n, c, y, x)]);
        }
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Run(KernelContext& ctx) {
  absl::Status status;
  VisitFloatingElements(ctx.tensor(1).type(), [&](auto tag) {
    status = Scatter<typename decltype(tag)::Type>(ctx.tensor(0), ctx.tensor(7), ctx.tensor(8));
  });
  return status;
}

}  // namespace

std::span<const Kernel> PoolBackwardKernels() {
  using P = Parameter;
  static const Kernel kKernels[] = {
      {.name = "aten::max_pool2d_with_indices_backward.grad_input",
       .parameters = {P::kTensor, P::kTensor, P::kIntList, P::kIntList, P::kIntList, P::kIntList, P::kBool, P::kTensor,
                      P::kOut},
       .prepare = Prepare, .run = Run},
  };
  return kKernels;
}

}  // namespace etd::kernels
