// aten::_upsample_bilinear2d_aa: scaling with a triangle filter that grows when the image shrinks.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

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

// (in [N, C, H, W], output_size, align_corners, scale_h?, scale_w?, out).
absl::Status Prepare(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  ETD_RETURN_IF_ERROR(CheckArithmetic(in.type()));
  ETD_RETURN_IF_ERROR(CheckSameType(in, ctx.tensor(5)));
  const kernel::IntVector sizes = ctx.integers(1);
  if (in.rank() != 4 || in.size(2) == 0 || in.size(3) == 0 || in.type() == tensor::ScalarType::kBool) {
    return InvalidArgument("{} of shape {} is no image that can be scaled", tensor::ScalarTypeName(in.type()),
                           ShapeText(in.sizes()));
  }
  if (sizes.size() != 2) return InvalidArgument("two output sizes are needed, not {}", sizes.size());
  return ResizeImage(in, 2, in.size(1), sizes[0], sizes[1], ctx.tensor(5));
}

// Which elements make one output element, and how much of each.
struct Taps {
  int64_t first;
  int64_t count;
  float center;
  float shrink;
  float total;  // 0: the only element counts whole

  float Unscaled(int64_t i) const {
    return std::max(1 - std::abs((static_cast<float>(first + i) - center + 0.5f) * shrink), 0.0f);
  }
  float Weight(int64_t i) const { return total > 0 ? Unscaled(i) / total : 1.0f; }
};

// `step` is the distance of two output elements in input elements. Alignment changes the step alone.
Taps TapsOf(int64_t i, float step, int64_t size) {
  const float center = step * (static_cast<float>(i) + 0.5f);
  const float reach = std::max(step, 1.0f);
  const int64_t first = std::max<int64_t>(Convert<int64_t>(center - reach + 0.5f), 0);
  const int64_t end = std::min(Convert<int64_t>(center + reach + 0.5f), size);
  Taps taps{first, end > first ? end - first : 0, center, 1 / reach, 0};
  for (int64_t k = 0; k < taps.count; ++k) taps.total += taps.Unscaled(k);
  if (taps.total > 0) return taps;
  return {std::clamp<int64_t>(Convert<int64_t>(center), 0, size - 1), 1, center, 1, 0};
}

float StepOf(int64_t from, int64_t to, bool align_corners, std::optional<double> scale) {
  if (align_corners) {
    return to > 1 ? static_cast<float>(static_cast<double>(from - 1) / static_cast<double>(to - 1)) : 0.0f;
  }
  if (scale.has_value() && *scale > 0) return static_cast<float>(1 / *scale);
  return static_cast<float>(static_cast<double>(from) / static_cast<double>(to));
}

std::vector<Taps> TapsOfAll(int64_t from, int64_t to, float step) {
  std::vector<Taps> taps;
  for (int64_t i = 0; i < to; ++i) taps.push_back(TapsOf(i, step, from));
  return taps;
}

// Integers are truncated after every summand, as ExecuTorch does.
template <typename T>
T Blend(const T* data, const Image& image, int64_t n, int64_t c, const Taps& rows, const Taps& columns) {
  using C = std::conditional_t<std::is_integral_v<T>, T, std::conditional_t<std::is_same_v<T, double>, double, float>>;
  using Product = std::conditional_t<std::is_same_v<T, double>, double, float>;
  C sum = 0;
  for (int64_t y = 0; y < rows.count; ++y) {
    for (int64_t x = 0; x < columns.count; ++x) {
      const T element = data[image.Offset(n, c, rows.first + y, columns.first + x)];
      const Product product = Convert<Product>(element) * static_cast<Product>(rows.Weight(y)) *
                              static_cast<Product>(columns.Weight(x));
      sum = Convert<C>(Convert<Product>(sum) + product);
    }
  }
  return Convert<T>(sum);
}

absl::Status Run(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  Tensor& out = ctx.tensor(5);
  ETD_ASSIGN_OR_RETURN(const Image from, ImageOf(in, 2));
  ETD_ASSIGN_OR_RETURN(const Image to, ImageOf(out, 2));
  // The factors count only together.
  const bool scaled = ctx.has(3) && ctx.has(4);
  const auto taps = [&](size_t dim, size_t scale) {
    const float step = StepOf(from.sizes[dim], to.sizes[dim], ctx.boolean(2),
                              scaled ? ctx.optional_floating(scale) : std::nullopt);
    return TapsOfAll(from.sizes[dim], to.sizes[dim], step);
  };
  const std::vector<Taps> rows = taps(2, 3);
  const std::vector<Taps> columns = taps(3, 4);
  tensor::VisitScalarType(out.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    ctx.threads().ParallelFor(to.sizes[0] * to.sizes[1], 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        for (int64_t y = 0; y < to.sizes[2]; ++y) {
          for (int64_t x = 0; x < to.sizes[3]; ++x) {
            const int64_t n = i / to.sizes[1], c = i % to.sizes[1];
            out.data<T>()[to.Offset(n, c, y, x)] = Blend(in.data<T>(), from, n, c, rows[static_cast<size_t>(y)],
                                                         columns[static_cast<size_t>(x)]);
          }
        }
      }
    });
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> UpsampleAntialiasKernels() {
  using P = Parameter;
  static const Kernel kKernels[] = {
      {.name = "aten::_upsample_bilinear2d_aa.out",
       .parameters = {P::kTensor, P::kIntList, P::kBool, P::kOptionalDouble, P::kOptionalDouble, P::kOut},
       .prepare = Prepare, .run = Run},
  };
  return kKernels;
}

}  // namespace etd::kernels
