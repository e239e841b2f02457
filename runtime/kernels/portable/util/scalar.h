// Number arguments as elements of a tensor.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SCALAR_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SCALAR_H_

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "runtime/base/status.h"
#include "runtime/kernel/kernel.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/tensor/scalar_type.h"

namespace etd::kernels {

// A number argument as an element. Errors: INVALID_ARGUMENT where an integer type can't hold it.
template <typename To>
absl::StatusOr<To> ScalarToElement(const kernel::Scalar& scalar) {
  if constexpr (std::is_integral_v<To> && !std::is_same_v<To, bool>) {
    if (scalar.kind == kernel::Scalar::Kind::kDouble) {
      const To element = Convert<To>(scalar.floating);
      if (!(std::abs(static_cast<double>(element) - scalar.floating) < 1)) {
        return InvalidArgument("the number {} doesn't fit the element type", scalar.floating);
      }
      return element;
    }
    // Negative numbers wrap for unsigned types as long as the magnitude fits.
    const bool fits = std::is_same_v<To, uint64_t> || std::in_range<To>(scalar.integer) ||
                      (std::is_unsigned_v<To> && scalar.integer < 0 && std::in_range<To>(-(scalar.integer + 1)));
    if (!fits) return InvalidArgument("the number {} doesn't fit the element type", scalar.integer);
  }
  if (scalar.kind == kernel::Scalar::Kind::kDouble) return Convert<To>(scalar.floating);
  return Convert<To>(scalar.integer);
}

// Errors as ScalarToElement.
absl::Status CheckScalarFits(const kernel::Scalar& scalar, tensor::ScalarType type);

// Sets `numel` elements of `type` at `data`. The scalar fits the type.
void FillElements(void* data, int64_t numel, tensor::ScalarType type, const kernel::Scalar& scalar);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_SCALAR_H_
