// Row analysis of a causal language model's graph: the shapes it needs, by trial.
#ifndef ETD_RUNTIME_LLM_ROW_TRIAL_H_
#define ETD_RUNTIME_LLM_ROW_TRIAL_H_

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/exec/graph_executor.h"
#include "runtime/exec/loaded_program.h"
#include "runtime/graph/graph.h"
#include "runtime/graph/passes/rows.h"
#include "runtime/llm/causal_lm_shape.h"

namespace etd::llm {

// Plans a method's graph for steps of two sizes; the dimensions that follow carry the rows. Nothing but what depends on
// constants alone is computed, and that becomes constant in the graph.
class RowTrial {
 public:
  // Errors: FAILED_PRECONDITION where a step has a fixed size, those of compiling and planning.
  static absl::StatusOr<RowTrial> Create(std::shared_ptr<exec::LoadedProgram> program, const CausalLmShape& shape,
                                         graph::Graph* graph);

  // Of the graph, or a part of it with the same ids.
  graph::RowAnalysis Analyse(const graph::Graph& graph) const;
  // The graph's values with the shapes of one of the steps.
  const tensor::Value* values() const { return &executor_->value(0); }
  // Holds the bytes of the graph's new constants.
  std::shared_ptr<const memory::Arena> constants() const { return constants_; }

 private:
  std::unique_ptr<exec::GraphExecutor> executor_;
  std::vector<std::optional<int>> row_dims_;  // by value
  std::vector<kernel::RowClass> input_classes_;
  std::shared_ptr<const memory::Arena> constants_;
};

}  // namespace etd::llm

#endif  // ETD_RUNTIME_LLM_ROW_TRIAL_H_
