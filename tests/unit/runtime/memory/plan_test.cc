#include "runtime/memory/plan.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace etd::memory {
namespace {

bool OverlapInTime(const PlannedBuffer& a, const PlannedBuffer& b) { return a.first <= b.last && b.first <= a.last; }
bool OverlapInSpace(const PlannedBuffer& a, const PlannedBuffer& b) {
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

TEST(PlanBuffers, AChainNeedsTwoBuffers) {
  std::vector<PlannedBuffer> buffers;
  for (uint32_t i = 0; i < 10; ++i) buffers.push_back({1000, i, i + 1, 0});
  EXPECT_EQ(PlanBuffers(buffers), 2048u);
}

TEST(PlanBuffers, OutputAndInputOfOneStepDoNotShare) {
  std::vector<PlannedBuffer> buffers = {{64, 0, 1, 0}, {64, 1, 1, 0}};
  PlanBuffers(buffers);
  EXPECT_NE(buffers[0].offset, buffers[1].offset);
}

TEST(PlanBuffers, AGapIsFilledBeforeTheArenaGrows) {
  std::vector<PlannedBuffer> buffers = {{128, 0, 9, 0}, {128, 0, 1, 0}, {128, 0, 9, 0}, {64, 2, 3, 0}};
  EXPECT_EQ(PlanBuffers(buffers), 384u);
  EXPECT_EQ(buffers[3].offset, buffers[1].offset);
}

TEST(PlanBuffers, EmptyBuffersNeedNothing) {
  std::vector<PlannedBuffer> buffers = {{0, 0, 5, 0}, {0, 1, 2, 0}};
  EXPECT_EQ(PlanBuffers(buffers), 0u);
}

TEST(PlanBuffers, RandomLivesNeverShareBytesAtOneTime) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<PlannedBuffer> buffers(60);
    for (PlannedBuffer& buffer : buffers) {
      buffer.bytes = random() % 5000;
      buffer.first = static_cast<uint32_t>(random() % 40);
      buffer.last = buffer.first + static_cast<uint32_t>(random() % 10);
    }
    const size_t total = PlanBuffers(buffers);
    for (size_t i = 0; i < buffers.size(); ++i) {
      EXPECT_EQ(buffers[i].offset % kPlanAlignment, 0u);
      EXPECT_LE(buffers[i].offset + buffers[i].bytes, total);
      for (size_t k = 0; k < i; ++k) {
        ASSERT_FALSE(OverlapInTime(buffers[i], buffers[k]) && OverlapInSpace(buffers[i], buffers[k]));
      }
    }
  }
}

}  // namespace
}  // namespace etd::memory
