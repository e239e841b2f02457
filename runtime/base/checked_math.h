// Integer arithmetic on numbers that a file or a client chose: every operation says whether it fitted.
#ifndef ETD_RUNTIME_BASE_CHECKED_MATH_H_
#define ETD_RUNTIME_BASE_CHECKED_MATH_H_

#include <concepts>
#include <limits>
#include <optional>

namespace etd {

template <std::integral T>
[[nodiscard]] std::optional<T> CheckedAdd(T a, T b) {
  T result;
  if (__builtin_add_overflow(a, b, &result)) return std::nullopt;
  return result;
}

template <std::integral T>
[[nodiscard]] std::optional<T> CheckedMul(T a, T b) {
  T result;
  if (__builtin_mul_overflow(a, b, &result)) return std::nullopt;
  return result;
}

// Whether [offset, offset + size) lies inside [0, limit).
template <std::unsigned_integral T>
[[nodiscard]] constexpr bool RangeFits(T offset, T size, T limit) {
  return offset <= limit && size <= limit - offset;
}

// `value` rounded up to a multiple of `alignment` (a power of two), or nothing on overflow.
template <std::unsigned_integral T>
[[nodiscard]] constexpr std::optional<T> CheckedAlignUp(T value, T alignment) {
  const T mask = alignment - 1;
  if (value > std::numeric_limits<T>::max() - mask) return std::nullopt;
  return (value + mask) & ~mask;
}

}  // namespace etd

#endif  // ETD_RUNTIME_BASE_CHECKED_MATH_H_
