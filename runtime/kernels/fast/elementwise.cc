// add, sub, mul, neg and sigmoid for float32 tensors of the same shape, or with a second operand that repeats along the
// leading or the last dimensions (a weight row, one number per row, one number). Other cases go to the references.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/fast/elementwise.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first: it includes this file once per instruction set.
#include <algorithm>

#include "hwy/highway.h"
#include "runtime/base/status.h"
#include "runtime/kernels/fast/kernels.h"
#include "runtime/kernels/fast/simd-inl.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/shape.h"

#ifndef ETD_RUNTIME_KERNELS_FAST_ELEMENTWISE_OPERATION_
#define ETD_RUNTIME_KERNELS_FAST_ELEMENTWISE_OPERATION_
namespace etd::kernels {
enum class Operation { kAdd, kSubtract, kMultiply, kNegate, kSigmoid };
// Elements per task: smaller tensors are not worth waking a thread.
inline constexpr int64_t kElementGrain = 32768;
}  // namespace etd::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace etd::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

template <Operation kOperation>
HWY_INLINE V Apply(V a, V b) {
  const D d;
  if constexpr (kOperation == Operation::kAdd) return hn::Add(a, b);
  else if constexpr (kOperation == Operation::kSubtract) return hn::Sub(a, b);
  else if constexpr (kOperation == Operation::kMultiply) return hn::Mul(a, b);
  else if constexpr (kOperation == Operation::kNegate) return hn::Neg(a);
  else return hn::Div(hn::Set(d, 1.0f), hn::Add(hn::Set(d, 1.0f), ExpOrNan(d, hn::Neg(a))));
}

// out[i] = a[i] ∘ b[i], or ∘ b[0] if `one`.
template <Operation kOperation>
HWY_INLINE void Line(const float* a, const float* b, bool one, float* out, int64_t count) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const V constant = hn::Set(d, one ? b[0] : 0.0f);
  for (int64_t i = 0; i < count; i += lanes) {
    const V second = one ? constant : LoadPart(d, b + i, count - i);
    StorePart(d, Apply<kOperation>(LoadPart(d, a + i, count - i), second), out + i, count - i);
  }
}

template <Operation kOperation>
void Lines(const float* a, const float* b, int64_t b_stride, bool one, float* out, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; ++row) {
    Line<kOperation>(a + row * columns, b + row * b_stride, one, out + row * columns, columns);
  }
}

void ComputeLines(Operation operation, const float* a, const float* b, int64_t b_stride, bool one, float* out,
                  int64_t rows, int64_t columns) {
  switch (operation) {
    case Operation::kAdd: return Lines<Operation::kAdd>(a, b, b_stride, one, out, rows, columns);
    case Operation::kSubtract: return Lines<Operation::kSubtract>(a, b, b_stride, one, out, rows, columns);
    case Operation::kMultiply: return Lines<Operation::kMultiply>(a, b, b_stride, one, out, rows, columns);
    case Operation::kNegate: return Lines<Operation::kNegate>(a, b, b_stride, one, out, rows, columns);
    case Operation::kSigmoid: return Lines<Operation::kSigmoid>(a, b, b_stride, one, out, rows, columns);
  }
}

}  // namespace etd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace etd::kernels {

HWY_EXPORT(ComputeLines);

namespace {

using kernel::Kernel;
using kernel::KernelContext;
using tensor::ScalarType;
using tensor::Tensor;

// Matrices of `rows` × `columns` that a call comes down to.
struct Layout {
  int64_t rows;
  int64_t columns;
  int64_t b_stride;  // between rows of b; 0: all use the same
  bool one;          // b has one number per row
};

// How `b` repeats along the shape of `a`: nothing for shapes that are no such matrix.
std::optional<Layout> LayoutOf(const Tensor& a, const Tensor& b) {
  if (std::ranges::equal(a.sizes(), b.sizes())) return Layout{1, a.numel(), 0, false};
  if (b.numel() == 1) return Layout{1, a.numel(), 0, true};
  if (b.rank() > a.rank()) return std::nullopt;
  // The dimensions of b without leading ones are a's last: one row for all.
  int first = 0;
  while (first < b.rank() && b.size(first) == 1) ++first;
  if (std::ranges::equal(b.sizes().subspan(static_cast<size_t>(first)),
                         a.sizes().last(static_cast<size_t>(b.rank() - first)))) {
    return Layout{a.numel() / b.numel(), b.numel(), 0, false};
  }
  // All but trailing ones are a's: one number per row.
  int last = b.rank();
  while (last > 0 && b.size(last - 1) == 1) --last;
  if (b.rank() == a.rank() && std::ranges::equal(b.sizes().first(static_cast<size_t>(last)),
                                                 a.sizes().first(static_cast<size_t>(last)))) {
    return Layout{b.numel(), a.numel() / b.numel(), 1, true};
  }
  return std::nullopt;
}

bool IsPlain(const Tensor& tensor) { return tensor.type() == ScalarType::kFloat32 && tensor.row_major(); }

void RunLayout(KernelContext& ctx, Operation operation, const Tensor& a, const float* b, const Layout& layout,
               Tensor& out) {
  const float* from = a.data<float>();
  float* to = out.data<float>();
  if (layout.rows == 1) {
    ctx.threads().ParallelFor(layout.columns, kElementGrain, [&](int64_t begin, int64_t end) {
      HWY_DYNAMIC_DISPATCH(ComputeLines)
      (operation, from + begin, layout.one ? b : b + begin, 0, layout.one, to + begin, 1, end - begin);
    });
    return;
  }
  ctx.threads().ParallelFor(layout.rows, std::max<int64_t>(1, kElementGrain / layout.columns),
                            [&](int64_t begin, int64_t end) {
                              HWY_DYNAMIC_DISPATCH(ComputeLines)
                              (operation, from + begin * layout.columns, b + begin * layout.b_stride, layout.b_stride,
                               layout.one, to + begin * layout.columns, end - begin, layout.columns);
                            });
}

// Whether the call was one of the fast cases, and done.
bool TryBinary(KernelContext& ctx, Operation operation, Tensor& out) {
  if (!IsPlain(ctx.tensor(0)) || !IsPlain(out) || out.numel() == 0) return false;
  if (ctx.value(1).kind() != tensor::Value::Kind::kTensor) {
    const float number = ctx.scalar(1).To<float>();
    RunLayout(ctx, operation, ctx.tensor(0), &number, {1, out.numel(), 0, true}, out);
    return true;
  }
  const Tensor* a = &ctx.tensor(0);
  const Tensor* b = &ctx.tensor(1);
  if (!IsPlain(*b)) return false;
  if (a->numel() < b->numel() && operation != Operation::kSubtract) std::swap(a, b);
  const std::optional<Layout> layout = LayoutOf(*a, *b);
  if (a->numel() != out.numel() || !layout.has_value()) return false;
  RunLayout(ctx, operation, *a, b->data<float>(), *layout, out);
  return true;
}

bool AlphaIsOne(const KernelContext& ctx) { return ctx.scalar(2).To<double>() == 1; }

const Kernel& Add() { return ReferenceOf(AddKernels(), "aten::add.out"); }
const Kernel& AddScalar() { return ReferenceOf(AddKernels(), "aten::add.Scalar_out"); }
const Kernel& Sub() { return ReferenceOf(AddKernels(), "aten::sub.out"); }
const Kernel& Mul() { return ReferenceOf(MulKernels(), "aten::mul.out"); }
const Kernel& MulScalar() { return ReferenceOf(MulKernels(), "aten::mul.Scalar_out"); }
const Kernel& Neg() { return ReferenceOf(UnaryKernels(), "aten::neg.out"); }
const Kernel& Sigmoid() { return ReferenceOf(UnaryFloatKernels(), "aten::sigmoid.out"); }

template <const Kernel& (*kReference)(), Operation kOperation>
absl::Status RunWithAlpha(KernelContext& ctx) {
  if (AlphaIsOne(ctx) && TryBinary(ctx, kOperation, ctx.tensor(3))) return absl::OkStatus();
  return kReference().run(ctx);
}

template <const Kernel& (*kReference)()>
absl::Status RunMultiply(KernelContext& ctx) {
  if (TryBinary(ctx, Operation::kMultiply, ctx.tensor(2))) return absl::OkStatus();
  return kReference().run(ctx);
}

template <const Kernel& (*kReference)(), Operation kOperation>
absl::Status RunUnary(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  if (!IsPlain(in) || !IsPlain(ctx.tensor(1)) || in.numel() == 0) return kReference().run(ctx);
  RunLayout(ctx, kOperation, in, in.data<float>(), {1, in.numel(), 0, false}, ctx.tensor(1));
  return absl::OkStatus();
}

Kernel WithRun(Kernel kernel, absl::Status (*run)(KernelContext&)) {
  kernel.run = run;
  return kernel;
}

}  // namespace

std::span<const Kernel> FastElementwiseKernels() {
  static const Kernel kKernels[] = {
      WithRun(Add(), RunWithAlpha<Add, Operation::kAdd>),
      WithRun(AddScalar(), RunWithAlpha<AddScalar, Operation::kAdd>),
      WithRun(Sub(), RunWithAlpha<Sub, Operation::kSubtract>),
      WithRun(Mul(), RunMultiply<Mul>),
      WithRun(MulScalar(), RunMultiply<MulScalar>),
      WithRun(Neg(), RunUnary<Neg, Operation::kNegate>),
      WithRun(Sigmoid(), RunUnary<Sigmoid, Operation::kSigmoid>),
  };
  return kKernels;
}

}  // namespace etd::kernels
#endif  // HWY_ONCE
