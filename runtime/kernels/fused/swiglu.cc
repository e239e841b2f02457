#include <cmath>
#include <cstddef>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/fused/swiglu.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace etd::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D, class V>
V Swiglu(D d, V gate, V up) {
  const auto one = hn::Set(d, 1.0f);
  // Exp is defined up to 104; from 88 on the sigmoid is below the smallest normal number, which counts as 0.
  const auto limit = hn::Set(d, 88.0f);
  const auto negated = hn::Neg(gate);
  const auto inside = hn::Div(one, hn::Add(one, hn::Exp(d, hn::Min(negated, limit))));
  const auto sigmoid = hn::IfThenZeroElse(hn::Gt(negated, limit), inside);
  return hn::Mul(hn::Mul(gate, sigmoid), up);
}

// Every element is computed by the same vector code, wherever in a row it stands: the tail is padded, not scalar.
void SwigluRange(const float* HWY_RESTRICT gate, const float* HWY_RESTRICT up, size_t count, float* HWY_RESTRICT out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(Swiglu(d, hn::LoadU(d, gate + i), hn::LoadU(d, up + i)), d, out + i);
  }
  if (i == count) return;
  HWY_ALIGN float buffer[3][HWY_MAX_BYTES / sizeof(float)] = {};
  for (size_t k = 0; i + k < count; ++k) {
    buffer[0][k] = gate[i + k];
    buffer[1][k] = up[i + k];
  }
  hn::Store(Swiglu(d, hn::Load(d, buffer[0]), hn::Load(d, buffer[1])), d, buffer[2]);
  for (size_t k = 0; i + k < count; ++k) out[i + k] = buffer[2][k];
}

}  // namespace etd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <array>

#include "runtime/kernels/fused/arguments.h"
#include "runtime/kernels/fused/register.h"

namespace etd::kernels {
namespace {

HWY_EXPORT(SwigluRange);

absl::Status Prepare(kernel::KernelContext& context) {
  const tensor::Tensor& gate = context.tensor(0);
  const tensor::Tensor& up = context.tensor(1);
  tensor::Tensor& out = context.tensor(2);
  for (const tensor::Tensor* tensor : {&gate, &up, static_cast<const tensor::Tensor*>(&out)}) {
    ETD_RETURN_IF_ERROR(CheckPlainFloat(*tensor));
  }
  if (!std::ranges::equal(gate.sizes(), up.sizes())) {
    return InvalidArgument("shapes {} and {} differ", tensor::ShapeText(gate.sizes()), tensor::ShapeText(up.sizes()));
  }
  return out.Resize(gate.sizes());
}

absl::Status Run(kernel::KernelContext& context) {
  const float* gate = context.tensor(0).data<float>();
  const float* up = context.tensor(1).data<float>();
  float* out = context.tensor(2).data<float>();
  const auto range = HWY_DYNAMIC_DISPATCH(SwigluRange);
  context.threads().ParallelFor(context.tensor(0).numel(), kElementsPerTask / 4, [&](int64_t begin, int64_t end) {
    range(gate + begin, up + begin, static_cast<size_t>(end - begin), out + begin);
  });
  return absl::OkStatus();
}

using P = kernel::Parameter;
const std::array<kernel::Kernel, 1> kKernels = {{
    {.name = "etd::swiglu.out",
     .parameters = {P::kTensor, P::kTensor, P::kOut},
     .prepare = Prepare,
     .run = Run,
     .row_rule = kernel::BroadcastRowRule},
}};

}  // namespace

std::span<const kernel::Kernel> SwigluKernels() { return kKernels; }

}  // namespace etd::kernels

#endif  // HWY_ONCE
