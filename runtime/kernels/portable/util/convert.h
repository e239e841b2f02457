// Conversions between element types that are defined for every value, as files may hold any.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_CONVERT_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_CONVERT_H_

#include <cstdint>
#include <limits>
#include <type_traits>

#include "runtime/kernel/kernel.h"
#include "runtime/tensor/scalar_type.h"

namespace etd::kernels {

template <typename T>
inline constexpr bool kIsHalf = std::is_same_v<T, tensor::Float16> || std::is_same_v<T, tensor::BFloat16>;

// What elements of type T are computed in: float for half types, otherwise T.
template <typename T>
using ComputeOf = std::conditional_t<kIsHalf<T>, float, T>;

// `value` as a To: floating point is truncated towards zero, integers wrap, and what no int64 can hold (NaN too) counts
// as the smallest int64, which is what x86-64 makes of it.
template <typename To, typename From>
To Convert(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (kIsHalf<From>) {
    return Convert<To>(static_cast<float>(value));
  } else if constexpr (kIsHalf<To>) {
    return To(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From{0};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    constexpr From kLimit = static_cast<From>(9223372036854775808.0);
    const int64_t whole =
        value >= -kLimit && value < kLimit ? static_cast<int64_t>(value) : std::numeric_limits<int64_t>::min();
    return static_cast<To>(whole);
  } else {
    return static_cast<To>(value);
  }
}

template <typename To>
To ConvertScalar(const kernel::Scalar& scalar) {
  return scalar.kind == kernel::Scalar::Kind::kDouble ? Convert<To>(scalar.floating) : Convert<To>(scalar.integer);
}

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_CONVERT_H_
