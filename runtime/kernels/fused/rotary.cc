#include <cstddef>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/fused/rotary.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace etd::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// One head of one row. Products are rounded before they are added, as the operators this stands for do.
void RotaryHead(const float* HWY_RESTRICT x, const float* HWY_RESTRICT cos, const float* HWY_RESTRICT sin, size_t width,
                float* HWY_RESTRICT out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const size_t half = width / 2;
  size_t i = 0;
  for (; i + lanes <= half; i += lanes) {
    const auto first = hn::LoadU(d, x + i);
    const auto second = hn::LoadU(d, x + half + i);
    hn::StoreU(hn::Sub(hn::Mul(first, hn::LoadU(d, cos + i)), hn::Mul(second, hn::LoadU(d, sin + i))), d, out + i);
    hn::StoreU(hn::Add(hn::Mul(second, hn::LoadU(d, cos + half + i)), hn::Mul(first, hn::LoadU(d, sin + half + i))), d,
               out + half + i);
  }
  for (; i < half; ++i) {
    out[i] = x[i] * cos[i] - x[half + i] * sin[i];
    out[half + i] = x[half + i] * cos[half + i] + x[i] * sin[half + i];
  }
}

}  // namespace etd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <array>

#include "runtime/kernels/fused/arguments.h"
#include "runtime/kernels/fused/register.h"

namespace etd::kernels {
namespace {

HWY_EXPORT(RotaryHead);

absl::Status Prepare(kernel::KernelContext& context) {
  const tensor::Tensor& x = context.tensor(0);
  tensor::Tensor& out = context.tensor(3);
  for (const size_t i : {size_t{0}, size_t{1}, size_t{2}, size_t{3}}) {
    ETD_RETURN_IF_ERROR(CheckPlainFloat(context.tensor(i)));
  }
  if (x.rank() != 4 || x.size(0) != 1 || x.size(3) % 2 != 0) {
    return InvalidArgument("rotary embedding of shape {}", tensor::ShapeText(x.sizes()));
  }
  const std::array<int32_t, 4> table = {1, 1, x.size(1), x.size(3)};
  for (const size_t i : {size_t{1}, size_t{2}}) {
    if (!std::ranges::equal(context.tensor(i).sizes(), table)) {
      return InvalidArgument("a rotary table of shape {} for {}", tensor::ShapeText(context.tensor(i).sizes()),
                             tensor::ShapeText(x.sizes()));
    }
  }
  return out.Resize(x.sizes());
}

absl::Status Run(kernel::KernelContext& context) {
  const tensor::Tensor& x = context.tensor(0);
  const float* cos = context.tensor(1).data<float>();
  const float* sin = context.tensor(2).data<float>();
  float* out = context.tensor(3).data<float>();
  const int64_t heads = x.size(2);
  const int64_t width = x.size(3);
  const auto head = HWY_DYNAMIC_DISPATCH(RotaryHead);
  context.threads().ParallelFor(x.size(1), RowGrain(heads * width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t offset = (row * heads + h) * width;
        head(x.data<float>() + offset, cos + row * width, sin + row * width, static_cast<size_t>(width), out + offset);
      }
    }
  });
  return absl::OkStatus();
}

std::optional<kernel::RowClass> Rows(const kernel::RowQuery& query) {
  const auto& classes = query.classes;
  const bool rows = classes[0] == kernel::RowClass::Rows(1) && classes[1] == kernel::RowClass::Rows(2) &&
                    classes[2] == kernel::RowClass::Rows(2);
  return rows ? std::optional(kernel::RowClass::Rows(1)) : std::nullopt;
}

using P = kernel::Parameter;
const std::array<kernel::Kernel, 1> kKernels = {{
    {.name = "etd::rotary.out",
     .parameters = {P::kTensor, P::kTensor, P::kTensor, P::kOut},
     .prepare = Prepare,
     .run = Run,
     .row_rule = Rows},
}};

}  // namespace

std::span<const kernel::Kernel> RotaryKernels() { return kKernels; }

}  // namespace etd::kernels

#endif  // HWY_ONCE
