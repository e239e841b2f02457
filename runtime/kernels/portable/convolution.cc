// aten::convolution over one or two dimensions, grouped and transposed; half types are summed in float, integers wrap.

#include "runtime/base/status.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/arithmetic.h"
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

// (in, weight, bias?, stride, padding, dilation, transposed, output_padding, groups, out).
struct Call {
  const Tensor& in;
  const Tensor& weight;  // [out, in / groups, …], transposed [in, out / groups, …]
  const Tensor* bias;
  Tensor& out;
  int spatial;
  std::array<Window, 2> windows;
  bool transposed;
  int64_t groups;

  int64_t in_channels() const { return transposed ? weight.size(0) : weight.size(1) * groups; }
  int64_t out_channels() const { return transposed ? weight.size(1) * groups : weight.size(0); }
};

absl::StatusOr<Call> ReadCall(KernelContext& ctx) {
  const Tensor& weight = ctx.tensor(1);
  const int spatial = weight.rank() - 2;
  if (spatial != 1 && spatial != 2) {
    return InvalidArgument("a convolution with weights of shape {} is not over one or two dimensions",
                           ShapeText(weight.sizes()));
  }
  kernel::IntVector kernel(weight.sizes().begin() + 2, weight.sizes().end());
  ETD_ASSIGN_OR_RETURN(const auto windows, ReadWindows(kernel, ctx.integers(3), ctx.integers(4), ctx.integers(5),
                                                       ctx.integers(7), spatial));
  return Call{ctx.tensor(0), weight,  ctx.optional_tensor(2), ctx.tensor(9),
              spatial,       windows, ctx.boolean(6),         ctx.integer(8)};
}

absl::Status CheckChannels(const Call& call, int64_t in_channels) {
  const bool divides = call.groups >= 1 && call.groups <= call.weight.size(0) &&
                       call.weight.size(0) % call.groups == 0;
  if (!divides || call.in_channels() != in_channels) {
    return InvalidArgument("weights of shape {} in {} groups do not fit an image of shape {}",
                           ShapeText(call.weight.sizes()), call.groups, ShapeText(call.in.sizes()));
  }
  if (call.bias != nullptr && (call.bias->rank() != 1 || call.bias->numel() != call.out_channels())) {
    return InvalidArgument("a bias of shape {} does not fit {} channels", ShapeText(call.bias->sizes()),
                           call.out_channels());
  }
  return absl::OkStatus();
}

absl::Status Prepare(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Call call, ReadCall(ctx));
  ETD_RETURN_IF_ERROR(CheckReal(call.in.type()));
  ETD_RETURN_IF_ERROR(CheckSameType(call.in, call.weight));
  ETD_RETURN_IF_ERROR(CheckSameType(call.in, call.out));
  if (call.bias != nullptr) ETD_RETURN_IF_ERROR(CheckReal(call.bias->type()));
  ETD_ASSIGN_OR_RETURN(const Image image, ImageOf(call.in, call.spatial));
  ETD_RETURN_IF_ERROR(CheckChannels(call, image.sizes[1]));
  const auto size = [&](size_t i) {
    const Window& window = call.windows[i];
    return call.transposed ? window.TransposedSize(image.sizes[i + 2]) : window.OutputSize(image.sizes[i + 2], false);
  };
  return ResizeImage(call.in, call.spatial, call.out_channels(), size(0), size(1), call.out);
}

// Where the image lies that kernel element `k` multiplies for output position `to`, or nothing: padding.
std::optional<int64_t> Source(const Window& window, int64_t to, int64_t k, int64_t size, bool transposed) {
  int64_t from = to * window.stride - window.padding + k * window.dilation;
  if (transposed) {
    from = to + window.padding - k * window.dilation;
    if (from % window.stride != 0) return std::nullopt;
    from /= window.stride;
  }
  return from >= 0 && from < size ? std::optional(from) : std::nullopt;
}

template <typename T, typename C>
C SumAt(const Call& call, const Image& in, const Image& weight, int64_t n, int64_t channel, int64_t y, int64_t x) {
  const int64_t group_outputs = call.out_channels() / call.groups;
  const int64_t group_inputs = call.in_channels() / call.groups;
  const int64_t group = channel / group_outputs;
  C sum = 0;
  for (int64_t i = 0; i < group_inputs; ++i) {
    const int64_t input = group * group_inputs + i;
    for (int64_t ky = 0; ky < call.windows[0].kernel; ++ky) {
      const auto row = Source(call.windows[0], y, ky, in.sizes[2], call.transposed);
      if (!row.has_value()) continue;
      for (int64_t kx = 0; kx < call.windows[1].kernel; ++kx) {
        const auto column = Source(call.windows[1], x, kx, in.sizes[3], call.transposed);
        if (!column.has_value()) continue;
        const int64_t at = call.transposed ? weight.Offset(input, channel % group_outputs, ky, kx)
                                           : weight.Offset(channel, i, ky, kx);
        sum = Add(sum, Multiply(Convert<C>(call.in.data<T>()[in.Offset(n, input, *row, *column)]),
                                Convert<C>(call.weight.data<T>()[at])));
      }
    }
  }
  return sum;
}

// Element `i` of a vector of any type.
template <typename C>
C ElementAs(const Tensor& vector, int64_t i) {
  return tensor::VisitScalarType(vector.type(), [&](auto tag) {
    return Convert<C>(vector.data<typename decltype(tag)::Type>()[i * vector.stride(0)]);
  });
}

absl::Status Run(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Call call, ReadCall(ctx));
  ETD_ASSIGN_OR_RETURN(const Image in, ImageOf(call.in, call.spatial));
  ETD_ASSIGN_OR_RETURN(const Image weight, ImageOf(call.weight, call.spatial));
  ETD_ASSIGN_OR_RETURN(const Image out, ImageOf(call.out, call.spatial));
  VisitRealElements(call.in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = ComputeOf<T>;
    ctx.threads().ParallelFor(out.sizes[0] * out.sizes[1], 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t n = i / out.sizes[1];
        const int64_t channel = i % out.sizes[1];
        const C bias = call.bias == nullptr ? C{0} : ElementAs<C>(*call.bias, channel);
        for (int64_t y = 0; y < out.sizes[2]; ++y) {
          for (int64_t x = 0; x < out.sizes[3]; ++x) {
            call.out.data<T>()[out.Offset(n, channel, y, x)] =
                Convert<T>(Add(SumAt<T, C>(call, in, weight, n, channel, y, x), bias));
          }
        }
      }
    });
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> ConvolutionKernels() {
  using P = Parameter;
  static const Kernel kKernels[] = {
      {.name = "aten::convolution.out",
       .parameters = {P::kTensor, P::kTensor, P::kOptionalTensor, P::kIntList, P::kIntList, P::kIntList, P::kBool,
                      P::kIntList, P::kInt, P::kOut},
       .prepare = Prepare, .run = Run},
  };
  return kKernels;
}

}  // namespace etd::kernels
