// Memory of requests' states: who waits for it, who gives it back, who gives way.
#include <limits>

#include "gtest/gtest.h"
#include "scheduler/refusal.h"
#include "tests/unit/scheduler/core/core_fixture.h"

namespace etd::scheduler {
namespace {

TEST_F(CoreTest, WaitsForMemoryThatIsComing) {
  Make(CoreOptions(), {}, 4000);
  auto model = budget_->Reserve(MemoryUse::kModel, 3000, "another model");
  ASSERT_TRUE(model.ok());
  pressure_ = true;
  Client client = Submit(Spec({'a'}, 9));
  EXPECT_FALSE(Turn());
  *model = Reservation();
  RunAll();
  EXPECT_EQ(client.code(), absl::StatusCode::kOk);
}

// The engine's state is 1,000 bytes and 100 for each position.
class GrowthTest : public CoreTest {
 protected:
  void SetUp() override { MakeFor(1); }
  // Room for `requests` whose text is one token and 20 of the answer.
  void MakeFor(uint64_t requests) {
    CoreOptions options;
    options.reserve_ahead = 10;
    Make(options, {.max_context = 100}, requests * (1000 + 21 * 100));
  }
  static constexpr uint32_t kNoLimit = std::numeric_limits<uint32_t>::max();
};

TEST_F(GrowthTest, OpenEndedAnswerReservesAsItGrows) {
  MakeFor(10);
  Client client = Submit(Spec({'a'}, kNoLimit));
  Turn();
  EXPECT_EQ(budget_->used(), 1000u + 11 * 100);
  for (int i = 0; i < 10; ++i) Turn();
  EXPECT_EQ(budget_->used(), 1000u + 11 * 100) << "eleven positions are filled, as many as were reserved";
  Turn();
  EXPECT_EQ(budget_->used(), 1000u + 21 * 100);
  RunAll();
  EXPECT_EQ(client.code(), absl::StatusCode::kOk);
  EXPECT_EQ(client.tokens, FakeContinuation({'a'}, 99, true));
  EXPECT_EQ(client.finish->reason, FinishReason::kContextFull);
  EXPECT_EQ(budget_->used(), 0u);
}

TEST_F(GrowthTest, BoundedAnswerIsReservedWhole) {
  Client client = Submit(Spec({'a'}, 20));
  Client too_long = Submit(Spec({'a'}, 21));
  Turn();
  EXPECT_EQ(budget_->used(), budget_->limit());
  RunAll();
  EXPECT_EQ(client.code(), absl::StatusCode::kOk);
  EXPECT_EQ(client.tokens.size(), 20u);
  EXPECT_EQ(too_long.code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(GrowthTest, AloneItEndsWhereTheMemoryEnds) {
  Client client = Submit(Spec({'a'}, kNoLimit));
  RunAll();
  EXPECT_EQ(client.code(), absl::StatusCode::kResourceExhausted);
  // Each of the 21 positions that there is memory for was filled, and each but the prompt's last made a token.
  EXPECT_EQ(client.tokens, FakeContinuation({'a'}, 21, true));
  const auto refusal = RefusalOf(client.finish->status);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->limit, "memory.budget");
  RunAll();
  EXPECT_TRUE(core_->Idle());
  EXPECT_EQ(engine_->sessions(), 0u);
  EXPECT_EQ(budget_->used(), 0u);
}

TEST_F(GrowthTest, WaitsForWhatOthersGiveBack) {
  MakeFor(2);
  // Both fit at first; when the long one wants more the other holds it, and ends.
  Client open = Submit(Spec({'a'}, kNoLimit));
  Client bounded = Submit(Spec({'b'}, 30));
  RunAll();
  EXPECT_EQ(bounded.code(), absl::StatusCode::kOk);
  bounded.Drain();
  EXPECT_EQ(bounded.tokens.size(), 30u);
  open.Drain();
  EXPECT_GT(open.tokens.size(), 30u);
  EXPECT_EQ(open.tokens, FakeContinuation({'a'}, open.tokens.size(), true));
}

TEST_F(GrowthTest, WhatCameLastGivesWay) {
  MakeFor(2);
  Client first = Submit(Spec({'a'}, kNoLimit));
  Client second = Submit(Spec({'b'}, kNoLimit));
  Client third = Submit(Spec({'c'}, 1));
  RunAll();
  EXPECT_EQ(second.code(), absl::StatusCode::kResourceExhausted);
  second.Drain();
  first.Drain();
  EXPECT_GT(first.tokens.size(), second.tokens.size()) << "it went on with the other's memory";
  EXPECT_EQ(first.tokens, FakeContinuation({'a'}, first.tokens.size(), true));
  EXPECT_EQ(third.code(), absl::StatusCode::kOk) << "who waits gets its turn";
  EXPECT_TRUE(core_->Idle());
}

TEST_F(GrowthTest, IdleSessionsAndModelsGoFirst) {
  MakeFor(2);
  GenerateSpec spec = Spec({'x'}, 5);
  spec.session = "idle";
  Submit(std::move(spec));
  RunAll();
  ASSERT_EQ(core_->Sessions().size(), 1u);
  auto model = budget_->Reserve(MemoryUse::kModel, 2000, "another model");
  ASSERT_TRUE(model.ok());
  pressure_ = true;
  Client client = Submit(Spec({'a'}, kNoLimit));
  RunAll();
  EXPECT_TRUE(core_->Sessions().empty());
  client.Drain();
  EXPECT_FALSE(client.finish) << "memory is coming";
  // A request that would fit does not overtake the one that waits.
  Client other = Submit(Spec({'b'}, 1));
  EXPECT_FALSE(Turn());
  *model = Reservation();
  pressure_ = false;
  RunAll();
  EXPECT_EQ(other.code(), absl::StatusCode::kOk);
  EXPECT_EQ(client.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_GT(client.tokens.size(), 21u);
}

TEST_F(GrowthTest, CancelAndDeadlineActWhileItWaits) {
  pressure_ = true;
  GenerateSpec cancelled = Spec({'a'}, kNoLimit);
  const RequestId id = cancelled.id;
  Client client = Submit(std::move(cancelled));
  RunAll();
  client.Drain();
  ASSERT_FALSE(client.finish);
  EXPECT_TRUE(core_->Cancel(id, absl::CancelledError("")));
  EXPECT_EQ(client.code(), absl::StatusCode::kCancelled);
  GenerateSpec late = Spec({'a'}, kNoLimit);
  late.deadline = clock_.Now() + std::chrono::seconds(1);
  Client second = Submit(std::move(late));
  RunAll();
  clock_.Advance(std::chrono::seconds(1));
  core_->Tick();
  EXPECT_EQ(second.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(budget_->used(), 0u);
}

}  // namespace
}  // namespace etd::scheduler
