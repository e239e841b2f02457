#include "backends/xnnpack/blob_layout.h"

#include <cstdint>
#include <cstring>

#include "runtime/base/checked_math.h"
#include "runtime/base/status.h"

namespace etd::xnnpack {
namespace {

constexpr size_t kMagicOffset = 4, kLengthOffset = 8, kGraphOffset = 10, kGraphSize = 14, kConstantsOffset = 18,
                 kConstantsSize = 22, kHeaderSize = 30;
// A root offset and an identifier.
constexpr size_t kSmallestGraph = 8;

// Little-endian, as the whole project's targets are.
template <typename T>
T ReadAt(std::span<const std::byte> blob, size_t offset) {
  T number;
  std::memcpy(&number, blob.data() + offset, sizeof(number));
  return number;
}

}  // namespace

absl::StatusOr<BlobLayout> FindBlobParts(std::span<const std::byte> blob) {
  if (blob.size() < kSmallestGraph) return InvalidArgument("{} bytes are too few", blob.size());
  if (blob.size() < kMagicOffset + 4 || std::memcmp(blob.data() + kMagicOffset, "XH00", 4) != 0) {
    return BlobLayout{blob, {}};
  }
  if (blob.size() < kHeaderSize || ReadAt<uint16_t>(blob, kLengthOffset) < kHeaderSize) {
    return InvalidArgument("the header is cut off");
  }
  const size_t graph_offset = ReadAt<uint32_t>(blob, kGraphOffset), graph_size = ReadAt<uint32_t>(blob, kGraphSize);
  const size_t constants_offset = ReadAt<uint32_t>(blob, kConstantsOffset);
  const uint64_t constants_size = ReadAt<uint64_t>(blob, kConstantsSize);
  if (graph_size < kSmallestGraph || !RangeFits(graph_offset, graph_size, blob.size())) {
    return InvalidArgument("the graph of {} bytes at {} lies outside the {} bytes of the blob", graph_size,
                           graph_offset, blob.size());
  }
  if (!RangeFits<uint64_t>(constants_offset, constants_size, blob.size())) {
    return InvalidArgument("the constants of {} bytes at {} lie outside the {} bytes of the blob", constants_size,
                           constants_offset, blob.size());
  }
  if (constants_offset < graph_offset + graph_size) {
    return InvalidArgument("the constants at {} overlap the graph, which ends at {}", constants_offset,
                           graph_offset + graph_size);
  }
  return BlobLayout{blob.subspan(graph_offset, graph_size), blob.subspan(constants_offset, constants_size)};
}

}  // namespace etd::xnnpack
