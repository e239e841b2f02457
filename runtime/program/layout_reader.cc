#include <optional>

#include "runtime/base/checked_math.h"
#include "runtime/program/wire.h"
#include "runtime/tensor/tensor.h"

namespace etd::program {
namespace {

// Length of the UTF-8 sequence at the start of `text`, or 0 if it is not one (RFC 3629: shortest form, no surrogates).
size_t SequenceLength(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = at(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  const uint8_t second = at(1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
      (first == 0xf4 && second > 0x8f)) {
    return 0;
  }
  return length;
}

bool IsName(std::string_view text) {
  if (text.empty()) return false;
  for (size_t i = 0; i < text.size();) {
    const uint8_t c = static_cast<uint8_t>(text[i]);
    const size_t length = SequenceLength(text.substr(i));
    if (length == 0 || c < 0x20 || c == 0x7f) return false;
    i += length;
  }
  return true;
}

absl::StatusOr<tensor::ScalarType> ReadType(wire::ElementType type) {
  if (const auto known = tensor::ScalarTypeFromCode(static_cast<int>(type))) return *known;
  const std::string_view name = wire::EnumNameElementType(type);
  if (name.empty()) return InvalidArgument("unknown element type {}", static_cast<int>(type));
  return Unimplemented("tensors of element type {} are not supported", name);
}

absl::Status CheckDimOrder(const TensorLayout& layout) {
  const size_t rank = layout.sizes.size();
  if (layout.dim_order.size() != rank) {
    return InvalidArgument("a tensor with {} sizes has a dim order of {} entries", rank, layout.dim_order.size());
  }
  uint32_t seen = 0;
  for (const uint8_t dim : layout.dim_order) {
    if (dim >= rank || (seen >> dim & 1u) != 0) {
      return InvalidArgument("the dim order is not a permutation of 0…{}: entry {} is {}", rank - 1, dim,
                             dim >= rank ? "out of range" : "repeated");
    }
    seen |= 1u << dim;
  }
  return absl::OkStatus();
}

absl::Status CheckSize(const TensorLayout& layout) {
  uint64_t bytes = tensor::ElementSize(layout.dtype);
  for (const int32_t size : layout.sizes) {
    if (size < 0) return InvalidArgument("a tensor has a negative size: {}", tensor::ShapeText(layout.sizes));
    const auto product = CheckedMul<uint64_t>(bytes, size == 0 ? 1 : static_cast<uint64_t>(size));
    if (!product || *product > kMaxBytes) {
      return InvalidArgument("a tensor of shape {} is larger than {} bytes", tensor::ShapeText(layout.sizes),
                             kMaxBytes);
    }
    bytes = *product;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadName(const flatbuffers::String* text, std::string_view what, BytePool& pool) {
  if (text == nullptr) return InvalidArgument("{} is missing", what);
  ETD_RETURN_IF_ERROR(pool.Charge(text->size()));
  const std::string_view name(text->c_str(), text->size());
  if (!IsName(name)) return InvalidArgument("{} is empty, not UTF-8, or has control characters", what);
  return std::string(name);
}

absl::StatusOr<TensorLayout> ReadLayout(wire::ElementType type, const flatbuffers::Vector<int32_t>* sizes,
                                        const flatbuffers::Vector<uint8_t>* dim_order, BytePool& pool) {
  TensorLayout layout;
  ETD_ASSIGN_OR_RETURN(layout.dtype, ReadType(type));
  if (sizes == nullptr) return InvalidArgument("a tensor has no sizes");
  if (sizes->size() > tensor::kMaxRank) {
    return Unimplemented("a tensor has {} dimensions; the limit is {}", sizes->size(), tensor::kMaxRank);
  }
  if (SizeOf(dim_order) > tensor::kMaxRank) return InvalidArgument("a dim order has {} entries", dim_order->size());
  ETD_RETURN_IF_ERROR(pool.Charge(sizes->size() * sizeof(int32_t) + SizeOf(dim_order)));
  layout.sizes.assign(sizes->begin(), sizes->end());
  if (dim_order != nullptr) layout.dim_order.assign(dim_order->begin(), dim_order->end());
  ETD_RETURN_IF_ERROR(CheckDimOrder(layout));
  ETD_RETURN_IF_ERROR(CheckSize(layout));
  return layout;
}

}  // namespace etd::program
