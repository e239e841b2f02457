// Takes products of dynamically quantised rows and 4-bit weights from a delegate where the runtime has a faster kernel.
#ifndef ETD_RUNTIME_GRAPH_PASSES_LOWER_LINEAR_H_
#define ETD_RUNTIME_GRAPH_PASSES_LOWER_LINEAR_H_

#include "runtime/graph/graph.h"
#include "runtime/kernel/registry.h"

namespace etd::graph {

// A conversion of float32 rows to 8 bits whose every reader is a fully connected node with 4-bit weights, scaled by channel or
// by block, becomes etd::quantize_rows, the readers etd::linear_q4, with the weights packed by etd::pack_q4. Does nothing where these operators are not registered (kernels/fast/linear_q4.h).
void LowerLinearQ4(Graph& graph, const kernel::KernelRegistry& kernels);

}  // namespace etd::graph

#endif  // ETD_RUNTIME_GRAPH_PASSES_LOWER_LINEAR_H_
