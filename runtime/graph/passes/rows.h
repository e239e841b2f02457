// Row analysis: which values carry the rows of a step, and which part of a graph only some rows need.
#ifndef ETD_RUNTIME_GRAPH_PASSES_ROWS_H_
#define ETD_RUNTIME_GRAPH_PASSES_ROWS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/graph/graph.h"
#include "runtime/kernel/row_rule.h"
#include "runtime/tensor/value.h"

namespace etd::graph {

// How a node may run in a step that has rows of several sessions.
enum class Placement : uint8_t {
  kOnce,        // what it computes is the same for all rows
  kFused,       // once, on the rows of all sessions together
  kPerSegment,  // once for each session: it mixes rows, touches state, or could not be proved to do neither
};

struct RowAnalysis {
  std::vector<kernel::RowClass> classes;  // by value
  std::vector<Placement> placements;      // by node
  std::vector<std::string_view> reasons;  // by node: why it runs for each session alone; else empty
};

// `input_classes` has one entry per input of the graph. `values` are the graph's values with the shapes of a trial step of
// at least two rows. `row_dims` says, by value, which dimension has one entry for each row of the step, whatever their
// number; nothing where there is none, or more than one: what a node computes for each session alone is rows again for the
// nodes behind it if it has such a dimension. What no rule proves is kSegment.
RowAnalysis AnalyseRows(const Graph& graph, std::span<const kernel::RowClass> input_classes, tensor::Value* values,
                        std::span<const std::optional<int>> row_dims);

// A graph cut behind its last node that mixes rows.
struct RowSplit {
  Graph body;  // outputs: the crossing values, for all rows
  Graph tail;  // inputs: the crossing values, for the rows that are wanted; outputs: the graph's
  std::vector<int> row_dims;  // of each crossing value
};

// Splits off what comes after the last node that mixes rows or touches state: it need only run for rows whose results
// somebody wants. Ids of values are the same in all graphs. Errors: FAILED_PRECONDITION where there is nothing to split.
absl::StatusOr<RowSplit> SplitNeededRows(const Graph& graph, const RowAnalysis& analysis);

}  // namespace etd::graph

#endif  // ETD_RUNTIME_GRAPH_PASSES_ROWS_H_
