// Addition of elements as accumulating operators do it.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SUM_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SUM_H_

#include <cstdint>
#include <type_traits>

#include "runtime/kernels/portable/util/convert.h"

namespace etd::kernels {

// a + b in their own type: half types round after each addition, integers wrap, bools are joined by "or".
template <typename T>
T Sum(T a, T b) {
  if constexpr (std::is_same_v<T, bool>) {
    return a || b;
  } else if constexpr (kIsHalf<T>) {
    return T(static_cast<float>(a) + static_cast<float>(b));
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  } else {
    return a + b;
  }
}

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SUM_H_
