// Private to this folder: the generated readers and the checks that every use of them begins with.
#ifndef ETD_RUNTIME_PROGRAM_WIRE_H_
#define ETD_RUNTIME_PROGRAM_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flatbuffers/flatbuffers.h"
#include "runtime/base/status.h"
#include "runtime/program/byte_pool.h"
#include "runtime/program/program_view.h"
#include "runtime/program/schema/scalar_type_generated.h"

namespace etd::program {

// ExecuTorch verifies with the same limits, so no program that it runs is refused by them.
inline constexpr flatbuffers::uoffset_t kMaxDepth = 64;
inline constexpr flatbuffers::uoffset_t kMaxTables = 1'000'000;

// The root table of `flatbuffer` after all offsets in it were checked to stay inside. `flatbuffer` is smaller than
// 2 GiB and starts at a multiple of kByteAlignment.
template <typename Root>
absl::StatusOr<const Root*> VerifiedRoot(std::span<const std::byte> flatbuffer, std::string_view identifier) {
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(flatbuffer.data()), flatbuffer.size(), kMaxDepth,
                                 kMaxTables);
  if (!verifier.VerifyBuffer<Root>(std::string(identifier).c_str())) {
    return InvalidArgument("the flatbuffer is damaged: it is truncated, refers to something outside of itself, or has "
                           "more than {} tables",
                           kMaxTables);
  }
  return flatbuffers::GetRoot<Root>(flatbuffer.data());
}

// Number of elements of a vector that the file may leave out.
template <typename Vector>
flatbuffers::uoffset_t SizeOf(const Vector* vector) {
  return vector == nullptr ? 0 : vector->size();
}

// Element `i` of a vector of numbers. The verifier checks that vectors start at multiples of 4 only, so 8-byte elements
// of a damaged file can be at odd places.
template <typename T>
T ElementOf(const flatbuffers::Vector<T>& vector, flatbuffers::uoffset_t i) {
  T element;
  std::memcpy(&element, vector.Data() + size_t{i} * sizeof(T), sizeof(T));
  return flatbuffers::EndianScalar(element);
}

// The name of a method, key or tensor: not empty, UTF-8, without control characters. `what` is used in the message.
absl::StatusOr<std::string> ReadName(const flatbuffers::String* text, std::string_view what, BytePool& pool);

// A tensor's layout. Refuses unknown types, ranks above tensor::kMaxRank, negative sizes, a dim order that is no
// permutation, and tensors of more than kMaxBytes (a dimension of 0 counts as 1 there, so strides fit as well).
absl::StatusOr<TensorLayout> ReadLayout(wire::ElementType type, const flatbuffers::Vector<int32_t>* sizes,
                                        const flatbuffers::Vector<uint8_t>* dim_order, BytePool& pool);

inline std::span<const std::byte> BytesOf(const flatbuffers::Vector<uint8_t>* vector) {
  if (vector == nullptr) return {};
  return std::as_bytes(std::span<const uint8_t>(vector->data(), vector->size()));
}

}  // namespace etd::program

#endif  // ETD_RUNTIME_PROGRAM_WIRE_H_
