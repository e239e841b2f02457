// One node of a lowered fragment as one node of an XNNPACK subgraph.
#ifndef ETD_BACKENDS_XNNPACK_NODE_DEFINER_H_
#define ETD_BACKENDS_XNNPACK_NODE_DEFINER_H_

#include <xnnpack.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "runtime/graph/fragment.h"

namespace etd::xnnpack {

// XNNPACK's ids of a node's operands, in the node's order.
struct NodeIds {
  std::vector<uint32_t> inputs, outputs;
};

// The node is verified and its types are checked (type_rules.h). Errors: those of XNNPACK; UNIMPLEMENTED for kinds that
// it does not have.
absl::Status DefineNode(xnn_subgraph_t subgraph, const graph::FragmentNode& node, const NodeIds& ids);

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_NODE_DEFINER_H_
