// mm, bmm and addmm for row-major float32 and bfloat16 matrices. Every element of the result is summed in ascending
// order of the inner dimension, so a row's bits depend neither on how many rows there are nor on the threads.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/fast/matmul.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first: it includes this file once per instruction set.
#include <algorithm>
#include <type_traits>

#include "hwy/highway.h"
#include "runtime/base/status.h"
#include "runtime/kernels/fast/kernels.h"
#include "runtime/kernels/fast/simd-inl.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/shape.h"

#ifndef ETD_RUNTIME_KERNELS_FAST_MATMUL_PANEL_
#define ETD_RUNTIME_KERNELS_FAST_MATMUL_PANEL_
namespace etd::kernels {

// Columns that are computed at a time, and rows that share the loads of b.
inline constexpr int64_t kPanel = 64;
inline constexpr int64_t kTile = 4;

// A piece of a product: `columns` ≤ kPanel columns of all rows.
template <typename T>
struct Panel {
  const T* a;  // [rows, inner]
  const T* b;  // [inner, row_length], at the first column
  int64_t rows, inner, row_length, columns;
};

// Takes kPanel floats per row: `rows` ≤ kTile rows from `row` on.
struct PanelSink {
  void (*store)(const void* state, int64_t row, int64_t rows, const float* sums);
  const void* state;
};

}  // namespace etd::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace etd::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// One vector of b as float; lanes past `rest` are 0.
HWY_INLINE V LoadElements(D d, const float* from, int64_t rest) { return LoadPart(d, from, rest); }
HWY_INLINE V LoadElements(D d, const tensor::BFloat16* from, int64_t rest) {
  const hn::Rebind<uint16_t, D> narrow;
  const hn::RebindToUnsigned<D> bits;
  HWY_ALIGN uint16_t part[HWY_MAX_BYTES / sizeof(float)] = {};
  const bool whole = rest >= static_cast<int64_t>(hn::Lanes(d));
  if (!whole) std::memcpy(part, from, static_cast<size_t>(rest) * sizeof(uint16_t));
  const auto loaded = whole ? hn::LoadU(narrow, reinterpret_cast<const uint16_t*>(from)) : hn::Load(narrow, part);
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(bits, loaded)));
}

// kRows rows × 2 vectors of columns from `column` on.
template <int kRows, typename T>
HWY_INLINE void MultiplyTile(const Panel<T>& panel, int64_t row, int64_t column, float* sums) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t rest = panel.columns - column;
  V low[kRows], high[kRows];
  for (int r = 0; r < kRows; ++r) low[r] = high[r] = hn::Zero(d);
  for (int64_t k = 0; k < panel.inner; ++k) {
    const T* b = panel.b + k * panel.row_length + column;
    const V b_low = LoadElements(d, b, rest);
    const V b_high = rest > lanes ? LoadElements(d, b + lanes, rest - lanes) : hn::Zero(d);
    for (int r = 0; r < kRows; ++r) {
      const V a = hn::Set(d, static_cast<float>(panel.a[(row + r) * panel.inner + k]));
      low[r] = hn::MulAdd(a, b_low, low[r]);
      high[r] = hn::MulAdd(a, b_high, high[r]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    StorePart(d, low[r], sums + r * kPanel + column, rest);
    if (rest > lanes) StorePart(d, high[r], sums + r * kPanel + column + lanes, rest - lanes);
  }
}

template <typename T>
HWY_INLINE void MultiplyPanel(const Panel<T>& panel, const PanelSink& sink) {
  const int64_t step = 2 * static_cast<int64_t>(hn::Lanes(D()));
  HWY_ALIGN float sums[kTile * kPanel];
  int64_t row = 0;
  for (; row + kTile <= panel.rows; row += kTile) {
    for (int64_t column = 0; column < panel.columns; column += step) MultiplyTile<kTile>(panel, row, column, sums);
    sink.store(sink.state, row, kTile, sums);
  }
  for (; row < panel.rows; ++row) {
    for (int64_t column = 0; column < panel.columns; column += step) MultiplyTile<1>(panel, row, column, sums);
    sink.store(sink.state, row, 1, sums);
  }
}

void MultiplyFloats(const Panel<float>& panel, const PanelSink& sink) { MultiplyPanel(panel, sink); }
void MultiplyBFloats(const Panel<tensor::BFloat16>& panel, const PanelSink& sink) { MultiplyPanel(panel, sink); }

}  // namespace etd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace etd::kernels {

HWY_EXPORT(MultiplyFloats);
HWY_EXPORT(MultiplyBFloats);

namespace {

using kernel::Kernel;
using kernel::KernelContext;
using tensor::ScalarType;
using tensor::Tensor;

const Kernel& Mm() { return ReferenceOf(MatmulKernels(), "aten::mm.out"); }
const Kernel& Bmm() { return ReferenceOf(MatmulKernels(), "aten::bmm.out"); }
const Kernel& Addmm() { return ReferenceOf(MatmulKernels(), "aten::addmm.out"); }

// What is done to the sums before they are stored: sums·alpha + self·beta, self broadcast by its strides.
template <typename T>
struct Finish {
  const T* self = nullptr;
  int64_t row_stride = 0;
  int64_t column_stride = 0;
  float alpha = 1;
  float beta = 0;
};

template <typename T>
struct StoreState {
  T* out;  // at the panel's first column
  int64_t row_length, columns, first_column;
  const Finish<T>* finish;
};

template <typename T>
void StoreRows(const void* untyped, int64_t row, int64_t rows, const float* sums) {
  const auto& state = *static_cast<const StoreState<T>*>(untyped);
  const Finish<T>& finish = *state.finish;
  for (int64_t r = 0; r < rows; ++r) {
    T* out = state.out + (row + r) * state.row_length;
    for (int64_t i = 0; i < state.columns; ++i) {
      float sum = sums[r * kPanel + i];
      if (finish.self != nullptr) {
        const T added = finish.self[(row + r) * finish.row_stride + (state.first_column + i) * finish.column_stride];
        sum = sum * finish.alpha + static_cast<float>(added) * finish.beta;
      }
      out[i] = T(sum);
    }
  }
}

template <typename T>
void Multiply(KernelContext& ctx, const Tensor& a, const Tensor& b, Tensor& out, const Finish<T>& finish) {
  const int64_t rows = a.size(a.rank() - 2);
  const int64_t inner = a.size(a.rank() - 1);
  const int64_t columns = b.size(b.rank() - 1);
  const int64_t batches = a.rank() == 3 ? a.size(0) : 1;
  const int64_t panels = (columns + kPanel - 1) / kPanel;
  ctx.threads().ParallelFor(batches * panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t batch = i / panels;
      const int64_t first = i % panels * kPanel;
      const int64_t width = std::min(kPanel, columns - first);
      const Panel<T> panel{a.data<T>() + batch * rows * inner, b.data<T>() + batch * inner * columns + first, rows,
                           inner, columns, width};
      const StoreState<T> state{out.data<T>() + batch * rows * columns + first, columns, width, first, &finish};
      const PanelSink sink{StoreRows<T>, &state};
      if constexpr (std::is_same_v<T, float>) HWY_DYNAMIC_DISPATCH(MultiplyFloats)(panel, sink);
      else HWY_DYNAMIC_DISPATCH(MultiplyBFloats)(panel, sink);
    }
  });
}

bool IsPlain(const Tensor& a, const Tensor& b, const Tensor& out) {
  const bool fast_type = a.type() == ScalarType::kFloat32 || a.type() == ScalarType::kBFloat16;
  return fast_type && a.row_major() && b.row_major() && out.row_major() && out.numel() > 0;
}

template <const Kernel& (*kReference)()>
absl::Status RunProduct(KernelContext& ctx) {
  const Tensor& a = ctx.tensor(0);
  const Tensor& b = ctx.tensor(1);
  Tensor& out = ctx.tensor(2);
  if (!IsPlain(a, b, out)) return kReference().run(ctx);
  if (a.type() == ScalarType::kFloat32) Multiply<float>(ctx, a, b, out, {});
  else Multiply<tensor::BFloat16>(ctx, a, b, out, {});
  return absl::OkStatus();
}

template <typename T>
void MultiplyAndAdd(KernelContext& ctx) {
  const Tensor& self = ctx.tensor(0);
  Tensor& out = ctx.tensor(5);
  const Strides strides = BroadcastStrides(self, out.sizes());
  const Finish<T> finish{self.data<T>(), strides[0], strides[1], ctx.scalar(4).To<float>(), ctx.scalar(3).To<float>()};
  Multiply<T>(ctx, ctx.tensor(1), ctx.tensor(2), out, finish);
}

absl::Status RunAddmm(KernelContext& ctx) {
  if (!IsPlain(ctx.tensor(1), ctx.tensor(2), ctx.tensor(5))) return Addmm().run(ctx);
  if (ctx.tensor(1).type() == ScalarType::kFloat32) MultiplyAndAdd<float>(ctx);
  else MultiplyAndAdd<tensor::BFloat16>(ctx);
  return absl::OkStatus();
}

Kernel WithRun(Kernel kernel, absl::Status (*run)(KernelContext&)) {
  kernel.run = run;
  return kernel;
}

}  // namespace

std::span<const Kernel> FastMatmulKernels() {
  static const Kernel kKernels[] = {
      WithRun(Mm(), RunProduct<Mm>),
      WithRun(Bmm(), RunProduct<Bmm>),
      WithRun(Addmm(), RunAddmm),
  };
  return kKernels;
}

}  // namespace etd::kernels
#endif  // HWY_ONCE
