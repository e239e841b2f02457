#include "runtime/llm/row_trial.h"

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "runtime/base/status.h"
#include "runtime/exec/graph_executor.h"

namespace etd::llm {
namespace {

using kernel::RowClass;
using Sizes = absl::InlinedVector<int32_t, 6>;

// Sizes of the two steps: few rows, and no multiples of each other.
constexpr int32_t kRows = 5;
constexpr int32_t kMoreRows = 7;

absl::Status PlanFor(exec::GraphExecutor& executor, const CausalLmShape& shape, int32_t rows) {
  const std::array<int32_t, 2> token_sizes = {1, rows};
  const std::array<int32_t, 1> position_sizes = {shape.position_per_token ? rows : 1};
  ETD_RETURN_IF_ERROR(executor.ResizeInput(0, token_sizes));
  ETD_RETURN_IF_ERROR(executor.ResizeInput(1, position_sizes));
  return executor.PlanNow();
}

std::vector<Sizes> SizesOf(const exec::GraphExecutor& executor) {
  std::vector<Sizes> sizes(executor.graph().values.size());
  for (graph::ValueId id = 0; id < sizes.size(); ++id) {
    if (executor.graph().values[id].tensor() == nullptr) continue;
    const std::span<const int32_t> now = executor.value(id).tensor().sizes();
    sizes[id].assign(now.begin(), now.end());
  }
  return sizes;
}

// The only dimension that differs, if it has the steps' sizes.
std::optional<int> RowDim(const Sizes& few, const Sizes& more) {
  std::optional<int> found;
  if (few.size() != more.size()) return std::nullopt;
  for (size_t dim = 0; dim < few.size(); ++dim) {
    if (few[dim] == more[dim]) continue;
    if (found || few[dim] != kRows || more[dim] != kMoreRows) return std::nullopt;
    found = static_cast<int>(dim);
  }
  return found;
}

}  // namespace

absl::StatusOr<RowTrial> RowTrial::Create(std::shared_ptr<exec::LoadedProgram> program, const CausalLmShape& shape,
                                          graph::Graph* graph) {
  if (shape.static_tokens || shape.max_segment_tokens < kMoreRows) {
    return FailedPrecondition("the program takes a fixed number of tokens, or very few");
  }
  RowTrial trial;
  ETD_ASSIGN_OR_RETURN(trial.executor_, exec::GraphExecutor::Create(std::move(program), *graph));
  ETD_RETURN_IF_ERROR(PlanFor(*trial.executor_, shape, kMoreRows));
  const std::vector<Sizes> more = SizesOf(*trial.executor_);
  ETD_RETURN_IF_ERROR(PlanFor(*trial.executor_, shape, kRows));
  const std::vector<Sizes> few = SizesOf(*trial.executor_);
  for (size_t id = 0; id < few.size(); ++id) trial.row_dims_.push_back(RowDim(few[id], more[id]));
  trial.input_classes_ = {RowClass::Rows(1), shape.position_per_token ? RowClass::Rows(0) : RowClass::Segment()};
  trial.constants_ = trial.executor_->FoldConstants(*graph);
  return trial;
}

graph::RowAnalysis RowTrial::Analyse(const graph::Graph& graph) const {
  return graph::AnalyseRows(graph, input_classes_, &executor_->value(0), row_dims_);
}

}  // namespace etd::llm
