// Arithmetic on one element that is defined for every value: integers wrap, division by zero is the caller's to refuse.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_ARITHMETIC_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_ARITHMETIC_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace etd::kernels {

template <typename C>
C Add(C a, C b) {
  if constexpr (std::is_floating_point_v<C>) return a + b;
  else return static_cast<C>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

template <typename C>
C Subtract(C a, C b) {
  if constexpr (std::is_floating_point_v<C>) return a - b;
  else return static_cast<C>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

template <typename C>
C Multiply(C a, C b) {
  if constexpr (std::is_floating_point_v<C>) return a * b;
  else return static_cast<C>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

template <typename C>
bool IsNan(C value) {
  if constexpr (std::is_floating_point_v<C>) return std::isnan(value);
  else return false;
}

// A NaN on either side is the result.
template <typename C>
C Minimum(C a, C b) {
  if (IsNan(a)) return a;
  return IsNan(b) ? b : std::min(a, b);
}

template <typename C>
C Maximum(C a, C b) {
  if (IsNan(a)) return a;
  return IsNan(b) ? b : std::max(a, b);
}

// Towards zero. `b` is not an integer 0.
template <typename C>
C DivideTruncated(C a, C b) {
  if constexpr (std::is_floating_point_v<C>) {
    return std::trunc(a / b);
  } else if constexpr (std::is_signed_v<C>) {
    return b == C{-1} ? Subtract(C{0}, a) : static_cast<C>(a / b);
  } else {
    return static_cast<C>(a / b);
  }
}

// With C's sign rule: the result has the sign of `a`. `b` is not an integer 0.
template <typename C>
C RemainderTruncated(C a, C b) {
  if constexpr (std::is_floating_point_v<C>) {
    return std::fmod(a, b);
  } else if constexpr (std::is_signed_v<C>) {
    return b == C{-1} ? C{0} : static_cast<C>(a % b);
  } else {
    return static_cast<C>(a % b);
  }
}

// Python's floor division, from the remainder, so that rounding can't break a == b * (a // b) + rest.
template <typename C>
C DivideFloored(C a, C b) {
  if constexpr (std::is_floating_point_v<C>) {
    if (b == 0) return std::signbit(a) ? -std::numeric_limits<C>::infinity() : std::numeric_limits<C>::infinity();
    const C rest = std::fmod(a, b);
    const C quotient = (a - rest) / b;
    return rest != 0 && std::signbit(b) != std::signbit(rest) ? quotient - 1 : quotient;
  } else {
    const C quotient = DivideTruncated(a, b);
    const bool inexact = RemainderTruncated(a, b) != 0;
    return inexact && (a < C{0}) != (b < C{0}) ? Subtract(quotient, C{1}) : quotient;
  }
}

// As ExecuTorch has it: floating remainders take the sign of `b` as in Python, integer ones are C's.
template <typename C>
C Remainder(C a, C b) {
  const C rest = RemainderTruncated(a, b);
  if constexpr (std::is_floating_point_v<C>) {
    if (rest != 0 && (a < 0) != (b < 0)) return rest + b;
  }
  return rest;
}

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_ARITHMETIC_H_
