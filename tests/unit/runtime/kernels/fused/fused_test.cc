// Fused operators against the formulas in double precision, with guards around every buffer.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "runtime/kernels/fused/register.h"
#include "tests/support/tensor_factory.h"

namespace etd::kernels {
namespace {

using testing::Elements;
using testing::KernelRunner;
using testing::TensorFactory;

std::vector<float> Random(size_t count, std::mt19937& random, float range = 3.0f) {
  std::uniform_real_distribution<float> uniform(-range, range);
  std::vector<float> numbers(count);
  for (float& number : numbers) number = uniform(random);
  return numbers;
}

class FusedTest : public ::testing::Test {
 protected:
  KernelRunner runner_{RegisterFusedKernels};
  TensorFactory factory_;
  std::mt19937 random_{11};
};

TEST_F(FusedTest, RmsNormIsTheFormulaForEveryWidth) {
  for (const int32_t width : {1, 2, 3, 7, 8, 15, 16, 17, 31, 64, 576, 1001}) {
    const int32_t rows = 3;
    const auto x = Random(static_cast<size_t>(rows * width), random_);
    const auto weight = Random(static_cast<size_t>(width), random_);
    auto* out = factory_.Empty(tensor::ScalarType::kFloat32, {1, rows, width});
    ASSERT_TRUE(runner_.Run("etd::rms_norm.out", {factory_.Of<float>({1, rows, width}, x), factory_.Of<float>({width}, weight),
                                                  factory_.Double(1e-5), out}).ok());
    const auto got = Elements<float>(out);
    for (int32_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (int32_t i = 0; i < width; ++i) sum += std::pow(static_cast<double>(x[static_cast<size_t>(r * width + i)]), 2);
      const double scale = 1 / std::sqrt(sum / width + 1e-5);
      for (int32_t i = 0; i < width; ++i) {
        const auto at = static_cast<size_t>(r * width + i);
        const double want = x[at] * scale * weight[static_cast<size_t>(i)];
        // Three roundings of float32.
        EXPECT_NEAR(got[at], want, 2e-7 * std::abs(want) + 1e-30) << width;
      }
    }
  }
  EXPECT_TRUE(factory_.GuardsIntact());
}

TEST_F(FusedTest, SwigluIsTheFormulaAlsoFarOut) {
  auto gate = Random(1003, random_, 20.0f);
  const auto up = Random(1003, random_);
  gate[0] = -1e30f;
  gate[1] = 1e30f;
  gate[2] = -90.0f;
  gate[3] = 0.0f;
  gate[1002] = -100.0f;
  auto* out = factory_.Empty(tensor::ScalarType::kFloat32, {1003});
  ASSERT_TRUE(runner_.Run("etd::swiglu.out", {factory_.Of<float>({1003}, gate), factory_.Of<float>({1003}, up), out}).ok());
  const auto got = Elements<float>(out);
  for (size_t i = 0; i < gate.size(); ++i) {
    const double want = gate[i] / (1 + std::exp(-static_cast<double>(gate[i]))) * up[i];
    // The exponential is good to about two units in the last place.
    EXPECT_NEAR(got[i], want, 1e-6 * std::abs(want) + 1e-30) << gate[i];
  }
  EXPECT_TRUE(factory_.GuardsIntact());
}

TEST_F(FusedTest, SwigluKeepsNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  auto* out = factory_.Empty(tensor::ScalarType::kFloat32, {2});
  ASSERT_TRUE(runner_.Run("etd::swiglu.out", {factory_.Of<float>({2}, {nan, 1}), factory_.Of<float>({2}, {1, nan}), out}).ok());
  EXPECT_TRUE(std::isnan(Elements<float>(out)[0]));
  EXPECT_TRUE(std::isnan(Elements<float>(out)[1]));
}

TEST_F(FusedTest, RotaryTurnsHalvesForEveryWidth) {
  for (const int32_t width : {2, 6, 16, 22, 64}) {
    const int32_t rows = 5;
    const int32_t heads = 3;
    const auto x = Random(static_cast<size_t>(rows * heads * width), random_);
    const auto cos = Random(static_cast<size_t>(rows * width), random_, 1.0f);
    const auto sin = Random(static_cast<size_t>(rows * width), random_, 1.0f);
    auto* out = factory_.Empty(tensor::ScalarType::kFloat32, {1, rows, heads, width});
    ASSERT_TRUE(runner_.Run("etd::rotary.out", {factory_.Of<float>({1, rows, heads, width}, x),
                                                factory_.Of<float>({1, 1, rows, width}, cos),
                                                factory_.Of<float>({1, 1, rows, width}, sin), out}).ok());
    const auto got = Elements<float>(out);
    for (int32_t r = 0; r < rows; ++r) {
      for (int32_t h = 0; h < heads; ++h) {
        for (int32_t i = 0; i < width; ++i) {
          const auto base = static_cast<size_t>((r * heads + h) * width);
          const auto at = static_cast<size_t>(i);
          const auto half = static_cast<size_t>(width / 2);
          const double turned = at < half ? -x[base + at + half] : x[base + at - half];
          const auto table = static_cast<size_t>(r * width + i);
          const double want = static_cast<double>(x[base + at]) * cos[table] + turned * sin[table];
          EXPECT_NEAR(got[base + at], want, 1e-6);
        }
      }
    }
  }
  EXPECT_TRUE(factory_.GuardsIntact());
}

TEST_F(FusedTest, ARowDoesNotDependOnHowManyThereAre) {
  const int32_t width = 577;
  const auto x = Random(static_cast<size_t>(40 * width), random_);
  auto* weight = factory_.Of<float>({width}, Random(static_cast<size_t>(width), random_));
  auto* all = factory_.Empty(tensor::ScalarType::kFloat32, {40, width});
  ASSERT_TRUE(runner_.Run("etd::rms_norm.out", {factory_.Of<float>({40, width}, x), weight, factory_.Double(1e-6), all}).ok());
  const auto many = Elements<float>(all);
  for (int32_t r = 0; r < 40; ++r) {
    const std::vector<float> row(x.begin() + r * width, x.begin() + (r + 1) * width);
    auto* out = factory_.Empty(tensor::ScalarType::kFloat32, {1, width});
    ASSERT_TRUE(runner_.Run("etd::rms_norm.out", {factory_.Of<float>({1, width}, row), weight, factory_.Double(1e-6), out}).ok());
    const auto one = Elements<float>(out);
    EXPECT_EQ(std::memcmp(one.data(), many.data() + r * width, one.size() * sizeof(float)), 0);
  }
}

TEST_F(FusedTest, ShapesThatDoNotFitAreErrors) {
  auto* x = factory_.Of<float>({1, 4}, {1, 2, 3, 4});
  auto* out = factory_.Empty(tensor::ScalarType::kFloat32, {1, 4});
  EXPECT_FALSE(runner_.Run("etd::rms_norm.out", {x, factory_.Of<float>({3}, {1, 2, 3}), factory_.Double(0), out}).ok());
  EXPECT_FALSE(runner_.Run("etd::swiglu.out", {x, factory_.Of<float>({4}, {1, 2, 3, 4}), out}).ok());
  EXPECT_FALSE(runner_.Run("etd::rotary.out", {x, x, x, out}).ok());
}

}  // namespace
}  // namespace etd::kernels
