// Row analysis of a causal language model: the shapes it needs, by trial.
#ifndef ETD_RUNTIME_LLM_ROW_TRIAL_H_
#define ETD_RUNTIME_LLM_ROW_TRIAL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "runtime/exec/loaded_program.h"
#include "runtime/graph/graph.h"
#include "runtime/graph/passes/rows.h"
#include "runtime/llm/causal_lm_shape.h"

namespace etd::llm {

// Plans the method's graph for steps of two sizes; the dimensions that follow carry the rows. Nothing is computed.
// Errors: FAILED_PRECONDITION where a step has a fixed size, those of compiling and planning.
absl::StatusOr<graph::RowAnalysis> AnalyseRows(std::shared_ptr<exec::LoadedProgram> program, const CausalLmShape& shape,
                                               const graph::Graph& graph);

}  // namespace etd::llm

#endif  // ETD_RUNTIME_LLM_ROW_TRIAL_H_
