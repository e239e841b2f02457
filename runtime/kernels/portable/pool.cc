// aten::max_pool2d_with_indices, avg_pool2d, _adaptive_avg_pool2d and the two upsamplings.
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

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
using tensor::ScalarType;
using tensor::ShapeText;
using tensor::Tensor;

// Calls `visit(n, c, y, x)` for every element of `image`.
template <typename Visitor>
void ForEachPixel(threads::ThreadPool& threads, const Image& image, const Visitor& visit) {
  threads.ParallelFor(image.sizes[0] * image.sizes[1], 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t y = 0; y < image.sizes[2]; ++y) {
        for (int64_t x = 0; x < image.sizes[3]; ++x) visit(i / image.sizes[1], i % image.sizes[1], y, x);
      }
    }
  });
}

// The images of a call, read again when it runs.
struct Images {
  const Tensor& in;
  Tensor& out;
  Image from;
  Image to;
};
absl::StatusOr<Images> ReadImages(KernelContext& ctx, size_t out) {
  ETD_ASSIGN_OR_RETURN(const Image from, ImageOf(ctx.tensor(0), 2));
  ETD_ASSIGN_OR_RETURN(const Image to, ImageOf(ctx.tensor(out), 2));
  return Images{ctx.tensor(0), ctx.tensor(out), from, to};
}

// Pools may be padded by half a kernel at most.
absl::StatusOr<std::array<Window, 2>> PoolWindows(KernelContext& ctx, bool has_dilation) {
  ETD_ASSIGN_OR_RETURN(const auto windows,
                       ReadWindows(ctx.integers(1), ctx.integers(2), ctx.integers(3),
                                   has_dilation ? ctx.integers(4) : kernel::IntVector(), {}, 2));
  for (const Window& window : windows) {
    if (window.padding > window.kernel / 2) {
      return InvalidArgument("padding {} is more than half of kernel {}", window.padding, window.kernel);
    }
  }
  return windows;
}

absl::Status PreparePool(KernelContext& ctx, const std::array<Window, 2>& windows, bool ceil_mode, size_t out) {
  const Tensor& in = ctx.tensor(0);
  ETD_RETURN_IF_ERROR(CheckSameType(in, ctx.tensor(out)));
  ETD_ASSIGN_OR_RETURN(const Image image, ImageOf(in, 2));
  return ResizeImage(in, 2, image.sizes[1], windows[0].OutputSize(image.sizes[2], ceil_mode),
                     windows[1].OutputSize(image.sizes[3], ceil_mode), ctx.tensor(out));
}

// (in, kernel, stride, padding, dilation, ceil_mode, out, indices): the index is y·width + x of the largest element.
absl::Status PrepareMaxPool(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(CheckReal(ctx.tensor(0).type()));
  ETD_ASSIGN_OR_RETURN(const auto windows, PoolWindows(ctx, true));
  ETD_RETURN_IF_ERROR(PreparePool(ctx, windows, ctx.boolean(5), 6));
  if (ctx.tensor(7).type() != ScalarType::kInt64) {
    return InvalidArgument("indices are int64, not {}", tensor::ScalarTypeName(ctx.tensor(7).type()));
  }
  return ResizeOut(ctx.tensor(7), ctx.tensor(6).sizes());
}

// What every number is at least.
template <typename C>
C Smallest() {
  if constexpr (std::is_floating_point_v<C>) return -std::numeric_limits<C>::infinity();
  else return std::numeric_limits<C>::lowest();
}

absl::Status RunMaxPool(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const auto windows, PoolWindows(ctx, true));
  ETD_ASSIGN_OR_RETURN(const Images images, ReadImages(ctx, 6));
  ETD_ASSIGN_OR_RETURN(const Image indices, ImageOf(ctx.tensor(7), 2));
  VisitRealElements(images.in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = ComputeOf<T>;
    ForEachPixel(ctx.threads(), images.to, [&](int64_t n, int64_t c, int64_t y, int64_t x) {
      C largest = Smallest<C>();
      int64_t index = -1;
      for (int64_t ky = 0; ky < windows[0].kernel; ++ky) {
        const int64_t row = y * windows[0].stride - windows[0].padding + ky * windows[0].dilation;
        if (row < 0 || row >= images.from.sizes[2]) continue;
        for (int64_t kx = 0; kx < windows[1].kernel; ++kx) {
          const int64_t column = x * windows[1].stride - windows[1].padding + kx * windows[1].dilation;
          if (column < 0 || column >= images.from.sizes[3]) continue;
          const C value = Convert<C>(images.in.data<T>()[images.from.Offset(n, c, row, column)]);
          if (index >= 0 && !(value > largest) && !IsNan(value)) continue;
          largest = value;
          index = row * images.from.sizes[3] + column;
        }
      }
      images.out.data<T>()[images.to.Offset(n, c, y, x)] = Convert<T>(largest);
      ctx.tensor(7).data<int64_t>()[indices.Offset(n, c, y, x)] = std::max<int64_t>(index, 0);
    });
  });
  return absl::OkStatus();
}

// The average pools are for floating-point numbers and int64.
absl::Status CheckAveraged(ScalarType type) {
  return type == ScalarType::kInt64 ? absl::OkStatus() : CheckFloating(type);
}
template <typename Visitor>
void VisitAveraged(ScalarType type, const Visitor& visitor) {
  if (type == ScalarType::kInt64) visitor(tensor::TypeTag<int64_t>{});
  else VisitFloatingElements(type, visitor);
}

// (in, kernel, stride, padding, ceil_mode, count_include_pad, divisor_override?, out).
absl::Status PrepareAveragePool(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(CheckAveraged(ctx.tensor(0).type()));
  ETD_ASSIGN_OR_RETURN(const auto windows, PoolWindows(ctx, false));
  if (ctx.optional_integer(6) == 0) return InvalidArgument("an average can't be divided by 0");
  return PreparePool(ctx, windows, ctx.boolean(4), 7);
}

// The mean of in[y0, y1) × [x0, x1), over `divisor`; of integers rounded towards zero.
template <typename T, typename C>
T Average(const Images& images, int64_t n, int64_t c, int64_t y0, int64_t y1, int64_t x0, int64_t x1,
          int64_t divisor) {
  C sum = 0;
  for (int64_t y = y0; y < y1; ++y) {
    for (int64_t x = x0; x < x1; ++x) sum = Add(sum, Convert<C>(images.in.data<T>()[images.from.Offset(n, c, y, x)]));
  }
  if constexpr (std::is_integral_v<C>) return divisor == 0 ? T{0} : DivideTruncated(sum, divisor);
  else return Convert<T>(sum / static_cast<C>(divisor));
}

absl::Status RunAveragePool(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const auto windows, PoolWindows(ctx, false));
  ETD_ASSIGN_OR_RETURN(const Images images, ReadImages(ctx, 7));
  const bool count_padding = ctx.boolean(5);
  const std::optional<int64_t> divisor = ctx.optional_integer(6);
  const int64_t height = images.from.sizes[2];
  const int64_t width = images.from.sizes[3];
  VisitAveraged(images.in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = ComputeOf<T>;
    ForEachPixel(ctx.threads(), images.to, [&](int64_t n, int64_t c, int64_t y, int64_t x) {
      const int64_t y0 = y * windows[0].stride - windows[0].padding;
      const int64_t x0 = x * windows[1].stride - windows[1].padding;
      const int64_t y1 = std::min(y0 + windows[0].kernel, height + windows[0].padding);
      const int64_t x1 = std::min(x0 + windows[1].kernel, width + windows[1].padding);
      const int64_t top = std::max<int64_t>(y0, 0), bottom = std::min(y1, height);
      const int64_t left = std::max<int64_t>(x0, 0), right = std::min(x1, width);
      const int64_t count = count_padding ? (y1 - y0) * (x1 - x0) : (bottom - top) * (right - left);
      images.out.data<T>()[images.to.Offset(n, c, y, x)] =
          Average<T, C>(images, n, c, top, bottom, left, right, divisor.value_or(count));
    });
  });
  return absl::OkStatus();
}

// (in, output_size, out).
absl::Status PrepareAdaptivePool(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  ETD_RETURN_IF_ERROR(CheckAveraged(in.type()));
  ETD_RETURN_IF_ERROR(CheckSameType(in, ctx.tensor(2)));
  ETD_ASSIGN_OR_RETURN(const Image image, ImageOf(in, 2));
  const kernel::IntVector sizes = ctx.integers(1);
  if (sizes.size() != 2 || image.sizes[2] == 0 || image.sizes[3] == 0) {
    return InvalidArgument("an image of shape {} can't be pooled to {} sizes", ShapeText(in.sizes()), sizes.size());
  }
  return ResizeImage(in, 2, image.sizes[1], sizes[0], sizes[1], ctx.tensor(2));
}

absl::Status RunAdaptivePool(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Images images, ReadImages(ctx, 2));
  const auto begin = [](int64_t i, int64_t from, int64_t to) { return i * from / to; };
  const auto end = [](int64_t i, int64_t from, int64_t to) { return ((i + 1) * from + to - 1) / to; };
  VisitAveraged(images.in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = ComputeOf<T>;
    ForEachPixel(ctx.threads(), images.to, [&](int64_t n, int64_t c, int64_t y, int64_t x) {
      const int64_t y0 = begin(y, images.from.sizes[2], images.to.sizes[2]);
      const int64_t y1 = end(y, images.from.sizes[2], images.to.sizes[2]);
      const int64_t x0 = begin(x, images.from.sizes[3], images.to.sizes[3]);
      const int64_t x1 = end(x, images.from.sizes[3], images.to.sizes[3]);
      images.out.data<T>()[images.to.Offset(n, c, y, x)] =
          Average<T, C>(images, n, c, y0, y1, x0, x1, (y1 - y0) * (x1 - x0));
    });
  });
  return absl::OkStatus();
}

// Upsamplings take either the output's size or two factors.
absl::Status PrepareUpsample(KernelContext& ctx, size_t scales, size_t out) {
  const Tensor& in = ctx.tensor(0);
  ETD_RETURN_IF_ERROR(CheckReal(in.type()));
  ETD_RETURN_IF_ERROR(CheckSameType(in, ctx.tensor(out)));
  ETD_ASSIGN_OR_RETURN(const Image image, ImageOf(in, 2));
  if (ctx.has(1) == ctx.has(scales)) return InvalidArgument("either an output size or scale factors are needed");
  std::array<int64_t, 2> sizes;
  for (size_t i = 0; i < 2; ++i) {
    if (ctx.has(1)) {
      if (ctx.integers(1).size() != 2) return InvalidArgument("two output sizes are needed");
      sizes[i] = ctx.integers(1)[i];
    } else {
      if (ctx.doubles(scales).size() != 2) return InvalidArgument("two scale factors are needed");
      sizes[i] = Convert<int64_t>(static_cast<double>(image.sizes[i + 2]) * ctx.doubles(scales)[i]);
    }
  }
  if (image.sizes[2] == 0 || image.sizes[3] == 0) return InvalidArgument("an empty image can't be scaled");
  return ResizeImage(in, 2, image.sizes[1], sizes[0], sizes[1], ctx.tensor(out));
}

// How many input elements one step along the output is.
float StepOf(const KernelContext& ctx, size_t scales, size_t i, const Images& images, bool align_corners) {
  const float from = static_cast<float>(images.from.sizes[i + 2]);
  const float to = static_cast<float>(images.to.sizes[i + 2]);
  if (align_corners) return to > 1 ? (from - 1) / (to - 1) : 0.0f;
  if (ctx.has(scales) && ctx.doubles(scales)[i] > 0) return static_cast<float>(1.0 / ctx.doubles(scales)[i]);
  return from / to;
}

absl::Status PrepareNearest(KernelContext& ctx) { return PrepareUpsample(ctx, 2, 3); }

// (in, output_size?, scale_factors?, out).
absl::Status RunNearest(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Images images, ReadImages(ctx, 3));
  const float step_y = StepOf(ctx, 2, 0, images, false);
  const float step_x = StepOf(ctx, 2, 1, images, false);
  const auto source = [](int64_t i, float step, int64_t size) {
    return std::min(Convert<int64_t>(std::floor(static_cast<float>(i) * step)), size - 1);
  };
  VisitRealElements(images.in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    ForEachPixel(ctx.threads(), images.to, [&](int64_t n, int64_t c, int64_t y, int64_t x) {
      images.out.data<T>()[images.to.Offset(n, c, y, x)] = images.in.data<T>()[images.from.Offset(
          n, c, source(y, step_y, images.from.sizes[2]), source(x, step_x, images.from.sizes[3]))];
    });
  });
  return absl::OkStatus();
}

// The two neighbours of an output position and the weight of the second.
struct Neighbours {
  int64_t first;
  int64_t second;
  float weight;
};
Neighbours NeighboursOf(int64_t i, float step, int64_t size, bool align_corners) {
  const float place = align_corners ? static_cast<float>(i) * step
                                    : std::max(0.0f, (static_cast<float>(i) + 0.5f) * step - 0.5f);
  const int64_t first = std::min(Convert<int64_t>(place), size - 1);
  return {first, std::min(first + 1, size - 1), std::min(1.0f, place - static_cast<float>(first))};
}

absl::Status PrepareBilinear(KernelContext& ctx) { return PrepareUpsample(ctx, 3, 4); }

// (in, output_size?, align_corners, scale_factors?, out).
absl::Status RunBilinear(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Images images, ReadImages(ctx, 4));
  const bool align = ctx.boolean(2);
  const float step_y = StepOf(ctx, 3, 0, images, align);
  const float step_x = StepOf(ctx, 3, 1, images, align);
  VisitRealElements(images.in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
    ForEachPixel(ctx.threads(), images.to, [&](int64_t n, int64_t c, int64_t y, int64_t x) {
      const Neighbours rows = NeighboursOf(y, step_y, images.from.sizes[2], align);
      const Neighbours columns = NeighboursOf(x, step_x, images.from.sizes[3], align);
      const auto at = [&](int64_t row, int64_t column) {
        return Convert<C>(images.in.data<T>()[images.from.Offset(n, c, row, column)]);
      };
      const C wx = static_cast<C>(columns.weight), wy = static_cast<C>(rows.weight);
      const C top = at(rows.first, columns.first) * (1 - wx) + at(rows.first, columns.second) * wx;
      const C bottom = at(rows.second, columns.first) * (1 - wx) + at(rows.second, columns.second) * wx;
      images.out.data<T>()[images.to.Offset(n, c, y, x)] = Convert<T>(top * (1 - wy) + bottom * wy);
    });
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> PoolKernels() {
  using P = Parameter;
  static const Kernel kKernels[] = {
      {.name = "aten::max_pool2d_with_indices.out",
       .parameters = {P::kTensor, P::kIntList, P::kIntList, P::kIntList, P::kIntList, P::kBool, P::kOut, P::kOut},
       .prepare = PrepareMaxPool, .run = RunMaxPool},
      {.name = "aten::avg_pool2d.out",
       .parameters = {P::kTensor, P::kIntList, P::kIntList, P::kIntList, P::kBool, P::kBool, P::kOptionalInt, P::kOut},
       .prepare = PrepareAveragePool, .run = RunAveragePool},
      {.name = "aten::_adaptive_avg_pool2d.out", .parameters = {P::kTensor, P::kIntList, P::kOut},
       .prepare = PrepareAdaptivePool, .run = RunAdaptivePool},
      {.name = "aten::upsample_nearest2d.vec_out",
       .parameters = {P::kTensor, P::kOptionalIntList, P::kOptionalDoubleList, P::kOut}, .prepare = PrepareNearest,
       .run = RunNearest},
      {.name = "aten::upsample_bilinear2d.vec_out",
       .parameters = {P::kTensor, P::kOptionalIntList, P::kBool, P::kOptionalDoubleList, P::kOut},
       .prepare = PrepareBilinear, .run = RunBilinear},
  };
  return kKernels;
}

}  // namespace etd::kernels
