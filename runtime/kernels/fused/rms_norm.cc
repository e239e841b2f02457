#include <cmath>
#include <cstddef>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/fused/rms_norm.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace etd::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// One row. The sum is kept in double precision: models with dynamic quantisation turn a last bit here into a whole step
// there. Its order follows from the width alone: partial sums of whole vectors, then the tail.
void RmsNormRow(const float* HWY_RESTRICT x, const float* HWY_RESTRICT weight, float epsilon, size_t width,
                float* HWY_RESTRICT out) {
  const hn::ScalableTag<float> d;
  const hn::ScalableTag<double> wide;
  const hn::Rebind<float, decltype(wide)> half;
  const size_t lanes = hn::Lanes(d);
  const size_t step = hn::Lanes(wide);
  auto sum0 = hn::Zero(wide);
  auto sum1 = hn::Zero(wide);
  size_t i = 0;
  for (; i + 2 * step <= width; i += 2 * step) {
    const auto a = hn::PromoteTo(wide, hn::LoadU(half, x + i));
    const auto b = hn::PromoteTo(wide, hn::LoadU(half, x + i + step));
    sum0 = hn::MulAdd(a, a, sum0);
    sum1 = hn::MulAdd(b, b, sum1);
  }
  double sum = hn::GetLane(hn::SumOfLanes(wide, hn::Add(sum0, sum1)));
  for (; i < width; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  const auto scale =
      static_cast<float>(1.0 / std::sqrt(sum / static_cast<double>(width) + static_cast<double>(epsilon)));
  const auto vector_scale = hn::Set(d, scale);
  for (i = 0; i + lanes <= width; i += lanes) {
    hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, x + i), vector_scale), hn::LoadU(d, weight + i)), d, out + i);
  }
  for (; i < width; ++i) out[i] = x[i] * scale * weight[i];
}

}  // namespace etd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <array>

#include "runtime/kernels/fused/arguments.h"
#include "runtime/kernels/fused/register.h"

namespace etd::kernels {
namespace {

HWY_EXPORT(RmsNormRow);

absl::Status Prepare(kernel::KernelContext& context) {
  const tensor::Tensor& x = context.tensor(0);
  const tensor::Tensor& weight = context.tensor(1);
  tensor::Tensor& out = context.tensor(3);
  for (const tensor::Tensor* tensor : {&x, &weight, static_cast<const tensor::Tensor*>(&out)}) {
    ETD_RETURN_IF_ERROR(CheckPlainFloat(*tensor));
  }
  if (x.rank() < 1 || weight.rank() != 1 || weight.size(0) != x.size(x.rank() - 1)) {
    return InvalidArgument("weight {} does not fit the last dimension of {}", tensor::ShapeText(weight.sizes()),
                           tensor::ShapeText(x.sizes()));
  }
  return out.Resize(x.sizes());
}

absl::Status Run(kernel::KernelContext& context) {
  const tensor::Tensor& x = context.tensor(0);
  const float* weight = context.tensor(1).data<float>();
  const auto epsilon = static_cast<float>(context.floating(2));
  float* out = context.tensor(3).data<float>();
  const int64_t width = x.size(x.rank() - 1);
  if (x.numel() == 0) return absl::OkStatus();
  const auto row = HWY_DYNAMIC_DISPATCH(RmsNormRow);
  context.threads().ParallelFor(x.numel() / width, RowGrain(width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      row(x.data<float>() + r * width, weight, epsilon, static_cast<size_t>(width), out + r * width);
    }
  });
  return absl::OkStatus();
}

std::optional<kernel::RowClass> Rows(const kernel::RowQuery& query) {
  const kernel::RowClass& x = query.classes[0];
  if (!x.rows() || !query.classes[1].uniform()) return std::nullopt;
  if (x.dim >= query.arguments[0]->tensor().rank() - 1) return std::nullopt;
  return x;
}

using P = kernel::Parameter;
const std::array<kernel::Kernel, 1> kKernels = {{
    {.name = "etd::rms_norm.out",
     .parameters = {P::kTensor, P::kTensor, P::kDouble, P::kOut},
     .prepare = Prepare,
     .run = Run,
     .row_rule = Rows},
}};

}  // namespace

std::span<const kernel::Kernel> RmsNormKernels() { return kKernels; }

}  // namespace etd::kernels

#endif  // HWY_ONCE
