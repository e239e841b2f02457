// Products of 8-bit rows and 4-bit weights: the fast ones against the plain ones, and both against arithmetic on paper.
#include "runtime/kernels/fast/linear_q4.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "runtime/kernels/fast/register.h"
#include "tests/support/tensor_factory.h"

namespace etd::kernels {
namespace {

using kernel::Q4Layout;
using kernel::RowQuantization;

constexpr float kGuard = -12345.0f;
constexpr size_t kPadding = 64;

// Random rows and weights; the worst products that 16-bit sums meet are among them. `block`: 0, or weights with one scale.
struct Case {
  Case(int rows, int channels, int depth, int block, bool with_bias, bool extreme = false)
      : rows(rows), layout{channels, depth, block}, generator(static_cast<uint32_t>(rows * 1000003 + channels * 1009 + depth)) {
    weights.resize(static_cast<size_t>(channels * ((depth + 1) / 2)));
    for (uint8_t& byte : weights) byte = extreme ? 0xFF : static_cast<uint8_t>(generator());
    std::normal_distribution<float> normal;
    for (int i = 0; i < channels; ++i) scales.push_back(std::abs(normal(generator)) * 0.01f);
    for (int64_t i = 0; i < channels * layout.blocks(); ++i) {
      block_scales.push_back(static_cast<uint16_t>(std::bit_cast<uint32_t>(std::abs(normal(generator)) * 0.01f) >> 16));
    }
    for (int i = 0; with_bias && i < channels; ++i) bias.push_back(normal(generator));
    numbers.assign(static_cast<size_t>(rows * depth) + kPadding, 99);  // what lies behind must not count
    for (int i = 0; i < rows * depth; ++i) {
      numbers[static_cast<size_t>(i)] = extreme ? int8_t{-128} : static_cast<int8_t>(generator());
    }
    sums.assign(static_cast<size_t>(rows * layout.groups()), 0);
    for (int i = 0; i < rows * depth; ++i) {
      sums[static_cast<size_t>(i / depth * layout.groups() + i % depth / 32)] += numbers[static_cast<size_t>(i)];
    }
    for (int r = 0; r < rows; ++r) params.push_back({std::abs(normal(generator)), static_cast<float>(static_cast<int8_t>(generator()))});
    packed.assign(static_cast<size_t>(layout.bytes()), 0xAA);
    const Q4Source source{weights.data(), block == 0 ? scales.data() : nullptr, block == 0 ? nullptr : block_scales.data()};
    PackQ4(layout, source, 0, layout.panels(), packed.data());
  }

  int Weight(int channel, int k) const {
    const uint8_t byte = weights[static_cast<size_t>(channel * ((layout.depth + 1) / 2) + k / 2)];
    return (k % 2 == 0 ? byte & 0x0F : byte >> 4) - 8;
  }
  double Scale(int channel, int k) const {
    if (layout.block == 0) return static_cast<double>(scales[static_cast<size_t>(channel)]);
    const uint16_t bits = block_scales[static_cast<size_t>(channel * layout.blocks() + k / layout.block)];
    return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits) << 16));
  }

  LinearQ4 Call(std::vector<float>* out) const {
    out->assign(static_cast<size_t>(rows * layout.channels) + 8, kGuard);
    return {.layout = layout,
            .rows = numbers.data(),
            .params = params.data(),
            .sums = sums.data(),
            .weights = packed.data(),
            .bias = bias.empty() ? nullptr : bias.data(),
            .out = out->data(),
            .least = least,
            .most = most};
  }
  std::vector<float> Plain() const {
    std::vector<float> out;
    LinearQ4Plainly(Call(&out), 0, rows);
    return out;
  }
  std::vector<float> Fast(int64_t row, int64_t row_end) const {
    std::vector<float> out;
    LinearQ4Fast(Call(&out), row, row_end, 0, layout.panels() / 2);
    return out;
  }

  int rows;
  Q4Layout layout;
  std::mt19937 generator;
  std::vector<uint8_t> weights;
  std::vector<float> scales;
  std::vector<uint16_t> block_scales;
  std::vector<float> bias;
  std::vector<int8_t> numbers;
  std::vector<int32_t> sums;
  std::vector<RowQuantization> params;
  std::vector<uint8_t> packed;
  float least = -std::numeric_limits<float>::infinity();
  float most = std::numeric_limits<float>::infinity();
};

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

class LinearQ4Test : public ::testing::TestWithParam<int> {};  // the block

// In double precision, from the weights as they were before packing.
TEST_P(LinearQ4Test, PlainIsTheSumOfProducts) {
  const int depth = GetParam() == 0 ? 70 : 4 * GetParam();
  const Case c(3, 21, depth, GetParam(), true);
  const std::vector<float> out = c.Plain();
  for (int r = 0; r < c.rows; ++r) {
    const RowQuantization& params = c.params[static_cast<size_t>(r)];
    for (int channel = 0; channel < 21; ++channel) {
      double sum = 0;
      double size = 0;
      for (int k = 0; k < depth; ++k) {
        const double number = static_cast<double>(c.numbers[static_cast<size_t>(r * depth + k)]) - static_cast<double>(params.zero);
        const double product = number * c.Weight(channel, k) * c.Scale(channel, k) * static_cast<double>(params.scale);
        sum += product;
        size += std::abs(product);
      }
      sum += static_cast<double>(c.bias[static_cast<size_t>(channel)]);
      // A rounding for each block's sum and zero point, of numbers that are larger than the result.
      EXPECT_NEAR(static_cast<double>(out[static_cast<size_t>(r * 21 + channel)]), sum, 1e-6 * (size + 1)) << r << ", " << channel;
    }
  }
  EXPECT_EQ(out.back(), kGuard);
}

TEST_P(LinearQ4Test, FastHasTheBitsOfPlain) {
  if (!CanLinearQ4Fast()) GTEST_SKIP() << "skipped: this processor uses other kernels";
  const std::vector<int> depths = GetParam() == 0 ? std::vector<int>{1, 31, 32, 33, 63, 65, 128, 200, 576}
                                                  : std::vector<int>{GetParam(), 3 * GetParam(), 9 * GetParam()};
  for (const int rows : {1, 2, 3, 4, 5, 8, 11}) {
    for (const int depth : depths) {
      for (const int channels : {1, 7, 8, 9, 16, 17, 33}) {
        const Case c(rows, channels, depth, GetParam(), channels % 2 == 0);
        ASSERT_TRUE(SameBits(c.Plain(), c.Fast(0, rows))) << rows << " × " << channels << " × " << depth;
      }
    }
  }
}

TEST_P(LinearQ4Test, TheLargestProductsFit) {
  if (!CanLinearQ4Fast()) GTEST_SKIP() << "skipped: this processor uses other kernels";
  const Case c(4, 16, 640, GetParam(), false, true);
  EXPECT_TRUE(SameBits(c.Plain(), c.Fast(0, 4)));
}

TEST_P(LinearQ4Test, ResultsAreClamped) {
  Case c(2, 16, 128, GetParam(), true);
  c.least = -0.5f;
  c.most = 0.25f;
  const std::vector<float> out = c.Plain();
  for (size_t i = 0; i < 32; ++i) EXPECT_TRUE(out[i] >= -0.5f && out[i] <= 0.25f) << out[i];
  if (!CanLinearQ4Fast()) return;
  EXPECT_TRUE(SameBits(out, c.Fast(0, 2)));
}

TEST_P(LinearQ4Test, ARowDoesNotDependOnTheOthers) {
  if (!CanLinearQ4Fast()) GTEST_SKIP() << "skipped: this processor uses other kernels";
  const Case c(9, 20, 192, GetParam(), true);
  const std::vector<float> all = c.Fast(0, 9);
  for (int begin = 0; begin < 9; ++begin) {
    for (int end = begin + 1; end <= 9; ++end) {
      const std::vector<float> some = c.Fast(begin, end);
      for (size_t i = 0; i < 9 * 20; ++i) {
        const bool inside = i >= static_cast<size_t>(begin * 20) && i < static_cast<size_t>(end * 20);
        ASSERT_EQ(some[i], inside ? all[i] : kGuard) << begin << "…" << end << ", " << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Blocks, LinearQ4Test, ::testing::Values(0, 32, 64));

TEST(QuantizeRow, FastHasTheBitsOfPlain) {
  if (!CanLinearQ4Fast()) GTEST_SKIP() << "skipped: this processor uses other kernels";
  std::mt19937 generator(5);
  for (const int count : {1, 7, 8, 31, 32, 33, 64, 100, 576}) {
    for (const float offset : {0.0f, 3.0f, -3.0f, 1e-30f, 1e30f}) {
      std::normal_distribution<float> normal(offset, std::abs(offset) < 1 ? 1.0f : std::abs(offset) * 0.1f);
      std::vector<float> row(static_cast<size_t>(count));
      for (float& number : row) number = normal(generator);
      std::vector<int8_t> plain(row.size() + 1, 77);
      std::vector<int8_t> fast(row.size() + 1, 77);
      std::vector<int32_t> plain_sums(static_cast<size_t>(Q4Layout::GroupsOf(count)) + 1, 77);
      std::vector<int32_t> fast_sums = plain_sums;
      const RowQuantization want = QuantizeRowPlainly(row.data(), count, plain.data(), plain_sums.data());
      const RowQuantization got = QuantizeRowFast(row.data(), count, fast.data(), fast_sums.data());
      EXPECT_EQ(std::memcmp(&want, &got, sizeof(want)), 0) << count << " numbers around " << offset;
      EXPECT_EQ(plain_sums, fast_sums) << count << " numbers around " << offset;
      EXPECT_EQ(plain, fast) << count << " numbers around " << offset;
    }
  }
}

TEST(QuantizeRow, ZeroesAreZero) {
  const std::vector<float> row(40, 0.0f);
  std::vector<int8_t> numbers(40);
  std::vector<int32_t> sums(2);
  const RowQuantization params = QuantizeRowPlainly(row.data(), 40, numbers.data(), sums.data());
  for (const int8_t number : numbers) EXPECT_EQ(number, static_cast<int8_t>(params.zero));
}

TEST(QuantizeRow, NumbersComeBackWithinHalfAStep) {
  std::mt19937 generator(6);
  std::normal_distribution<float> normal(0.5f, 2.0f);
  std::vector<float> row(200);
  for (float& number : row) number = normal(generator);
  std::vector<int8_t> numbers(200);
  std::vector<int32_t> sums(7);
  const RowQuantization params = QuantizeRowPlainly(row.data(), 200, numbers.data(), sums.data());
  for (size_t i = 0; i < row.size(); ++i) {
    const float back = (static_cast<float>(numbers[i]) - params.zero) * params.scale;
    EXPECT_NEAR(back, row[i], params.scale * 0.5001f);
  }
}

class LinearQ4Operators : public ::testing::Test {
 protected:
  static constexpr int32_t kDepth = 64;
  static constexpr int32_t kChannels = 20;

  void SetUp() override {
    if (!CanLinearQ4Fast()) GTEST_SKIP() << "skipped: this processor uses other kernels";
    std::mt19937 generator(8);
    std::vector<uint8_t> bytes(kChannels * kDepth / 2);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(generator());
    weights_ = factory_.Of<uint8_t>({kChannels, kDepth / 2}, bytes);
    scales_ = factory_.Of<float>({kChannels}, std::vector<float>(kChannels, 0.25f));
    packed_ = factory_.Out(tensor::ScalarType::kUInt8, 1);
    ASSERT_TRUE(runner_.Run("etd::pack_q4.out", {weights_, scales_, factory_.Int(kDepth), packed_}).ok());
  }
  void Quantize(int32_t rows) {
    std::mt19937 generator(9);
    std::normal_distribution<float> normal;
    std::vector<float> x(static_cast<size_t>(rows * kDepth));
    for (float& number : x) number = normal(generator);
    x_ = factory_.Of<float>({rows, kDepth}, x);
    numbers_ = factory_.Out(tensor::ScalarType::kInt8, 2);
    params_ = factory_.Out(tensor::ScalarType::kFloat32, 2);
    sums_ = factory_.Out(tensor::ScalarType::kInt32, 2);
    out_ = factory_.Out(tensor::ScalarType::kFloat32, 2);
    ASSERT_TRUE(runner_.Run("etd::quantize_rows.out", {x_, numbers_, params_, sums_}).ok());
  }
  absl::Status Multiply(int64_t channels, int64_t block) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return runner_.Run("etd::linear_q4.out", {numbers_, params_, sums_, packed_, factory_.None(), factory_.Int(channels),
                                              factory_.Int(block), factory_.Double(-kInfinity), factory_.Double(kInfinity), out_});
  }

  testing::TensorFactory factory_;
  testing::KernelRunner runner_{RegisterFastKernels};
  tensor::Value *weights_ = nullptr, *scales_ = nullptr, *packed_ = nullptr, *x_ = nullptr, *numbers_ = nullptr,
                *params_ = nullptr, *sums_ = nullptr, *out_ = nullptr;
};

TEST_F(LinearQ4Operators, MultiplyWhatTheyQuantised) {
  Quantize(5);
  ASSERT_TRUE(Multiply(kChannels, 0).ok());
  EXPECT_EQ(testing::SizesOf(out_), (std::vector<int32_t>{5, kChannels}));
  const std::vector<float> x = testing::Elements<float>(x_);
  const std::vector<uint8_t> bytes = testing::Elements<uint8_t>(weights_);
  const std::vector<float> out = testing::Elements<float>(out_);
  for (size_t row = 0; row < 5; ++row) {
    for (size_t channel = 0; channel < kChannels; ++channel) {
      double sum = 0;
      double size = 0;
      for (size_t k = 0; k < kDepth; ++k) {
        const uint8_t byte = bytes[channel * kDepth / 2 + k / 2];
        const double weight = ((k % 2 == 0 ? byte & 0x0F : byte >> 4) - 8) * 0.25;
        sum += static_cast<double>(x[row * kDepth + k]) * weight;
        size += std::abs(weight);
      }
      // Half a step of the row's numbers, of which 255 span some six standard deviations, for every weight.
      EXPECT_NEAR(static_cast<double>(out[row * kChannels + channel]), sum, 0.5 * 7.0 / 255 * size) << row << ", " << channel;
    }
  }
  EXPECT_TRUE(factory_.GuardsIntact());
}

TEST_F(LinearQ4Operators, NoRowsAreNoError) {
  Quantize(0);
  ASSERT_TRUE(Multiply(kChannels, 0).ok());
  EXPECT_EQ(testing::SizesOf(out_), (std::vector<int32_t>{0, kChannels}));
}

TEST_F(LinearQ4Operators, WhatDoesNotFitIsRefused) {
  Quantize(2);
  EXPECT_EQ(Multiply(kChannels + 16, 0).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Multiply(0, 0).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Multiply(kChannels, 32).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Multiply(kChannels, 24).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(runner_.Run("etd::pack_q4.out", {weights_, scales_, factory_.Int(kDepth + 2), packed_}).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace etd::kernels
