// Gathers the dense nodes that are left into regions that a backend runs in one go.
#ifndef ETD_RUNTIME_GRAPH_PASSES_FORM_REGIONS_H_
#define ETD_RUNTIME_GRAPH_PASSES_FORM_REGIONS_H_

#include "absl/status/status.h"
#include "runtime/graph/graph.h"

namespace etd::graph {

// Nodes that share a value without tensor form (quantised activations) belong together; so do neighbours in the order.
// Afterwards the graph has no dense nodes. Errors: UNIMPLEMENTED where such a value would cross regions.
absl::Status FormRegions(Graph& graph);

}  // namespace etd::graph

#endif  // ETD_RUNTIME_GRAPH_PASSES_FORM_REGIONS_H_
