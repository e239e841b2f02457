#include "runtime/kernels/portable/util/scalar.h"

#include <algorithm>

namespace etd::kernels {

absl::Status CheckScalarFits(const kernel::Scalar& scalar, tensor::ScalarType type) {
  return tensor::VisitScalarType(type, [&](auto tag) {
    return Annotate(ScalarToElement<typename decltype(tag)::Type>(scalar).status(), tensor::ScalarTypeName(type));
  });
}

void FillElements(void* data, int64_t numel, tensor::ScalarType type, const kernel::Scalar& scalar) {
  tensor::VisitScalarType(type, [&](auto tag) {
    using T = typename decltype(tag)::Type;
    if (const absl::StatusOr<T> element = ScalarToElement<T>(scalar); element.ok()) {
      std::fill_n(static_cast<T*>(data), numel, *element);
    }
  });
}

}  // namespace etd::kernels
