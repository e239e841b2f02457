// Which requests of a model take part in its next step, and with how many tokens. Pure.
#ifndef ETD_SCHEDULER_BATCH_STEP_PLANNER_H_
#define ETD_SCHEDULER_BATCH_STEP_PLANNER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace etd::scheduler {

struct StepBudget {
  int64_t max_segments = 8;     // sessions in one step
  int64_t prefill_tokens = 128;  // of all prompts together in one step: bounds how long a decoding stream waits
};

// A request that could run; the order of a list of candidates is the order of their turns.
struct StepCandidate {
  int64_t pending = 1;          // prompt tokens not yet in the session; exactly 1 in decode
  bool decoding = false;
  int64_t max_segment_tokens = 1;  // what the model takes at once
};

struct StepPick {
  size_t candidate = 0;         // index into the candidates
  int64_t tokens = 1;
};

// Decoding requests first, one token each, then prompts in the order of their turns until the budget is spent. A
// waiting prompt always gets something, however many streams decode. `picks` is cleared first.
void PlanStep(std::span<const StepCandidate> candidates, const StepBudget& budget, std::vector<StepPick>* picks);

}  // namespace etd::scheduler

#endif  // ETD_SCHEDULER_BATCH_STEP_PLANNER_H_
