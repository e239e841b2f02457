// Passes that remove work without changing what is computed.
#ifndef ETD_RUNTIME_GRAPH_PASSES_SIMPLIFY_H_
#define ETD_RUNTIME_GRAPH_PASSES_SIMPLIFY_H_

#include "runtime/graph/graph.h"

namespace etd::graph {

// Nodes that compute the same from the same values become one. Nodes that touch mutated values are left alone.
void MergeCommonNodes(Graph& graph);

// Drops nodes whose results reach neither an output nor a mutated value.
void RemoveDeadNodes(Graph& graph);

}  // namespace etd::graph

#endif  // ETD_RUNTIME_GRAPH_PASSES_SIMPLIFY_H_
