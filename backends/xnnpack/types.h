// Element types of fragments: sizes, names, and what they are in XNNPACK and outside.
#ifndef ETD_BACKENDS_XNNPACK_TYPES_H_
#define ETD_BACKENDS_XNNPACK_TYPES_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "backends/xnnpack/shape.h"
#include "runtime/graph/fragment.h"
#include "runtime/tensor/scalar_type.h"

namespace etd::xnnpack {

// "qd8": as XNNPACK's operators are named.
std::string_view TypeName(graph::DenseType type);
// Bytes that a constant of this type and shape has. The innermost dimension of 4-bit types is padded to whole bytes.
size_t ConstantBytes(graph::DenseType type, const Shape& shape);
// The type of a tensor that carries values of this type in and out; nothing for types that never leave a region.
std::optional<tensor::ScalarType> TensorType(graph::DenseType type);

constexpr bool IsFourBit(graph::DenseType type) {
  return type == graph::DenseType::kQCInt4 || type == graph::DenseType::kQBInt4;
}
constexpr bool IsPerTensor(graph::DenseType type) {
  return type == graph::DenseType::kQInt8 || type == graph::DenseType::kQUInt8 || type == graph::DenseType::kQInt32;
}
constexpr bool IsPerChannel(graph::DenseType type) {
  return type == graph::DenseType::kQCInt8 || type == graph::DenseType::kQCInt32 || type == graph::DenseType::kQCInt4;
}

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_TYPES_H_
