// aten::convolution_backward over two dimensions: the gradients of image, weights and bias. Half types are summed in
// float.
#include <array>

#include "runtime/base/status.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/window.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::ShapeText;
using tensor::Tensor;

// (grad_output, in, weight, bias_sizes?, stride, padding, dilation, transposed, output_padding, groups, output_mask,
// grad_input, grad_weight, grad_bias): outputs that the mask leaves out are not touched.
constexpr size_t kGradInput = 11, kGradWeight = 12, kGradBias = 13;

struct Call {
  Image grad;
  Image in;
  Image weight;  // [out, in / groups, height, width]
  std::array<Window, 2> windows;
  int64_t groups;

  int64_t group_inputs() const { return weight.sizes[1]; }
  int64_t group_outputs() const { return weight.sizes[0] / groups; }
};

absl::StatusOr<Call> ReadCall(KernelContext& ctx) {
  const Tensor& grad = ctx.tensor(0);
  const Tensor& in = ctx.tensor(1);
  const Tensor& weight = ctx.tensor(2);
  if (grad.rank() != 4 || in.rank() != 4 || weight.rank() != 4) {
    return InvalidArgument("gradients are only computed for convolutions over two dimensions: shapes {}, {} and {}",
                           ShapeText(grad.sizes()), ShapeText(in.sizes()), ShapeText(weight.sizes()));
  }
  const kernel::IntVector kernel = {weight.size(2), weight.size(3)};
  ETD_ASSIGN_OR_RETURN(const auto windows,
                       ReadWindows(kernel, ctx.integers(4), ctx.integers(5), ctx.integers(6), {}, 2));
  ETD_ASSIGN_OR_RETURN(const Image grad_image, ImageOf(grad, 2));
  ETD_ASSIGN_OR_RETURN(const Image in_image, ImageOf(in, 2));
  ETD_ASSIGN_OR_RETURN(const Image weight_image, ImageOf(weight, 2));
  return Call{grad_image, in_image, weight_image, windows, ctx.integer(9)};
}

absl::Status CheckShapes(const KernelContext& ctx, const Call& call) {
  const int64_t groups = call.groups;
  const bool divides = groups >= 1 && groups <= call.weight.sizes[0] && call.weight.sizes[0] % groups == 0;
  if (!divides || call.weight.sizes[1] != call.in.sizes[1] / groups || call.in.sizes[1] % groups != 0) {
    return InvalidArgument("weights of shape {} in {} groups do not fit an image of shape {}",
                           ShapeText(ctx.tensor(2).sizes()), groups, ShapeText(ctx.tensor(1).sizes()));
  }
  const std::array<int64_t, 4> expected = {call.in.sizes[0], call.weight.sizes[0],
                                           call.windows[0].OutputSize(call.in.sizes[2], false),
                                           call.windows[1].OutputSize(call.in.sizes[3], false)};
  if (call.grad.sizes != expected || expected[2] < 1 || expected[3] < 1) {
    return InvalidArgument("a gradient of shape {} is not one of the convolution of shapes {} and {}",
                           ShapeText(ctx.tensor(0).sizes()), ShapeText(ctx.tensor(1).sizes()),
                           ShapeText(ctx.tensor(2).sizes()));
  }
  return absl::OkStatus();
}

absl::Status Prepare(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(1);
  if (ctx.boolean(7)) return InvalidArgument("gradients of a transposed convolution are not computed");
  const std::vector<bool>& mask = ctx.booleans(10);
  if (mask.size() != 3) return InvalidArgument("the output mask has {} entries, three are needed", mask.size());
  ETD_RETURN_IF_ERROR(CheckFloating(in.type()));
  ETD_RETURN_IF_ERROR(CheckSameType(in, ctx.tensor(0)));
  ETD_RETURN_IF_ERROR(CheckSameType(in, ctx.tensor(2)));
  ETD_ASSIGN_OR_RETURN(const Call call, ReadCall(ctx));
  ETD_RETURN_IF_ERROR(CheckShapes(ctx, call));
  const std::array<Shape, 3> shapes = {ShapeOf(in), ShapeOf(ctx.tensor(2)), Shape{ctx.tensor(2).size(0)}};
  for (size_t i = 0; i < 3; ++i) {
    if (!mask[i]) continue;
    Tensor& out = ctx.tensor(kGradInput + i);
    ETD_RETURN_IF_ERROR(CheckSameType(in, out));
    ETD_RETURN_IF_ERROR(ResizeOut(out, shapes[i]));
  }
  return absl::OkStatus();
}

template <typename T, typename C>
struct Gradients {
  const Call& call;
  const T* grad;
  const T* in;
  const T* weight;

  C GradAt(int64_t n, int64_t channel, int64_t y, int64_t x) const {
    return Convert<C>(grad[call.grad.Offset(n, channel, y, x)]);
  }

  // The output position whose window has its element `k` at `from`, or -1.
  static int64_t Target(const Window& window, int64_t from, int64_t k, int64_t size) {
    const int64_t distance = from + window.padding - k * window.dilation;
    if (distance < 0 || distance % window.stride != 0 || distance / window.stride >= size) return -1;
    return distance / window.stride;
  }

  // d/d in[n, channel, y, x]: every output that the element went into, times its weight.
  C Input(int64_t n, int64_t channel, int64_t y, int64_t x) const {
    const int64_t group = channel / call.group_inputs();
    C sum = 0;
    for (int64_t o = group * call.group_outputs(); o < (group + 1) * call.group_outputs(); ++o) {
      for (int64_t ky = 0; ky < call.windows[0].kernel; ++ky) {
        const int64_t row = Target(call.windows[0], y, ky, call.grad.sizes[2]);
        if (row < 0) continue;
        for (int64_t kx = 0; kx < call.windows[1].kernel; ++kx) {
          const int64_t column = Target(call.windows[1], x, kx, call.grad.sizes[3]);
          if (column < 0) continue;
          sum += GradAt(n, o, row, column) *
                 Convert<C>(weight[call.weight.Offset(o, channel % call.group_inputs(), ky, kx)]);
        }
      }
    }
    return sum;
  }

  // d/d weight[o, i, ky, kx]: every pair of an output and the element that this weight was multiplied with.
  C Weight(int64_t o, int64_t i, int64_t ky, int64_t kx) const {
    const int64_t channel = o / call.group_outputs() * call.group_inputs() + i;
    C sum = 0;
    for (int64_t n = 0; n < call.in.sizes[0]; ++n) {
      for (int64_t y = 0; y < call.grad.sizes[2]; ++y) {
        const int64_t row = y * call.windows[0].stride - call.windows[0].padding + ky * call.windows[0].dilation;
        if (row < 0 || row >= call.in.sizes[2]) continue;
        for (int64_t x = 0; x < call.grad.sizes[3]; ++x) {
          const int64_t column = x * call.windows[1].stride - call.windows[1].padding + kx * call.windows[1].dilation;
          if (column < 0 || column >= call.in.sizes[3]) continue;
          sum += GradAt(n, o, y, x) * Convert<C>(in[call.in.Offset(n, channel, row, column)]);
        }
      }
    }
    return sum;
  }

  // d/d bias[o].
  C Bias(int64_t o) const {
    C sum = 0;
    for (int64_t n = 0; n < call.grad.sizes[0]; ++n) {
      for (int64_t y = 0; y < call.grad.sizes[2]; ++y) {
        for (int64_t x = 0; x < call.grad.sizes[3]; ++x) sum += GradAt(n, o, y, x);
      }
    }
    return sum;
  }
};

// Sets every element of `out` to element(n, c, y, x).
template <typename T, typename Element>
absl::Status Fill(threads::ThreadPool& threads, Tensor& out, const Element& element) {
  ETD_ASSIGN_OR_RETURN(const Image image, ImageOf(out, 2));
  threads.ParallelFor(image.sizes[0] * image.sizes[1], 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / image.sizes[1];
      const int64_t c = i % image.sizes[1];
      for (int64_t y = 0; y < image.sizes[2]; ++y) {
        for (int64_t x = 0; x < image.sizes[3]; ++x) {
          out.data<T>()[image.Offset(n, c, y, x)] = Convert<T>(element(n, c, y, x));
        }
      }
    }
  });
  return absl::OkStatus();
}

absl::Status Run(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Call call, ReadCall(ctx));
  const std::vector<bool>& mask = ctx.booleans(10);
  absl::Status status;
  VisitFloatingElements(ctx.tensor(1).type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = ComputeOf<T>;
    const Gradients<T, C> gradients{call, ctx.tensor(0).data<T>(), ctx.tensor(1).data<T>(), ctx.tensor(2).data<T>()};
    if (mask[0]) {
      status.Update(Fill<T>(ctx.threads(), ctx.tensor(kGradInput), [&](int64_t n, int64_t c, int64_t y, int64_t x) {
        return gradients.Input(n, c, y, x);
      }));
    }
    if (mask[1]) {
      status.Update(Fill<T>(ctx.threads(), ctx.tensor(kGradWeight), [&](int64_t o, int64_t i, int64_t y, int64_t x) {
        return gradients.Weight(o, i, y, x);
      }));
    }
    for (int64_t o = 0; mask[2] && o < call.weight.sizes[0]; ++o) {
      ctx.tensor(kGradBias).data<T>()[o] = Convert<T>(gradients.Bias(o));
    }
  });
  return status;
}

}  // namespace

std::span<const Kernel> ConvolutionBackwardKernels() {
  using P = Parameter;
  static const Kernel kKernels[] = {
      {.name = "aten::convolution_backward.out",
       .parameters = {P::kTensor, P::kTensor, P::kTensor, P::kOptionalIntList, P::kIntList, P::kIntList, P::kIntList,
                      P::kBool, P::kIntList, P::kInt, P::kBoolList, P::kOut, P::kOut, P::kOut},
       .prepare = Prepare, .run = Run},
  };
  return kKernels;
}

}  // namespace etd::kernels
