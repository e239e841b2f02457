// Row analysis: which values carry the rows of a step, and which part of a graph only some rows need.
#ifndef ETD_RUNTIME_GRAPH_PASSES_ROWS_H_
#define ETD_RUNTIME_GRAPH_PASSES_ROWS_H_

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/graph/graph.h"
#include "runtime/kernel/row_rule.h"
#include "runtime/tensor/value.h"

namespace etd::graph {

// The class of each value, by id. `input_classes` has one entry per input of the graph. `values` are the graph's values
// with the shapes of a trial step of at least two rows. What no rule proves is kSegment.
std::vector<kernel::RowClass> ClassifyRows(const Graph& graph, std::span<const kernel::RowClass> input_classes,
                                           tensor::Value* values);

// A graph cut behind its last node that mixes rows.
struct RowSplit {
  Graph body;  // outputs: the crossing values, for all rows
  Graph tail;  // inputs: the crossing values, for the rows that are wanted; outputs: the graph's
  std::vector<int> row_dims;  // of each crossing value
};

// Splits off what comes after the last node that mixes rows or touches state: it need only run for rows whose results
// somebody wants. Ids of values are the same in all graphs. Errors: FAILED_PRECONDITION where there is nothing to split.
absl::StatusOr<RowSplit> SplitNeededRows(const Graph& graph, std::span<const kernel::RowClass> classes);

}  // namespace etd::graph

#endif  // ETD_RUNTIME_GRAPH_PASSES_ROWS_H_
