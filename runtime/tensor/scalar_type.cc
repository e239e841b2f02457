#include "runtime/tensor/scalar_type.h"

#include <array>
#include <utility>

namespace etd::tensor {
namespace {

struct TypeRow {
  ScalarType type;
  std::string_view name;
  size_t size;
};

constexpr std::array<TypeRow, 13> kTypes = {{
    {ScalarType::kUInt8, "uint8", 1},
    {ScalarType::kInt8, "int8", 1},
    {ScalarType::kInt16, "int16", 2},
    {ScalarType::kInt32, "int32", 4},
    {ScalarType::kInt64, "int64", 8},
    {ScalarType::kFloat16, "float16", 2},
    {ScalarType::kFloat32, "float32", 4},
    {ScalarType::kFloat64, "float64", 8},
    {ScalarType::kBool, "bool", 1},
    {ScalarType::kBFloat16, "bfloat16", 2},
    {ScalarType::kUInt16, "uint16", 2},
    {ScalarType::kUInt32, "uint32", 4},
    {ScalarType::kUInt64, "uint64", 8},
}};

const TypeRow& RowOf(ScalarType type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return row;
  }
  return kTypes.back();
}

}  // namespace

std::optional<ScalarType> ScalarTypeFromCode(int code) {
  for (const TypeRow& row : kTypes) {
    if (static_cast<int>(row.type) == code) return row.type;
  }
  return std::nullopt;
}

size_t ElementSize(ScalarType type) { return RowOf(type).size; }

std::string_view ScalarTypeName(ScalarType type) { return RowOf(type).name; }

std::optional<ScalarType> ScalarTypeFromName(std::string_view name) {
  for (const TypeRow& row : kTypes) {
    if (row.name == name) return row.type;
  }
  return std::nullopt;
}

Float16::Float16(float value) {
  const uint32_t word = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (word >> 16) & 0x8000u;
  const uint32_t magnitude = word & 0x7fffffffu;
  uint32_t half;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u;  // NaN stays NaN, quiet
  } else if (magnitude >= 0x47800000u) {
    half = 0x7c00u;  // 65536 and above is infinity
  } else if (magnitude < 0x38800000u) {
    // Below the smallest normal: adding 0.5 moves the 24-bit significand so that hardware rounds at bit 2^-24.
    half = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u;
  } else {
    const uint32_t odd = (magnitude >> 13) & 1u;
    half = (magnitude - 0x38000000u + 0x0fffu + odd) >> 13;
  }
  bits = static_cast<uint16_t>(sign | half);
}

Float16::operator float() const {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1fu;
  const uint32_t fraction = bits & 0x3ffu;
  if (exponent == 0x1fu) return std::bit_cast<float>(sign | 0x7f800000u | (fraction << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112u) << 23) | (fraction << 13));
  const float subnormal = static_cast<float>(fraction) * 0x1p-24f;
  return sign != 0 ? -subnormal : subnormal;
}

BFloat16::BFloat16(float value) {
  const uint32_t word = std::bit_cast<uint32_t>(value);
  if ((word & 0x7fffffffu) > 0x7f800000u) {
    bits = static_cast<uint16_t>((word >> 16) | 0x40u);
    return;
  }
  bits = static_cast<uint16_t>((word + 0x7fffu + ((word >> 16) & 1u)) >> 16);
}

}  // namespace etd::tensor
