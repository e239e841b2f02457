// Turns dense nodes that the runtime's own operators can compute into calls of those operators.
#ifndef ETD_RUNTIME_GRAPH_PASSES_LOWER_DENSE_H_
#define ETD_RUNTIME_GRAPH_PASSES_LOWER_DENSE_H_

#include "runtime/graph/graph.h"
#include "runtime/kernel/registry.h"

namespace etd::graph {

// Narrow steps spend more time in dispatching small operators to a backend than in computing them; as operators they get
// row rules, views for free, and take part in fusion. Only float32 in row-major order; nodes with a fused clamp, and
// those whose operator is not registered, stay as they are.
void LowerDenseNodes(Graph& graph, const kernel::KernelRegistry& kernels);

}  // namespace etd::graph

#endif  // ETD_RUNTIME_GRAPH_PASSES_LOWER_DENSE_H_
