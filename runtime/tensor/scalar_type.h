// Element types of tensors. Numbers are ATen's ScalarType, as `.pte` files store them (scalar_type.fbs of ExecuTorch).
#ifndef ETD_RUNTIME_TENSOR_SCALAR_TYPE_H_
#define ETD_RUNTIME_TENSOR_SCALAR_TYPE_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace etd::tensor {

enum class ScalarType : int8_t {
  kUInt8 = 0,
  kInt8 = 1,
  kInt16 = 2,
  kInt32 = 3,
  kInt64 = 4,
  kFloat16 = 5,
  kFloat32 = 6,
  kFloat64 = 7,
  kBool = 11,
  kBFloat16 = 15,
  kUInt16 = 27,
  kUInt32 = 28,
  kUInt64 = 29,
};

// The type with ATen's number `code`, or nothing for types that no program we run can hold.
std::optional<ScalarType> ScalarTypeFromCode(int code);
// Bytes of one element.
size_t ElementSize(ScalarType type);
// NumPy's name of the type ("float32"), and "bfloat16".
std::string_view ScalarTypeName(ScalarType type);
std::optional<ScalarType> ScalarTypeFromName(std::string_view name);

constexpr bool IsFloating(ScalarType type) {
  return type == ScalarType::kFloat16 || type == ScalarType::kFloat32 || type == ScalarType::kFloat64 ||
         type == ScalarType::kBFloat16;
}
constexpr bool IsIntegral(ScalarType type, bool include_bool) {
  return !IsFloating(type) && (include_bool || type != ScalarType::kBool);
}

// IEEE binary16 as stored bits; arithmetic is done in float.
struct Float16 {
  uint16_t bits = 0;
  Float16() = default;
  explicit Float16(float value);  // rounds to nearest, ties to even
  operator float() const;
};

// The upper half of an IEEE binary32; arithmetic is done in float.
struct BFloat16 {
  uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(float value);  // rounds to nearest, ties to even
  operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
};

// The C++ type that stores elements of a ScalarType.
template <ScalarType kType>
struct ElementOf;
template <> struct ElementOf<ScalarType::kUInt8> { using Type = uint8_t; };
template <> struct ElementOf<ScalarType::kInt8> { using Type = int8_t; };
template <> struct ElementOf<ScalarType::kInt16> { using Type = int16_t; };
template <> struct ElementOf<ScalarType::kInt32> { using Type = int32_t; };
template <> struct ElementOf<ScalarType::kInt64> { using Type = int64_t; };
template <> struct ElementOf<ScalarType::kFloat16> { using Type = Float16; };
template <> struct ElementOf<ScalarType::kFloat32> { using Type = float; };
template <> struct ElementOf<ScalarType::kFloat64> { using Type = double; };
template <> struct ElementOf<ScalarType::kBool> { using Type = bool; };
template <> struct ElementOf<ScalarType::kBFloat16> { using Type = BFloat16; };
template <> struct ElementOf<ScalarType::kUInt16> { using Type = uint16_t; };
template <> struct ElementOf<ScalarType::kUInt32> { using Type = uint32_t; };
template <> struct ElementOf<ScalarType::kUInt64> { using Type = uint64_t; };

// A value that carries an element type into a generic lambda: `[](auto tag) { using T = typename decltype(tag)::Type; }`.
template <typename T>
struct TypeTag {
  using Type = T;
};

// Calls `visitor(TypeTag<element type>{})` for `type`; the one place where dtypes become C++ types.
template <typename Visitor>
decltype(auto) VisitScalarType(ScalarType type, Visitor&& visitor) {
  switch (type) {
    case ScalarType::kUInt8: return visitor(TypeTag<uint8_t>{});
    case ScalarType::kInt8: return visitor(TypeTag<int8_t>{});
    case ScalarType::kInt16: return visitor(TypeTag<int16_t>{});
    case ScalarType::kInt32: return visitor(TypeTag<int32_t>{});
    case ScalarType::kInt64: return visitor(TypeTag<int64_t>{});
    case ScalarType::kFloat16: return visitor(TypeTag<Float16>{});
    case ScalarType::kFloat32: return visitor(TypeTag<float>{});
    case ScalarType::kFloat64: return visitor(TypeTag<double>{});
    case ScalarType::kBool: return visitor(TypeTag<bool>{});
    case ScalarType::kBFloat16: return visitor(TypeTag<BFloat16>{});
    case ScalarType::kUInt16: return visitor(TypeTag<uint16_t>{});
    case ScalarType::kUInt32: return visitor(TypeTag<uint32_t>{});
    case ScalarType::kUInt64: break;
  }
  return visitor(TypeTag<uint64_t>{});
}

}  // namespace etd::tensor

#endif  // ETD_RUNTIME_TENSOR_SCALAR_TYPE_H_
