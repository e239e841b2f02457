#include "scheduler/batch/step_planner.h"

#include "gtest/gtest.h"

namespace etd::scheduler {
namespace {

StepCandidate Decode() { return {.pending = 1, .decoding = true, .max_segment_tokens = 100}; }
StepCandidate Prompt(int64_t pending) { return {.pending = pending, .decoding = false, .max_segment_tokens = 100}; }

std::vector<std::pair<size_t, int64_t>> Plan(const std::vector<StepCandidate>& candidates, const StepBudget& budget) {
  std::vector<StepPick> picks;
  PlanStep(candidates, budget, &picks);
  std::vector<std::pair<size_t, int64_t>> plan;
  for (const StepPick& pick : picks) plan.emplace_back(pick.candidate, pick.tokens);
  return plan;
}

using Picks = std::vector<std::pair<size_t, int64_t>>;

TEST(StepPlanner, NothingToDo) { EXPECT_TRUE(Plan({}, {}).empty()); }

TEST(StepPlanner, DecodeFirstThenPrompts) {
  EXPECT_EQ(Plan({Prompt(50), Decode(), Decode()}, {.max_segments = 8, .prefill_tokens = 128}),
            (Picks{{1, 1}, {2, 1}, {0, 50}}));
}

TEST(StepPlanner, PromptsShareTheBudgetInTheOrderOfTheirTurns) {
  EXPECT_EQ(Plan({Prompt(50), Prompt(90), Prompt(10)}, {.max_segments = 8, .prefill_tokens = 128}),
            (Picks{{0, 50}, {1, 78}}));
}

TEST(StepPlanner, SegmentIsNoLongerThanTheModelTakes) {
  EXPECT_EQ(Plan({Prompt(500)}, {.max_segments = 8, .prefill_tokens = 128}), (Picks{{0, 100}}));
}

TEST(StepPlanner, ManyStreamsDoNotShutAPromptOut) {
  EXPECT_EQ(Plan({Decode(), Decode(), Decode(), Prompt(5)}, {.max_segments = 2, .prefill_tokens = 128}),
            (Picks{{0, 1}, {3, 5}}));
  EXPECT_EQ(Plan({Decode(), Prompt(5)}, {.max_segments = 1, .prefill_tokens = 128}), (Picks{{1, 5}}));
}

TEST(StepPlanner, BudgetOfNothingStillMoves) {
  EXPECT_EQ(Plan({Prompt(5)}, {.max_segments = 0, .prefill_tokens = 0}), (Picks{{0, 1}}));
  EXPECT_EQ(Plan({Decode()}, {.max_segments = 0, .prefill_tokens = 0}), (Picks{{0, 1}}));
}

}  // namespace
}  // namespace etd::scheduler
