// Which combinations of element types XNNPACK can run, node by node.
//
// XNNPACK checks some of them when a node is defined, refuses others when its runtime is made, and runs into undefined
// behaviour on the rest; so they are all decided here, before it sees them.
#ifndef ETD_BACKENDS_XNNPACK_TYPE_RULES_H_
#define ETD_BACKENDS_XNNPACK_TYPE_RULES_H_

#include "absl/status/status.h"
#include "runtime/graph/fragment.h"

namespace etd::xnnpack {

// Nodes that only copy elements about.
bool MovesElements(graph::DenseKind kind);
// `fragment` is verified and lowered. Errors: UNIMPLEMENTED, with the node's kind and types.
absl::Status CheckTypes(const graph::FragmentNode& node, const graph::Fragment& fragment);

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_TYPE_RULES_H_
