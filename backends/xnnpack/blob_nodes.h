// Nodes of a blob as nodes of a fragment.
#ifndef ETD_BACKENDS_XNNPACK_BLOB_NODES_H_
#define ETD_BACKENDS_XNNPACK_BLOB_NODES_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "runtime/graph/fragment.h"

namespace etd::xnnpack {

namespace blob {
struct Node;
}

// From the numbers that a blob's nodes use to indices into Fragment::values.
using ValueIds = absl::flat_hash_map<uint32_t, uint32_t>;

// `node` is a verified flatbuffer. Errors: INVALID_ARGUMENT (values that don't exist, missing parts), UNIMPLEMENTED.
absl::StatusOr<graph::FragmentNode> ReadNode(const blob::Node& node, const ValueIds& ids);

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_BLOB_NODES_H_
