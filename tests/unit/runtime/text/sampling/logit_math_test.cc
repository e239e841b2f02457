#include "runtime/text/sampling/logit_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace etd::text {
namespace {

TEST(LogitMathTest, ExpIsCloseEverywhereAndZeroFarDown) {
  for (int i = 0; i <= 870000; ++i) {
    const float x = -static_cast<float>(i) * 1e-4f;
    const double exact = std::exp(static_cast<double>(x));
    // 3e-7 is two and a half roundings of a float, which the header promises.
    ASSERT_NEAR(static_cast<double>(ExpNegative(x)) / exact, 1.0, 3e-7) << x;
  }
  EXPECT_EQ(ExpNegative(0.0f), 1.0f);
  EXPECT_EQ(ExpNegative(-88.0f), 0.0f);
  EXPECT_EQ(ExpNegative(-std::numeric_limits<float>::infinity()), 0.0f);
}

TEST(LogitMathTest, MaximumIsTheFirstOfEquals) {
  for (const size_t size : {1u, 15u, 16u, 1023u, 1024u, 1025u, 5000u}) {
    for (const size_t at : {size_t{0}, size / 2, size - 1}) {
      std::vector<float> row(size, -3.0f);
      row[at] = 2.0f;
      row[size - 1] = 2.0f;
      const Maximum maximum = FindMaximum(row);
      EXPECT_EQ(maximum.value, 2.0f);
      EXPECT_EQ(maximum.index, at);
      EXPECT_FALSE(maximum.has_nan);
    }
  }
}

TEST(LogitMathTest, NanIsSeenAnywhere) {
  for (size_t at = 0; at < 2100; at += 7) {
    std::vector<float> row(2100, 0.0f);
    row[at] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(FindMaximum(row).has_nan) << at;
  }
}

TEST(LogitMathTest, SumsAreTheSumsOfTheirBlocks) {
  std::vector<float> row(3 * kLogitBlock + 5);
  std::iota(row.begin(), row.end(), -static_cast<float>(row.size()));
  std::vector<float> weights(row.size());
  std::vector<double> sums(4);
  const double total = ExpRow(row, -1.0f, 0.01f, weights, sums);
  double expected_total = 0;
  for (size_t block = 0; block < sums.size(); ++block) {
    double expected = 0;
    for (size_t i = block * kLogitBlock; i < std::min(row.size(), (block + 1) * kLogitBlock); ++i) {
      expected += std::exp((static_cast<double>(row[i]) + 1.0) * 0.01);
    }
    EXPECT_NEAR(sums[block] / expected, 1.0, 1e-5);
    expected_total += expected;
  }
  EXPECT_NEAR(total / expected_total, 1.0, 1e-5);
}

}  // namespace
}  // namespace etd::text
