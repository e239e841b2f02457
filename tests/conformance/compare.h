// Whether what a method returned is what a file says that ExecuTorch (or PyTorch) computed.
#ifndef ETD_TESTS_CONFORMANCE_COMPARE_H_
#define ETD_TESTS_CONFORMANCE_COMPARE_H_

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "runtime/engine/engine.h"
#include "runtime/etrun/npy.h"
#include "runtime/tensor/scalar_type.h"

namespace etd {

inline double ElementAt(tensor::ScalarType type, const std::byte* data, size_t index) {
  return tensor::VisitScalarType(type, [&](auto tag) {
    typename decltype(tag)::Type element;
    std::memcpy(&element, data + index * sizeof(element), sizeof(element));
    return static_cast<double>(element);
  });
}

// Empty when type and shape are the same.
inline std::string CompareLayout(const engine::OwnedTensor& got, const etrun::NpyArray& want) {
  using tensor::ScalarType;
  const auto type = static_cast<ScalarType>(got.dtype);
  const bool bfloat16 = type == ScalarType::kBFloat16 && want.dtype == ScalarType::kUInt16;
  if (type != want.dtype && !bfloat16) return "another element type";
  return got.sizes == want.shape ? "" : "another shape";
}

// Empty when also every element is within atol + rtol·|wanted|; NaN equals NaN. Files hold bfloat16 as uint16.
inline std::string Compare(const engine::OwnedTensor& got, const etrun::NpyArray& want, double atol, double rtol) {
  if (std::string layout = CompareLayout(got, want); !layout.empty()) return layout;
  const auto type = static_cast<tensor::ScalarType>(got.dtype);
  const size_t count = got.bytes.size() / tensor::ElementSize(type);
  double worst = 0;
  for (size_t i = 0; i < count; ++i) {
    const double a = ElementAt(type, got.bytes.data(), i);
    const double b = ElementAt(type, want.data.data(), i);
    if ((std::isnan(a) && std::isnan(b)) || a == b) continue;
    const double excess = std::abs(a - b) - (atol + rtol * std::abs(b));
    if (!(excess <= 0)) worst = std::isnan(excess) ? INFINITY : std::max(worst, excess);
  }
  return worst == 0 ? "" : fmt::format("beyond the tolerance by {}", worst);
}

}  // namespace etd

#endif  // ETD_TESTS_CONFORMANCE_COMPARE_H_
