// aten::native_layer_norm, native_group_norm and batch normalisation; half types are computed in float.
#include <cmath>
#include <limits>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/elementwise.h"
#include "runtime/kernels/portable/util/layer_norm.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/reduce.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::Tensor;

// Mean and 1/√(variance + eps) of `count` elements.
template <typename T, typename C>
std::pair<C, C> Statistics(const T* values, int64_t count, C eps) {
  if (count == 0) return {C{0}, std::numeric_limits<C>::quiet_NaN()};
  C mean = 0;
  for (int64_t i = 0; i < count; ++i) mean += Convert<C>(values[i]);
  mean /= static_cast<C>(count);
  C squares = 0;
  for (int64_t i = 0; i < count; ++i) {
    const C distance = Convert<C>(values[i]) - mean;
    squares += distance * distance;
  }
  return {mean, C{1} / std::sqrt(squares / static_cast<C>(count) + eps)};
}

template <typename T, typename C>
C Factor(const Tensor* factors, int64_t i, C otherwise) {
  return factors == nullptr ? otherwise : Convert<C>(factors->data<T>()[i]);
}

absl::Status RunLayerNorm(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  const Tensor* weight = ctx.optional_tensor(2);
  const Tensor* bias = ctx.optional_tensor(3);
  const int64_t group = LayerNormGroup(ctx);
  VisitFloatingElements(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
    ctx.threads().ParallelFor(ctx.tensor(6).numel(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const T* from = in.data<T>() + row * group;
        T* to = ctx.tensor(5).data<T>() + row * group;
        const auto [mean, scale] = Statistics<T, C>(from, group, static_cast<C>(ctx.floating(4)));
        for (int64_t i = 0; i < group; ++i) {
          const C normal = (Convert<C>(from[i]) - mean) * scale;
          to[i] = Convert<T>(normal * Factor<T, C>(weight, i, 1) + Factor<T, C>(bias, i, 0));
        }
        ctx.tensor(6).data<T>()[row] = Convert<T>(mean);
        ctx.tensor(7).data<T>()[row] = Convert<T>(scale);
      }
    });
  });
  return absl::OkStatus();
}

// (in [N, C, …], weight?, bias?, N, C, HxW, group, eps, out, mean [N, group], rstd).
absl::Status PrepareGroupNorm(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  const int64_t batches = ctx.integer(3);
  const int64_t channels = ctx.integer(4);
  const int64_t inner = ctx.integer(5);
  const int64_t groups = ctx.integer(6);
  ETD_RETURN_IF_ERROR(CheckFloating(in.type()));
  ETD_RETURN_IF_ERROR(ShapeFromInts(std::array{batches, channels, inner, groups}).status());
  int64_t elements = 0;
  if (__builtin_mul_overflow(batches * channels, inner, &elements) || elements != in.numel() || groups < 1 ||
      channels % groups != 0 || !in.row_major()) {
    return InvalidArgument("{} groups of a batch of {}, {} channels and {} elements do not fit a tensor of shape {}",
                           groups, batches, channels, inner, tensor::ShapeText(in.sizes()));
  }
  for (const size_t i : {size_t{1}, size_t{2}}) {
    const Tensor* factors = ctx.optional_tensor(i);
    if (factors == nullptr) continue;
    ETD_RETURN_IF_ERROR(CheckSameType(*factors, in));
    if (factors->rank() != 1 || factors->numel() != channels) {
      return InvalidArgument("weight or bias of shape {} does not fit {} channels", tensor::ShapeText(factors->sizes()),
                             channels);
    }
  }
  const Shape statistics{static_cast<int32_t>(batches), static_cast<int32_t>(groups)};
  for (const size_t i : {size_t{8}, size_t{9}, size_t{10}}) {
    ETD_RETURN_IF_ERROR(CheckSameType(ctx.tensor(i), in));
    ETD_RETURN_IF_ERROR(ResizeOut(ctx.tensor(i), i == 8 ? ShapeOf(in) : statistics));
  }
  if (!ctx.tensor(8).row_major()) return InvalidArgument("group normalisation needs row-major tensors");
  return absl::OkStatus();
}

absl::Status RunGroupNorm(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  const int64_t inner = ctx.integer(5);
  const int64_t groups = ctx.integer(6);
  const int64_t group_channels = ctx.integer(4) / groups;
  VisitFloatingElements(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
    for (int64_t i = 0; i < ctx.integer(3) * groups; ++i) {
      const int64_t count = group_channels * inner;
      const T* from = in.data<T>() + i * count;
      T* to = ctx.tensor(8).data<T>() + i * count;
      const auto [mean, scale] = Statistics<T, C>(from, count, static_cast<C>(ctx.floating(7)));
      for (int64_t j = 0; j < count; ++j) {
        const int64_t channel = i % groups * group_channels + j / inner;
        const C normal = (Convert<C>(from[j]) - mean) * scale;
        to[j] = Convert<T>(normal * Factor<T, C>(ctx.optional_tensor(1), channel, 1) +
                           Factor<T, C>(ctx.optional_tensor(2), channel, 0));
      }
      ctx.tensor(9).data<T>()[i] = Convert<T>(mean);
      ctx.tensor(10).data<T>()[i] = Convert<T>(scale);
    }
  });
  return absl::OkStatus();
}

// (in [N, C, …], weight?, bias?, running mean, running variance, [training,] momentum, eps, out, save_mean,
// save_invstd): the saved statistics are empty when nothing is trained.
struct BatchNorm {
  const Tensor& in;
  const Tensor* weight;
  const Tensor* bias;
  const Tensor& mean;
  const Tensor& variance;
  double eps;
  size_t out;
};

template <bool kHasTraining>
BatchNorm BatchNormOf(KernelContext& ctx) {
  const size_t shift = kHasTraining ? 1 : 0;
  return {ctx.tensor(0), ctx.optional_tensor(1), ctx.optional_tensor(2),    ctx.tensor(3),
          ctx.tensor(4), ctx.floating(6 + shift), 7 + shift};
}

template <bool kHasTraining>
absl::Status PrepareBatchNorm(KernelContext& ctx) {
  if (kHasTraining && ctx.boolean(5)) {
    return InvalidArgument("batch normalisation in training mode can't be run: export the model in evaluation mode");
  }
  const BatchNorm call = BatchNormOf<kHasTraining>(ctx);
  ETD_RETURN_IF_ERROR(CheckFloating(call.in.type()));
  const int64_t channels = call.in.rank() >= 2 ? call.in.size(1) : -1;
  for (const Tensor* factors : {call.weight, call.bias, &call.mean, &call.variance}) {
    if (factors == nullptr) continue;
    ETD_RETURN_IF_ERROR(CheckSameType(*factors, call.in));
    if (factors->rank() != 1 || factors->numel() != channels) {
      return InvalidArgument("statistics of shape {} do not fit a tensor of shape {}",
                             tensor::ShapeText(factors->sizes()), tensor::ShapeText(call.in.sizes()));
    }
  }
  ETD_RETURN_IF_ERROR(CheckSameType(ctx.tensor(call.out), call.in));
  ETD_RETURN_IF_ERROR(ResizeOut(ctx.tensor(call.out), call.in.sizes()));
  ETD_RETURN_IF_ERROR(ResizeOut(ctx.tensor(call.out + 1), Shape{0}));
  return ResizeOut(ctx.tensor(call.out + 2), Shape{0});
}

// out = (in - mean[channel])·inverse[channel]·weight[channel] + bias[channel], by broadcasting.
template <typename T, typename C>
void NormalizeChannels(KernelContext& ctx, std::vector<C>& means, std::vector<C>& inverses, Tensor& out) {
  constexpr auto kType = std::is_same_v<C, double> ? tensor::ScalarType::kFloat64 : tensor::ScalarType::kFloat32;
  const Tensor& in = ctx.tensor(0);
  std::vector<C> biases(means.size());
  for (size_t i = 0; i < means.size(); ++i) {
    inverses[i] *= Factor<T, C>(ctx.optional_tensor(1), static_cast<int64_t>(i), 1);
    biases[i] = Factor<T, C>(ctx.optional_tensor(2), static_cast<int64_t>(i), 0);
  }
  Shape shape(static_cast<size_t>(in.rank() - 1), 1);
  shape[0] = static_cast<int32_t>(means.size());
  Map<C>(ctx.threads(), [](C value, C inverse, C mean, C bias) { return (value - mean) * inverse + bias; }, out, in,
         Tensor(kType, shape, inverses.data()), Tensor(kType, shape, means.data()),
         Tensor(kType, shape, biases.data()));
}

template <bool kHasTraining>
absl::Status RunBatchNorm(KernelContext& ctx) {
  const BatchNorm call = BatchNormOf<kHasTraining>(ctx);
  VisitFloatingElements(call.in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = ComputeOf<T>;
    std::vector<C> means(static_cast<size_t>(call.in.size(1)));
    std::vector<C> inverses(means.size());
    for (size_t i = 0; i < means.size(); ++i) {
      means[i] = Convert<C>(call.mean.data<T>()[i]);
      inverses[i] = C{1} / std::sqrt(Convert<C>(call.variance.data<T>()[i]) + static_cast<C>(call.eps));
    }
    NormalizeChannels<T, C>(ctx, means, inverses, ctx.tensor(call.out));
  });
  return absl::OkStatus();
}

// (in [N, C, …], weight?, bias?, training, momentum, eps, out, mean [C], invstd [C]): statistics of this very batch,
// whether it is training or not.
absl::Status PrepareOwnBatchNorm(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  ETD_RETURN_IF_ERROR(CheckFloating(in.type()));
  if (in.rank() < 2) return InvalidArgument("a tensor of shape {} has no channels", tensor::ShapeText(in.sizes()));
  const Shape channels{in.size(1)};
  for (const size_t i : {size_t{1}, size_t{2}}) {
    const Tensor* factors = ctx.optional_tensor(i);
    if (factors == nullptr) continue;
    ETD_RETURN_IF_ERROR(CheckSameType(*factors, in));
    if (!std::ranges::equal(factors->sizes(), channels)) {
      return InvalidArgument("weight or bias of shape {} does not fit a tensor of shape {}",
                             tensor::ShapeText(factors->sizes()), tensor::ShapeText(in.sizes()));
    }
  }
  for (const size_t i : {size_t{6}, size_t{7}, size_t{8}}) {
    ETD_RETURN_IF_ERROR(CheckSameType(ctx.tensor(i), in));
    ETD_RETURN_IF_ERROR(ResizeOut(ctx.tensor(i), i == 6 ? ShapeOf(in) : channels));
  }
  return absl::OkStatus();
}

absl::Status RunOwnBatchNorm(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  DimMask reduced{};
  for (int dim = 0; dim < in.rank(); ++dim) reduced[static_cast<size_t>(dim)] = dim != 1;
  const ReducedElements elements(in, reduced);
  VisitFloatingElements(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = ComputeOf<T>;
    const C count = static_cast<C>(ReducedCount(in, reduced));
    std::vector<C> means(static_cast<size_t>(in.size(1)));
    std::vector<C> inverses(means.size());
    for (size_t i = 0; i < means.size(); ++i) {
      const auto sum = [&](const auto& term) {
        C total = 0;
        elements.ForEachRun(static_cast<int64_t>(i) * in.stride(1), [&](int64_t offset, int64_t run, int64_t stride) {
          for (int64_t k = 0; k < run; ++k) total += term(Convert<C>(in.data<T>()[offset + k * stride]));
        });
        return total;
      };
      const C mean = sum([](C value) { return value; }) / count;
      const C squares = sum([=](C value) { return (value - mean) * (value - mean); });
      means[i] = mean;
      inverses[i] = C{1} / std::sqrt(squares / count + static_cast<C>(ctx.floating(5)));
      ctx.tensor(7).data<T>()[i] = Convert<T>(means[i]);
      ctx.tensor(8).data<T>()[i] = Convert<T>(inverses[i]);
    }
    NormalizeChannels<T, C>(ctx, means, inverses, ctx.tensor(6));
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> NormKernels() {
  using P = Parameter;
  static const Kernel kKernels[] = {
      {.name = "aten::native_layer_norm.out",
       .parameters = {P::kTensor, P::kIntList, P::kOptionalTensor, P::kOptionalTensor, P::kDouble, P::kOut, P::kOut,
                      P::kOut},
       .prepare = PrepareLayerNorm, .run = RunLayerNorm, .row_rule = LayerNormRowRule},
      {.name = "aten::native_group_norm.out",
       .parameters = {P::kTensor, P::kOptionalTensor, P::kOptionalTensor, P::kInt, P::kInt, P::kInt, P::kInt,
                      P::kDouble, P::kOut, P::kOut, P::kOut},
       .prepare = PrepareGroupNorm, .run = RunGroupNorm},
      {.name = "aten::_native_batch_norm_legit_no_training.out",
       .parameters = {P::kTensor, P::kOptionalTensor, P::kOptionalTensor, P::kTensor, P::kTensor, P::kDouble,
                      P::kDouble, P::kOut, P::kOut, P::kOut},
       .prepare = PrepareBatchNorm<false>, .run = RunBatchNorm<false>},
      {.name = "aten::_native_batch_norm_legit.out",
       .parameters = {P::kTensor, P::kOptionalTensor, P::kOptionalTensor, P::kTensor, P::kTensor, P::kBool, P::kDouble,
                      P::kDouble, P::kOut, P::kOut, P::kOut},
       .prepare = PrepareBatchNorm<true>, .run = RunBatchNorm<true>},
      {.name = "aten::_native_batch_norm_legit.no_stats_out",
       .parameters = {P::kTensor, P::kOptionalTensor, P::kOptionalTensor, P::kBool, P::kDouble, P::kDouble, P::kOut,
                      P::kOut, P::kOut},
       .prepare = PrepareOwnBatchNorm, .run = RunOwnBatchNorm},
  };
  return kKernels;
}

}  // namespace etd::kernels
