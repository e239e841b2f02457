#include "scheduler/queue/fair_queue.h"

#include "gtest/gtest.h"

namespace etd::scheduler {
namespace {

TEST(FairQueue, TenantsTakeTurns) {
  FairQueue<int> queue;
  for (const int item : {1, 2, 3}) queue.Push("a", item);
  queue.Push("b", 10);
  queue.Push("c", 20);
  queue.Push("c", 21);
  EXPECT_EQ(queue.size(), 6u);
  EXPECT_EQ(queue.InOrder(), (std::vector<int>{1, 10, 20, 2, 21, 3}));
  std::vector<int> served;
  while (!queue.empty()) {
    served.push_back(queue.Front());
    queue.Pop();
  }
  EXPECT_EQ(served, (std::vector<int>{1, 10, 20, 2, 21, 3}));
}

TEST(FairQueue, LateTenantWaitsOneRoundAtMost) {
  FairQueue<int> queue;
  for (int item = 0; item < 100; ++item) queue.Push("a", item);
  queue.Pop();
  queue.Push("b", 1000);
  queue.Pop();
  EXPECT_EQ(queue.Front(), 1000);
}

TEST(FairQueue, Remove) {
  FairQueue<int> queue;
  queue.Push("a", 1);
  queue.Push("b", 2);
  EXPECT_TRUE(queue.Remove(1));
  EXPECT_FALSE(queue.Remove(1));
  EXPECT_EQ(queue.InOrder(), (std::vector<int>{2}));
}

}  // namespace
}  // namespace etd::scheduler
