// Passes that replace a group of small float32 operators by one operator that computes the same.
//
// A group is only replaced when every node, number and shape in it is as the fused operator has it and no other node
// uses what lies inside; anything else keeps its own nodes. Fused operators are looked up by name and missing ones
// skipped, so a process without them runs the graph as it is.
#ifndef ETD_RUNTIME_GRAPH_PASSES_FUSE_H_
#define ETD_RUNTIME_GRAPH_PASSES_FUSE_H_

#include "runtime/graph/graph.h"
#include "runtime/kernel/registry.h"

namespace etd::graph {

// x · rsqrt(mean(x²) + ε) · w over the last dimension → etd::rms_norm.out(x, w, ε, out).
void FuseRmsNorm(Graph& graph, const kernel::KernelRegistry& kernels);
// (g · sigmoid(g)) · u → etd::swiglu.out(g, u, out).
void FuseSwiglu(Graph& graph, const kernel::KernelRegistry& kernels);
// Rotary embedding of halves, with the transpositions around it:
// permute(x·cos + cat(-x₂, x₁)·sin) with x = permute(input) → etd::rotary.out(input, cos, sin, out).
void FuseRotary(Graph& graph, const kernel::KernelRegistry& kernels);

}  // namespace etd::graph

#endif  // ETD_RUNTIME_GRAPH_PASSES_FUSE_H_
