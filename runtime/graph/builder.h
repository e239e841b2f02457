// Makes the graph of a method from its instructions and the fragments of its delegates.
#ifndef ETD_RUNTIME_GRAPH_BUILDER_H_
#define ETD_RUNTIME_GRAPH_BUILDER_H_

#include <functional>

#include "absl/status/statusor.h"
#include "runtime/graph/graph.h"
#include "runtime/kernel/registry.h"
#include "runtime/program/program_view.h"

namespace etd::graph {

// A delegate's fragment and who compiles it. Borrowed; outlives the graph.
struct DelegateContent {
  const Fragment* fragment = nullptr;
  RegionCompiler* compiler = nullptr;
};
using DelegateLookup = std::function<absl::StatusOr<DelegateContent>(uint32_t delegate)>;

// Value i of the method is value i of the graph; values inside fragments follow. Planned tensors that are read before
// anything writes them are state. Errors: UNIMPLEMENTED where the method can't be a graph (jumps, moves, writes through a
// view): the reference path runs it; INVALID_ARGUMENT where it can't run at all.
absl::StatusOr<Graph> BuildGraph(const program::MethodSpec& method, const kernel::KernelRegistry& kernels,
                                 const DelegateLookup& delegates);

// The tensor type that stores `type`, or nothing for values that only exist inside a region.
std::optional<tensor::ScalarType> TensorTypeOf(DenseType type);
// The description that a backend gets for a value of the graph that is a tensor or came from a blob.
FragmentValue Describe(const GraphValue& value);

}  // namespace etd::graph

#endif  // ETD_RUNTIME_GRAPH_BUILDER_H_
