// SIMD helpers of the fast kernels. Included once per instruction set, inside no namespace.
#if defined(ETD_RUNTIME_KERNELS_FAST_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ETD_RUNTIME_KERNELS_FAST_SIMD_INL_H_
#undef ETD_RUNTIME_KERNELS_FAST_SIMD_INL_H_
#else
#define ETD_RUNTIME_KERNELS_FAST_SIMD_INL_H_
#endif

#include <cstdint>
#include <cstring>

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace etd::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The next vector of an array with `rest` ≥ 1 elements left; lanes past the end are 0. Reads nothing past the end.
template <class D>
HWY_INLINE hn::Vec<D> LoadPart(D d, const float* from, int64_t rest) {
  if (HWY_LIKELY(rest >= static_cast<int64_t>(hn::Lanes(d)))) return hn::LoadU(d, from);
  HWY_ALIGN float part[HWY_MAX_BYTES / sizeof(float)] = {};
  std::memcpy(part, from, static_cast<size_t>(rest) * sizeof(float));
  return hn::Load(d, part);
}

// Stores at most `rest` lanes.
template <class D>
HWY_INLINE void StorePart(D d, hn::Vec<D> value, float* to, int64_t rest) {
  if (HWY_LIKELY(rest >= static_cast<int64_t>(hn::Lanes(d)))) {
    hn::StoreU(value, d, to);
    return;
  }
  HWY_ALIGN float part[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(value, d, part);
  std::memcpy(to, part, static_cast<size_t>(rest) * sizeof(float));
}

// e^x; NaN stays NaN, which hn::Exp does not promise.
template <class D>
HWY_INLINE hn::Vec<D> ExpOrNan(D d, hn::Vec<D> x) {
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, x));
}

#if HWY_TARGET == HWY_SCALAR

// to[0…3] = the sums of the lanes of a, b, c and e: of the one that each has.
template <class D>
HWY_INLINE void StoreSums(D, hn::Vec<D> a, hn::Vec<D> b, hn::Vec<D> c, hn::Vec<D> e, float* to) {
  to[0] = hn::GetLane(a);
  to[1] = hn::GetLane(b);
  to[2] = hn::GetLane(c);
  to[3] = hn::GetLane(e);
}

#else

// Adds the 128-bit blocks of a vector up.
template <class D>
HWY_INLINE hn::Vec<hn::CappedTag<float, 4>> AddBlocks(D, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(D()) <= 4) {
    return v;
  } else {
    const hn::Half<D> half;
    return AddBlocks(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

// to[0…3] = the sums of the lanes of a, b, c and e.
template <class D>
HWY_INLINE void StoreSums(D d, hn::Vec<D> a, hn::Vec<D> b, hn::Vec<D> c, hn::Vec<D> e, float* to) {
  const hn::Repartition<double, D> pairs;
  const auto ab = hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
  const auto ce = hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e));
  const auto low = hn::InterleaveLower(pairs, hn::BitCast(pairs, ab), hn::BitCast(pairs, ce));
  const auto high = hn::InterleaveUpper(pairs, hn::BitCast(pairs, ab), hn::BitCast(pairs, ce));
  const auto sums = AddBlocks(d, hn::Add(hn::BitCast(d, low), hn::BitCast(d, high)));
  hn::StoreU(sums, hn::CappedTag<float, 4>(), to);
}

#endif  // HWY_SCALAR

}  // namespace etd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
