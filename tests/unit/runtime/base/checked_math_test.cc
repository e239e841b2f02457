#include "runtime/base/checked_math.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace etd {
namespace {

TEST(CheckedMath, ReportsOverflowInsteadOfWrapping) {
  EXPECT_EQ(CheckedAdd<uint64_t>(1, 2), 3u);
  EXPECT_EQ(CheckedAdd<uint64_t>(UINT64_MAX, 1), std::nullopt);
  EXPECT_EQ(CheckedMul<int64_t>(INT64_MAX, 2), std::nullopt);
  EXPECT_EQ(CheckedMul<int64_t>(-3, 5), -15);
}

TEST(CheckedMath, RangeFitsWithoutComputingTheEnd) {
  EXPECT_TRUE(RangeFits<uint64_t>(0, 10, 10));
  EXPECT_TRUE(RangeFits<uint64_t>(10, 0, 10));
  EXPECT_FALSE(RangeFits<uint64_t>(11, 0, 10));
  EXPECT_FALSE(RangeFits<uint64_t>(UINT64_MAX, 2, 10));
  EXPECT_FALSE(RangeFits<uint64_t>(5, UINT64_MAX, 10));
}

TEST(CheckedMath, AlignUp) {
  EXPECT_EQ((CheckedAlignUp<uint64_t>(0, 16)), 0u);
  EXPECT_EQ((CheckedAlignUp<uint64_t>(17, 16)), 32u);
  EXPECT_EQ((CheckedAlignUp<uint64_t>(UINT64_MAX, 16)), std::nullopt);
}

}  // namespace
}  // namespace etd
