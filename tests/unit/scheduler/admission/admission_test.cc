#include "scheduler/admission/admission.h"

#include "gtest/gtest.h"
#include "scheduler/refusal.h"

namespace etd::scheduler {
namespace {

TEST(Admission, NamesTheLimitThatWasReached) {
  const AdmissionLimits limits{.max_running = 2, .max_waiting = 3, .max_requests_per_tenant = 4};
  const DurationEstimate estimate;
  EXPECT_TRUE(Admit(limits, {.waiting = 2, .running = 2, .tenant_requests = 3}, estimate).ok());
  const auto queue = RefusalOf(Admit(limits, {.waiting = 3, .running = 2, .tenant_requests = 3}, estimate));
  ASSERT_TRUE(queue);
  EXPECT_EQ(queue->limit, "limits.max_waiting");
  const auto tenant = RefusalOf(Admit(limits, {.waiting = 0, .running = 2, .tenant_requests = 4}, estimate));
  ASSERT_TRUE(tenant);
  EXPECT_EQ(tenant->limit, "limits.max_requests_per_user");
  EXPECT_EQ(tenant->current, 4u);
}

TEST(Admission, RetryTimeFollowsTheLengthOfRequests) {
  DurationEstimate estimate;
  for (int i = 0; i < 100; ++i) estimate.Add(std::chrono::seconds(10));
  EXPECT_NEAR(std::chrono::duration<double>(estimate.Wait(0, 1)).count(), 10, 0.1);
  EXPECT_NEAR(std::chrono::duration<double>(estimate.Wait(3, 2)).count(), 20, 0.1);
  EXPECT_EQ(estimate.Wait(1000, 1), std::chrono::seconds(120));
  for (int i = 0; i < 100; ++i) estimate.Add(Duration(0));
  EXPECT_EQ(estimate.Wait(0, 8), std::chrono::milliseconds(100));
}

TEST(Refusal, TravelsInAStatus) {
  const Refusal refusal{.limit = "a.b", .maximum = 5, .current = 7, .retry_after = Duration(42), .queue_length = 3};
  const auto back = RefusalOf(RefusalStatus("no", refusal));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->limit, "a.b");
  EXPECT_EQ(back->maximum, 5u);
  EXPECT_EQ(back->current, 7u);
  EXPECT_EQ(back->retry_after, Duration(42));
  EXPECT_EQ(back->queue_length, 3u);
  EXPECT_FALSE(RefusalOf(absl::CancelledError("")));
  const Refusal for_good{.limit = "x", .maximum = 0, .current = 0, .retry_after = {}, .queue_length = 0};
  EXPECT_FALSE(RefusalOf(RefusalStatus("no", for_good))->retry_after);
}

}  // namespace
}  // namespace etd::scheduler
