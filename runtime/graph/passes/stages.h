// Cuts a graph for steps that have rows of several sessions: what runs once for all rows, what for each session.
#ifndef ETD_RUNTIME_GRAPH_PASSES_STAGES_H_
#define ETD_RUNTIME_GRAPH_PASSES_STAGES_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/graph/graph.h"
#include "runtime/graph/passes/rows.h"
#include "runtime/tensor/value.h"

namespace etd::graph {

// Nodes of StagedGraph::segment that run for one session after the other before the wide graph goes on.
struct Stage {
  size_t begin = 0;
  size_t end = 0;
  std::vector<RowPort> reads;   // rows that the wide graph has, or an earlier stage has given to it
  std::vector<RowPort> writes;  // rows that go back
};

// Ids of values are the same in both graphs. Rows of sessions lie one after the other in the wide graph's values, in the
// dimension that carries them; the segment graph's have those of one session.
struct StagedGraph {
  Graph wide;     // fused nodes, and a StageNode for each stage
  Graph segment;  // inputs: the graph's that belong to a session, then rows that the wide graph gives
  std::vector<Stage> stages;
  std::vector<RowPort> segment_rows;  // the last inputs of `segment`: those that the wide graph gives
  std::vector<RowPort> wide_inputs;   // the inputs of `wide`
};

// The widest step that a graph can run whose rows are widened: a program's own bound on its tokens is one of a session's
// segment.
inline constexpr int32_t kMaxStepRows = 1 << 16;
// Raises the bounds of all values that carry rows. `values` as for CutStages.
void WidenRows(Graph& graph, const RowAnalysis& analysis, const tensor::Value* values);

// `values` are the graph's values with the shapes of a trial step. Errors: FAILED_PRECONDITION where nothing is fused, or a
// value's rows lie in an order that can't be cut.
absl::StatusOr<StagedGraph> CutStages(const Graph& graph, const RowAnalysis& analysis, const tensor::Value* values);

}  // namespace etd::graph

#endif  // ETD_RUNTIME_GRAPH_PASSES_STAGES_H_
