// Where the parts of a blob are.
#ifndef ETD_BACKENDS_XNNPACK_BLOB_LAYOUT_H_
#define ETD_BACKENDS_XNNPACK_BLOB_LAYOUT_H_

#include <cstddef>
#include <span>

#include "absl/status/statusor.h"

namespace etd::xnnpack {

struct BlobLayout {
  std::span<const std::byte> graph;      // The flatbuffer.
  std::span<const std::byte> constants;  // Behind it; empty where constants are named or in the flatbuffer.
};

// Errors: INVALID_ARGUMENT when parts lie outside the blob or overlap.
absl::StatusOr<BlobLayout> FindBlobParts(std::span<const std::byte> blob);

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_BLOB_LAYOUT_H_
