#include "scheduler/budget/memory_budget.h"

#include "gtest/gtest.h"
#include "scheduler/refusal.h"

namespace etd::scheduler {
namespace {

TEST(MemoryBudget, GivesBackByScope) {
  MemoryBudget budget(100);
  {
    auto first = budget.Reserve(MemoryUse::kModel, 60, "first");
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(budget.used(MemoryUse::kModel), 60u);
    const auto second = budget.Reserve(MemoryUse::kSession, 41, "second");
    EXPECT_EQ(second.status().code(), absl::StatusCode::kResourceExhausted);
    const auto refusal = RefusalOf(second.status());
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->limit, "memory.budget");
    EXPECT_EQ(refusal->maximum, 100u);
    EXPECT_EQ(refusal->current, 60u);
    EXPECT_TRUE(budget.Reserve(MemoryUse::kSession, 40, "second").ok());
  }
  EXPECT_EQ(budget.used(), 0u);
}

TEST(MemoryBudget, GrowsShrinksAndFollowsFacts) {
  MemoryBudget budget(100);
  auto reservation = budget.Reserve(MemoryUse::kSession, 50, "x");
  ASSERT_TRUE(reservation.ok());
  EXPECT_TRUE(reservation->Resize(100).ok());
  EXPECT_FALSE(reservation->Resize(101).ok());
  EXPECT_EQ(reservation->bytes(), 100u);
  EXPECT_TRUE(reservation->Resize(10).ok());
  EXPECT_EQ(budget.used(), 10u);
  reservation->SetActual(150);
  EXPECT_EQ(budget.used(), 150u);
  // Over the limit, nothing fits, and shrinking still works.
  EXPECT_FALSE(budget.Reserve(MemoryUse::kModel, 0, "y").ok());
  EXPECT_TRUE(reservation->Resize(120).ok());
}

TEST(MemoryBudget, MovesAndLimits) {
  MemoryBudget budget(0);
  auto big = budget.Reserve(MemoryUse::kModel, ~uint64_t{0} / 2, "no limit");
  ASSERT_TRUE(big.ok());
  Reservation moved = *std::move(big);
  Reservation other;
  other = std::move(moved);
  EXPECT_EQ(budget.used(), ~uint64_t{0} / 2);
  other = Reservation();
  EXPECT_EQ(budget.used(), 0u);
  budget.SetLimit(10);
  EXPECT_FALSE(budget.Reserve(MemoryUse::kModel, 11, "x").ok());
}

}  // namespace
}  // namespace etd::scheduler
