#include "backends/xnnpack/types.h"

namespace etd::xnnpack {

using graph::DenseType;

std::string_view TypeName(DenseType type) {
  switch (type) {
    case DenseType::kFloat32: return "f32";
    case DenseType::kFloat16: return "f16";
    case DenseType::kBFloat16: return "bf16";
    case DenseType::kInt32: return "s32";
    case DenseType::kInt64: return "s64";
    case DenseType::kQInt8: return "qs8";
    case DenseType::kQUInt8: return "qu8";
    case DenseType::kQInt32: return "qs32";
    case DenseType::kQCInt8: return "qc8w";
    case DenseType::kQCInt32: return "qc32";
    case DenseType::kQCInt4: return "qc4w";
    case DenseType::kQBInt4: return "qb4w";
    case DenseType::kQDInt8: return "qd8";
  }
  return "unknown";
}

size_t ConstantBytes(DenseType type, const Shape& shape) {
  const size_t count = shape.numel();
  switch (type) {
    case DenseType::kFloat16:
    case DenseType::kBFloat16: return count * 2;
    case DenseType::kQInt8:
    case DenseType::kQUInt8:
    case DenseType::kQCInt8:
    case DenseType::kQDInt8: return count;
    case DenseType::kQCInt4:
    case DenseType::kQBInt4: {
      const size_t inner = shape.rank == 0 ? 1 : shape.inner(0);
      return inner == 0 ? 0 : count / inner * ((inner + 1) / 2);
    }
    case DenseType::kInt64: return count * 8;
    case DenseType::kFloat32:
    case DenseType::kInt32:
    case DenseType::kQInt32:
    case DenseType::kQCInt32: return count * 4;
  }
  return 0;
}

std::optional<tensor::ScalarType> TensorType(DenseType type) {
  switch (type) {
    case DenseType::kFloat32: return tensor::ScalarType::kFloat32;
    case DenseType::kFloat16: return tensor::ScalarType::kFloat16;
    case DenseType::kBFloat16: return tensor::ScalarType::kBFloat16;
    case DenseType::kInt32: return tensor::ScalarType::kInt32;
    case DenseType::kInt64: return tensor::ScalarType::kInt64;
    case DenseType::kQInt8: return tensor::ScalarType::kInt8;
    case DenseType::kQUInt8: return tensor::ScalarType::kUInt8;
    default: return std::nullopt;
  }
}

}  // namespace etd::xnnpack
