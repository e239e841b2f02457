// aten::grid_sampler_2d: an image read at the places that a grid names.
#include <algorithm>
#include <array>
#include <cmath>

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

// Numbers as programs have them.
enum Interpolation : int64_t { kBilinear = 0, kNearest = 1, kBicubic = 2 };
enum Padding : int64_t { kZeros = 0, kBorder = 1, kReflection = 2 };

// (in [N, C, H, W], grid [N, H', W', 2] of (x, y) from -1 to 1, interpolation, padding, align_corners, out).
absl::Status Prepare(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  const Tensor& grid = ctx.tensor(1);
  ETD_RETURN_IF_ERROR(CheckFloating(in.type()));
  ETD_RETURN_IF_ERROR(CheckSameType(in, grid));
  ETD_RETURN_IF_ERROR(CheckSameType(in, ctx.tensor(5)));
  if (ctx.integer(2) < kBilinear || ctx.integer(2) > kBicubic) {
    return InvalidArgument("interpolation mode {} is none of 0, 1 and 2", ctx.integer(2));
  }
  if (ctx.integer(3) < kZeros || ctx.integer(3) > kReflection) {
    return InvalidArgument("padding mode {} is none of 0, 1 and 2", ctx.integer(3));
  }
  if (in.rank() != 4 || grid.rank() != 4 || in.size(0) != grid.size(0) || grid.size(3) != 2) {
    return InvalidArgument("a grid of shape {} can't sample an image of shape {}", ShapeText(grid.sizes()),
                           ShapeText(in.sizes()));
  }
  if (in.size(2) == 0 || in.size(3) == 0) {
    return InvalidArgument("an image of shape {} has nothing to sample", ShapeText(in.sizes()));
  }
  return ResizeOut(ctx.tensor(5), Shape{in.size(0), in.size(1), grid.size(1), grid.size(2)});
}

// Places along one dimension of an image, 0 being the middle of the first element. Steps are rounded to T where half
// types must give the very places that step-by-step arithmetic in them gives.
template <typename C, typename T>
struct Axis {
  int64_t size;
  Padding padding;
  bool align_corners;

  static C Round(C value) { return Convert<C>(Convert<T>(value)); }

  // From -1…1 to the middles (align_corners) or the outer edges of the first and the last element.
  C Place(C coordinate) const {
    const C from_start = Round(coordinate + 1);
    if (align_corners) return Round(Round(from_start / 2) * Round(static_cast<C>(size - 1)));
    return Round(Round(Round(from_start * Round(static_cast<C>(size))) - 1) / 2);
  }

  // Mirrored until it lies between the same two points.
  C Reflect(C place) const {
    const C low = align_corners ? C{0} : C{-0.5};
    const C span = static_cast<C>(align_corners ? size - 1 : size);
    if (span == 0) return 0;
    const C distance = Round(std::abs(Round(place - low)));
    const C rest = Round(std::fmod(distance, span));
    const bool even = std::fmod(std::floor(Round(distance / span)), C{2}) == 0;
    return even ? Round(rest + low) : Round(Round(span - rest) + low);
  }

  // The order of comparisons makes the last element of a NaN.
  C Clip(C place) const { return std::min(static_cast<C>(size - 1), std::max(place, C{0})); }

  C Pad(C place) const {
    if (padding == kReflection) place = Reflect(place);
    return padding == kZeros ? place : Clip(place);
  }

  // The element at whole place `place`, -1 for none: it counts as 0.
  int64_t Index(C place) const {
    const C padded = Pad(place);
    return padded >= 0 && padded <= static_cast<C>(size - 1) ? static_cast<int64_t>(padded) : -1;
  }
};

// Weights of the elements at floor(place) - 1 … + 2: cubic convolution with a = -0.75.
template <typename C>
std::array<C, 4> CubicWeights(C t) {
  constexpr C a = C{-0.75};
  const auto near = [](C x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
  const auto far = [](C x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

template <typename T, typename C>
struct Sampler {
  const T* data;
  const Image& image;

  // y and x are indices, -1 for outside.
  C At(int64_t n, int64_t c, int64_t y, int64_t x) const {
    return y < 0 || x < 0 ? C{0} : Convert<C>(data[image.Offset(n, c, y, x)]);
  }

  template <typename A>
  C Nearest(const A& rows, const A& columns, int64_t n, int64_t c, C y, C x) const {
    return At(n, c, rows.Index(std::nearbyint(rows.Pad(rows.Place(y)))),
              columns.Index(std::nearbyint(columns.Pad(columns.Place(x)))));
  }

  // Elements outside of a place that is inside are the clipped ones, not mirrored ones: their weight is 0.
  template <typename A>
  C Bilinear(const A& rows, const A& columns, int64_t n, int64_t c, C y, C x) const {
    const C row = rows.Pad(rows.Place(y));
    const C column = columns.Pad(columns.Place(x));
    const auto index = [](const A& axis, C place) {
      A clipping = axis;
      if (axis.padding == kReflection) clipping.padding = kBorder;
      return clipping.Index(place);
    };
    const C top = std::floor(row), left = std::floor(column);
    C sum = 0;
    for (const int dy : {0, 1}) {
      for (const int dx : {0, 1}) {
        const int64_t from_y = index(rows, top + static_cast<C>(dy));
        const int64_t from_x = index(columns, left + static_cast<C>(dx));
        if (from_y < 0 || from_x < 0) continue;
        const C weight_y = dy == 0 ? top + 1 - row : row - top;
        const C weight_x = dx == 0 ? left + 1 - column : column - left;
        sum += At(n, c, from_y, from_x) * (weight_x * weight_y);
      }
    }
    return sum;
  }

  // Every one of the 16 elements is padded by itself.
  template <typename A>
  C Bicubic(const A& rows, const A& columns, int64_t n, int64_t c, C y, C x) const {
    const C row = rows.Place(y);
    const C column = columns.Place(x);
    const C top = std::floor(row), left = std::floor(column);
    const std::array<C, 4> weights_y = CubicWeights(row - top);
    const std::array<C, 4> weights_x = CubicWeights(column - left);
    C sum = 0;
    for (size_t i = 0; i < 4; ++i) {
      C line = 0;
      for (size_t k = 0; k < 4; ++k) {
        line += At(n, c, rows.Index(top + static_cast<C>(i) - 1), columns.Index(left + static_cast<C>(k) - 1)) *
                weights_x[k];
      }
      sum += line * weights_y[i];
    }
    return sum;
  }
};

absl::Status Run(KernelContext& ctx) {
  const Tensor& grid = ctx.tensor(1);
  Tensor& out = ctx.tensor(5);
  ETD_ASSIGN_OR_RETURN(const Image from, ImageOf(ctx.tensor(0), 2));
  ETD_ASSIGN_OR_RETURN(const Image to, ImageOf(out, 2));
  const auto padding = static_cast<Padding>(ctx.integer(3));
  const bool align = ctx.boolean(4);
  VisitFloatingElements(out.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = ComputeOf<T>;
    const Sampler<T, C> sampler{ctx.tensor(0).data<T>(), from};
    const auto sample = [&](int64_t n, int64_t c, C y, C x) {
      if (ctx.integer(2) == kBilinear) {
        // Its places are computed in float whatever the type.
        return sampler.Bilinear(Axis<C, C>{from.sizes[2], padding, align}, Axis<C, C>{from.sizes[3], padding, align},
                                n, c, y, x);
      }
      const Axis<C, T> rows{from.sizes[2], padding, align};
      const Axis<C, T> columns{from.sizes[3], padding, align};
      return ctx.integer(2) == kNearest ? sampler.Nearest(rows, columns, n, c, y, x)
                                        : sampler.Bicubic(rows, columns, n, c, y, x);
    };
    ctx.threads().ParallelFor(to.sizes[0] * to.sizes[1], 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t n = i / to.sizes[1];
        for (int64_t y = 0; y < to.sizes[2]; ++y) {
          for (int64_t x = 0; x < to.sizes[3]; ++x) {
            const T* at = grid.data<T>() + n * grid.stride(0) + y * grid.stride(1) + x * grid.stride(2);
            out.data<T>()[to.Offset(n, i % to.sizes[1], y, x)] =
                Convert<T>(sample(n, i % to.sizes[1], Convert<C>(at[grid.stride(3)]), Convert<C>(at[0])));
          }
        }
      }
    });
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> GridSamplerKernels() {
  using P = Parameter;
  static const Kernel kKernels[] = {
      {.name = "aten::grid_sampler_2d.out",
       .parameters = {P::kTensor, P::kTensor, P::kInt, P::kInt, P::kBool, P::kOut},
       .prepare = Prepare, .run = Run},
  };
  return kKernels;
}

}  // namespace etd::kernels
