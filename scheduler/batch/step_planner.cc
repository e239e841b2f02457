#include "scheduler/batch/step_planner.h"

#include <algorithm>

namespace etd::scheduler {

void PlanStep(std::span<const StepCandidate> candidates, const StepBudget& budget, std::vector<StepPick>* picks) {
  picks->clear();
  const bool prompts = std::any_of(candidates.begin(), candidates.end(), [](const auto& c) { return !c.decoding; });
  // One place is kept for a prompt, so that decoding streams cannot shut prompts out.
  const int64_t decode_places = std::max<int64_t>(budget.max_segments - (prompts ? 1 : 0), prompts ? 0 : 1);
  for (size_t i = 0; i < candidates.size() && static_cast<int64_t>(picks->size()) < decode_places; ++i) {
    if (candidates[i].decoding) picks->push_back({.candidate = i, .tokens = 1});
  }
  int64_t left = std::max<int64_t>(budget.prefill_tokens, 1);
  for (size_t i = 0; i < candidates.size() && left > 0; ++i) {
    if (candidates[i].decoding) continue;
    if (!picks->empty() && static_cast<int64_t>(picks->size()) >= budget.max_segments) break;
    const int64_t tokens = std::min({candidates[i].pending, candidates[i].max_segment_tokens, left});
    picks->push_back({.candidate = i, .tokens = tokens});
    left -= tokens;
  }
}

}  // namespace etd::scheduler
