// Arithmetic, reductions, products and norms of the reference kernels. Expected numbers are PyTorch's, by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/kernels/portable/register.h"
#include "tests/support/tensor_factory.h"

namespace etd {
namespace {

using tensor::ScalarType;
using testing::Elements;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;
using testing::TensorFactory;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

class ArithmeticTest : public ::testing::Test {
 protected:
  absl::Status Run(std::string_view name, std::vector<tensor::Value*> arguments) {
    return runner_.Run(name, std::move(arguments));
  }
  void TearDown() override { EXPECT_TRUE(f_.GuardsIntact()); }

  TensorFactory f_;
  testing::KernelRunner runner_{kernels::RegisterPortableKernels};
};

TEST_F(ArithmeticTest, AddBroadcastsAndPromotes) {
  auto* out = f_.Out(ScalarType::kFloat32, 2);
  ASSERT_TRUE(
      Run("aten::add.out", {f_.Of<int64_t>({2, 1}, {1, 2}), f_.Of<float>({3}, {0.5f, 1, 2}), f_.Int(2), out}).ok());
  EXPECT_THAT(testing::SizesOf(out), ElementsAre(2, 3));
  EXPECT_THAT(Elements<float>(out), ElementsAre(2, 3, 5, 3, 4, 6));
}

TEST_F(ArithmeticTest, AddKeepsMemoryOrders) {
  auto* a = f_.Of<float>({1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}, {0, 2, 3, 1});
  auto* b = f_.Of<float>({1, 2, 1, 1}, {10, 20});
  auto* out = f_.Empty(ScalarType::kFloat32, {1, 2, 2, 2}, {0, 2, 3, 1});
  ASSERT_TRUE(Run("aten::add.out", {a, b, f_.Int(1), out}).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(11, 12, 13, 14, 25, 26, 27, 28));
}

TEST_F(ArithmeticTest, AddRefusesAFloatAlphaOfIntegersAndShapesThatDoNotFit) {
  auto* ints = f_.Of<int32_t>({2}, {1, 2});
  EXPECT_EQ(Run("aten::add.out", {ints, ints, f_.Double(0.5), f_.Out(ScalarType::kInt32, 1)}).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      Run("aten::add.out", {ints, f_.Of<int32_t>({3}, {1, 2, 3}), f_.Int(1), f_.Out(ScalarType::kInt32, 1)}).code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Run("aten::add.out", {f_.Of<float>({1}, {1}), ints, f_.Int(1), f_.Out(ScalarType::kInt32, 1)}).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ArithmeticTest, IntegersWrap) {
  auto* out = f_.Out(ScalarType::kUInt8, 1);
  ASSERT_TRUE(Run("aten::mul.out", {f_.Of<uint8_t>({2}, {200, 16}), f_.Of<uint8_t>({2}, {2, 16}), out}).ok());
  EXPECT_THAT(Elements<uint8_t>(out), ElementsAre(144, 0));
}

TEST_F(ArithmeticTest, NumbersPromoteByKindOnly) {
  auto* out = f_.Out(ScalarType::kFloat32, 1);
  ASSERT_TRUE(Run("aten::mul.Scalar_out", {f_.Of<int32_t>({2}, {3, 4}), f_.Double(0.5), out}).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(1.5f, 2));
  auto* half = f_.Out(ScalarType::kBFloat16, 1);
  ASSERT_TRUE(
      Run("aten::mul.Scalar_out", {f_.Of<tensor::BFloat16>({1}, {tensor::BFloat16(3.0f)}), f_.Double(1.0 / 3), half})
          .ok());
  EXPECT_EQ(static_cast<float>(Elements<tensor::BFloat16>(half)[0]), 1.0f);
}

TEST_F(ArithmeticTest, DivisionRoundsAsAsked) {
  auto* a = f_.Of<int32_t>({3}, {7, -7, std::numeric_limits<int32_t>::min()});
  auto* b = f_.Of<int32_t>({3}, {2, 2, -1});
  auto* out = f_.Out(ScalarType::kInt32, 1);
  tensor::Value floor = tensor::Value::String("floor"), trunc = tensor::Value::String("trunc");
  ASSERT_TRUE(Run("aten::div.out_mode", {a, b, &floor, out}).ok());
  EXPECT_THAT(Elements<int32_t>(out), ElementsAre(3, -4, std::numeric_limits<int32_t>::min()));
  ASSERT_TRUE(Run("aten::div.out_mode", {a, b, &trunc, out}).ok());
  EXPECT_THAT(Elements<int32_t>(out), ElementsAre(3, -3, std::numeric_limits<int32_t>::min()));
  auto* real = f_.Out(ScalarType::kFloat32, 1);
  ASSERT_TRUE(Run("aten::div.out", {a, b, real}).ok());
  EXPECT_EQ(Elements<float>(real)[1], -3.5f);
  EXPECT_EQ(Run("aten::div.out_mode", {a, f_.Of<int32_t>({1}, {0}), &floor, out}).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ArithmeticTest, RemaindersHaveExecuTorchsSigns) {
  auto* ints = f_.Out(ScalarType::kInt64, 1);
  ASSERT_TRUE(Run("aten::remainder.Scalar_out", {f_.Of<int64_t>({2}, {-4, 7}), f_.Int(5), ints}).ok());
  EXPECT_THAT(Elements<int64_t>(ints), ElementsAre(-4, 2));
  auto* floats = f_.Out(ScalarType::kFloat32, 1);
  ASSERT_TRUE(Run("aten::remainder.Scalar_out", {f_.Of<float>({2}, {-4, 7}), f_.Int(5), floats}).ok());
  EXPECT_THAT(Elements<float>(floats), ElementsAre(1, 2));
  EXPECT_FALSE(Run("aten::remainder.Scalar_out", {f_.Of<int64_t>({1}, {1}), f_.Int(0), ints}).ok());
}

TEST_F(ArithmeticTest, ComparisonsUseThePromotedType) {
  auto* out = f_.Out(ScalarType::kBool, 1);
  ASSERT_TRUE(Run("aten::ge.Scalar_out", {f_.Of<int64_t>({3}, {2, 3, -1}), f_.Double(2.5), out}).ok());
  EXPECT_THAT(Elements<bool>(out), ElementsAre(false, true, false));
  ASSERT_TRUE(Run("aten::eq.Tensor_out", {f_.Of<float>({2}, {kNan, 1}), f_.Of<float>({2}, {kNan, 1}), out}).ok());
  EXPECT_THAT(Elements<bool>(out), ElementsAre(false, true));
  ASSERT_TRUE(Run("aten::logical_not.out", {f_.Of<float>({2}, {0, 0.5f}), out}).ok());
  EXPECT_THAT(Elements<bool>(out), ElementsAre(true, false));
}

TEST_F(ArithmeticTest, BitsAreForIntegers) {
  auto* out = f_.Out(ScalarType::kBool, 1);
  ASSERT_TRUE(
      Run("aten::bitwise_and.Tensor_out", {f_.Of<bool>({2}, {true, true}), f_.Of<bool>({2}, {true, false}), out}).ok());
  EXPECT_THAT(Elements<bool>(out), ElementsAre(true, false));
  auto* f = f_.Of<float>({1}, {1});
  EXPECT_FALSE(Run("aten::bitwise_and.Tensor_out", {f, f, f_.Out(ScalarType::kFloat32, 1)}).ok());
}

TEST_F(ArithmeticTest, ClampKeepsNan) {
  auto* out = f_.Out(ScalarType::kFloat32, 1);
  ASSERT_TRUE(Run("aten::clamp.out", {f_.Of<float>({3}, {-2, kNan, 9}), f_.Int(0), f_.None(), out}).ok());
  EXPECT_EQ(Elements<float>(out)[0], 0);
  EXPECT_TRUE(std::isnan(Elements<float>(out)[1]));
  EXPECT_EQ(Elements<float>(out)[2], 9);
}

TEST_F(ArithmeticTest, MeanReducesAnyDimensions) {
  auto* in = f_.Of<float>({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  auto* out = f_.Out(ScalarType::kFloat32, 3);
  ASSERT_TRUE(Run("aten::mean.out", {in, f_.Ints({-1}), f_.Bool(true), f_.None(), out}).ok());
  EXPECT_THAT(testing::SizesOf(out), ElementsAre(2, 2, 1));
  EXPECT_THAT(Elements<float>(out), ElementsAre(1.5f, 3.5f, 5.5f, 7.5f));
  auto* outer = f_.Out(ScalarType::kFloat32, 1);
  ASSERT_TRUE(Run("aten::sum.IntList_out", {in, f_.Ints({0, 2}), f_.Bool(false), f_.None(), outer}).ok());
  EXPECT_THAT(Elements<float>(outer), ElementsAre(14, 22));
  EXPECT_FALSE(Run("aten::mean.out", {in, f_.Ints({3}), f_.Bool(true), f_.None(), out}).ok());
  EXPECT_FALSE(Run("aten::mean.out", {in, f_.Ints({1, 1}), f_.Bool(true), f_.None(), out}).ok());
}

TEST_F(ArithmeticTest, ReducingNothingGivesNan) {
  auto* out = f_.Out(ScalarType::kFloat32, 1);
  ASSERT_TRUE(
      Run("aten::mean.out", {f_.Empty(ScalarType::kFloat32, {2, 0}), f_.Ints({1}), f_.Bool(false), f_.None(), out})
          .ok());
  EXPECT_TRUE(std::isnan(Elements<float>(out)[0]) && std::isnan(Elements<float>(out)[1]));
}

TEST_F(ArithmeticTest, ProductsOfMatrices) {
  auto* a = f_.Of<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  auto* b = f_.Of<float>({3, 2}, {1, 0, 0, 1, 1, 1});
  auto* out = f_.Out(ScalarType::kFloat32, 2);
  ASSERT_TRUE(Run("aten::mm.out", {a, b, out}).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(4, 5, 10, 11));
  ASSERT_TRUE(Run("aten::addmm.out", {f_.Of<float>({2}, {10, 20}), a, b, f_.Int(2), f_.Int(1), out}).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(24, 45, 30, 51));
  EXPECT_EQ(Run("aten::mm.out", {a, a, out}).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ArithmeticTest, SoftmaxOfMaskedRows) {
  auto* out = f_.Out(ScalarType::kFloat32, 2);
  ASSERT_TRUE(
      Run("aten::_softmax.out", {f_.Of<float>({2, 2}, {0, -kInf, -kInf, -kInf}), f_.Int(-1), f_.Bool(false), out})
          .ok());
  EXPECT_EQ(Elements<float>(out)[0], 1);
  EXPECT_EQ(Elements<float>(out)[1], 0);
  EXPECT_TRUE(std::isnan(Elements<float>(out)[2]));
}

TEST_F(ArithmeticTest, LayerNormOfTwoRows) {
  auto* out = f_.Out(ScalarType::kFloat32, 2);
  auto* mean = f_.Out(ScalarType::kFloat32, 2);
  auto* rstd = f_.Out(ScalarType::kFloat32, 2);
  ASSERT_TRUE(Run("aten::native_layer_norm.out", {f_.Of<float>({2, 2}, {1, 3, 5, 5}), f_.Ints({2}),
                                                  f_.Of<float>({2}, {1, 2}), f_.None(), f_.Double(0), out, mean, rstd})
                  .ok());
  EXPECT_EQ(Elements<float>(out)[0], -1);
  EXPECT_EQ(Elements<float>(out)[1], 2);
  EXPECT_EQ(Elements<float>(mean)[1], 5);
  EXPECT_FALSE(Run("aten::native_layer_norm.out", {f_.Of<float>({2, 2}, {1, 3, 5, 5}), f_.Ints({3}), f_.None(),
                                                   f_.None(), f_.Double(0), out, mean, rstd})
                   .ok());
}

TEST_F(ArithmeticTest, VarianceComesWithItsMean) {
  auto* in = f_.Of<float>({2, 3}, {1, 2, 3, 4, 4, 10});
  auto* variance = f_.Out(ScalarType::kFloat32, 2);
  auto* mean = f_.Out(ScalarType::kFloat32, 2);
  const auto run = [&](tensor::Value* correction) {
    return Run("aten::var_mean.correction_out", {in, f_.Ints({1}), correction, f_.Bool(true), variance, mean});
  };
  ASSERT_TRUE(run(f_.None()).ok());
  EXPECT_THAT(testing::SizesOf(mean), ElementsAre(2, 1));
  EXPECT_THAT(Elements<float>(variance), ElementsAre(1, 12));
  EXPECT_THAT(Elements<float>(mean), ElementsAre(2, 6));
  ASSERT_TRUE(run(f_.Int(0)).ok());
  EXPECT_THAT(Elements<float>(variance), Pointwise(FloatNear(1e-6f), {2.0f / 3, 8.0f}));
  ASSERT_TRUE(run(f_.Double(3)).ok());
  EXPECT_TRUE(std::isnan(Elements<float>(variance)[0]) && std::isnan(Elements<float>(mean)[0]));
  EXPECT_FALSE(Run("aten::var_mean.correction_out", {in, f_.Ints({2}), f_.None(), f_.Bool(true), variance, mean}).ok());
}

TEST_F(ArithmeticTest, BatchNormOfItsOwnStatistics) {
  auto* in = f_.Of<float>({2, 2, 1}, {1, 10, 3, 10});
  auto* out = f_.Out(ScalarType::kFloat32, 3);
  auto* mean = f_.Out(ScalarType::kFloat32, 1);
  auto* inverse = f_.Out(ScalarType::kFloat32, 1);
  const auto run = [&](tensor::Value* input, tensor::Value* weight) {
    return Run("aten::_native_batch_norm_legit.no_stats_out", {input, weight, f_.None(), f_.Bool(true), f_.Double(0.1),
                                                               f_.Double(0.25), out, mean, inverse});
  };
  ASSERT_TRUE(run(in, f_.Of<float>({2}, {1, 3})).ok());
  const float deviation = 1 / std::sqrt(1.25f);
  EXPECT_THAT(Elements<float>(out), Pointwise(FloatNear(1e-6f), {-deviation, 0.0f, deviation, 0.0f}));
  EXPECT_THAT(Elements<float>(mean), ElementsAre(2, 10));
  EXPECT_THAT(Elements<float>(inverse), Pointwise(FloatNear(1e-6f), {deviation, 2.0f}));
  EXPECT_FALSE(run(in, f_.Of<float>({3}, {1, 2, 3})).ok());
  EXPECT_FALSE(run(f_.Of<float>({2}, {1, 2}), f_.None()).ok());
}

TEST_F(ArithmeticTest, DistancesInEveryNorm) {
  auto* a = f_.Of<float>({2, 1, 2}, {0, 0, 3, 4});
  auto* b = f_.Of<float>({2, 2}, {3, 4, 0, 4});
  auto* out = f_.Out(ScalarType::kFloat32, 3);
  const auto run = [&](double p) {
    return Run("aten::_cdist_forward.out", {a, b, f_.Double(p), f_.None(), out});
  };
  ASSERT_TRUE(run(2).ok());
  EXPECT_THAT(testing::SizesOf(out), ElementsAre(2, 1, 2));
  EXPECT_THAT(Elements<float>(out), ElementsAre(5, 4, 0, 3));
  ASSERT_TRUE(run(1).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(7, 4, 0, 3));
  ASSERT_TRUE(run(0).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(2, 1, 0, 1));
  ASSERT_TRUE(run(kInf).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(4, 4, 0, 3));
  ASSERT_TRUE(run(3).ok());
  EXPECT_NEAR(Elements<float>(out)[0], std::cbrt(91.0), 1e-5);
  EXPECT_FALSE(run(-1).ok());
  EXPECT_FALSE(run(kNan).ok());
  EXPECT_FALSE(Run("aten::_cdist_forward.out", {a, b, f_.Double(2), f_.Int(3), out}).ok());
  EXPECT_FALSE(Run("aten::_cdist_forward.out", {a, f_.Of<float>({1, 3}, {1, 2, 3}), f_.Double(2), f_.None(), out}).ok());
  // No elements in a vector: all are the same.
  ASSERT_TRUE(Run("aten::_cdist_forward.out", {f_.Empty(ScalarType::kFloat32, {1, 2, 0}),
                                               f_.Empty(ScalarType::kFloat32, {1, 1, 0}), f_.Double(2), f_.None(), out})
                  .ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 0));
}

TEST_F(ArithmeticTest, DistancesAmongThemselves) {
  auto* out = f_.Out(ScalarType::kFloat64, 1);
  const auto run = [&](tensor::Value* in) { return Run("aten::_pdist_forward.out", {in, f_.Double(1), out}); };
  ASSERT_TRUE(run(f_.Of<double>({4, 1}, {1, 2, 4, 8})).ok());
  EXPECT_THAT(Elements<double>(out), ElementsAre(1, 3, 7, 2, 6, 4));
  ASSERT_TRUE(run(f_.Empty(ScalarType::kFloat64, {0, 1})).ok());
  EXPECT_THAT(testing::SizesOf(out), ElementsAre(0));
  EXPECT_FALSE(run(f_.Of<double>({2}, {1, 2})).ok());
}

TEST_F(ArithmeticTest, RandomNumbersFollowTheSeed) {
  const auto draw = [&](std::string_view name, testing::KernelRunner& runner) {
    auto* out = f_.Out(ScalarType::kFloat32, 1);
    EXPECT_TRUE(runner.Run(name, {f_.Ints({4096}), out}).ok());
    return Elements<float>(out);
  };
  const auto moment = [](const std::vector<float>& numbers, int power) {
    double sum = 0;
    for (const float number : numbers) sum += std::pow(number, power);
    return sum / static_cast<double>(numbers.size());
  };
  testing::KernelRunner same_seed(kernels::RegisterPortableKernels);
  const auto uniform = draw("aten::rand.out", runner_);
  EXPECT_EQ(uniform, draw("aten::rand.out", same_seed));
  EXPECT_NE(uniform, draw("aten::rand.out", runner_));
  EXPECT_TRUE(std::ranges::all_of(uniform, [](float number) { return number >= 0 && number <= 1; }));
  // Five standard errors of the mean of 4096 numbers.
  EXPECT_NEAR(moment(uniform, 1), 0.5, 0.023);
  const auto normal = draw("aten::randn.out", runner_);
  EXPECT_NEAR(moment(normal, 1), 0, 0.08);
  EXPECT_NEAR(moment(normal, 2), 1, 0.11);
  EXPECT_FALSE(runner_.Run("aten::rand.out", {f_.Ints({-1}), f_.Out(ScalarType::kFloat32, 1)}).ok());
  EXPECT_FALSE(runner_.Run("aten::rand.out", {f_.Ints({1}), f_.Out(ScalarType::kInt64, 1)}).ok());
}

TEST_F(ArithmeticTest, DropoutDropsInTraining) {
  auto* in = f_.Of<float>({1000}, std::vector<float>(1000, 3));
  auto* out = f_.Out(ScalarType::kFloat32, 1);
  auto* mask = f_.Out(ScalarType::kBool, 1);
  const auto run = [&](double probability, tensor::Value* train) {
    return Run("aten::native_dropout.out", {in, f_.Double(probability), train, out, mask});
  };
  ASSERT_TRUE(run(0.9, f_.Bool(false)).ok());
  EXPECT_THAT(Elements<float>(out), ::testing::Each(3));
  EXPECT_THAT(Elements<bool>(mask), ::testing::Each(true));
  ASSERT_TRUE(run(1, f_.Bool(true)).ok());
  EXPECT_THAT(Elements<float>(out), ::testing::Each(0));
  ASSERT_TRUE(run(0.25, f_.None()).ok());
  const auto stays = Elements<bool>(mask);
  // 750 are expected to stay, with a standard deviation of 14.
  EXPECT_NEAR(static_cast<double>(std::ranges::count(stays, true)), 750, 70);
  for (size_t i = 0; i < stays.size(); ++i) EXPECT_EQ(Elements<float>(out)[i], stays[i] ? 3 : 0);
  EXPECT_FALSE(run(1.5, f_.None()).ok());
  EXPECT_FALSE(run(kNan, f_.None()).ok());
}

TEST_F(ArithmeticTest, FunctionsOfIntegersAreFloat) {
  auto* out = f_.Out(ScalarType::kFloat32, 1);
  ASSERT_TRUE(Run("aten::rsqrt.out", {f_.Of<int64_t>({2}, {4, 0}), out}).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(0.5f, kInf));
  EXPECT_FALSE(Run("aten::rsqrt.out", {f_.Of<float>({1}, {4}), f_.Out(ScalarType::kInt32, 1)}).ok());
}

TEST_F(ArithmeticTest, Gelu) {
  tensor::Value none = tensor::Value::String("none"), tanh = tensor::Value::String("tanh"),
                odd = tensor::Value::String("x");
  auto* in = f_.Of<float>({2}, {1, -1});
  auto* out = f_.Out(ScalarType::kFloat32, 1);
  ASSERT_TRUE(Run("aten::gelu.out", {in, &none, out}).ok());
  EXPECT_THAT(Elements<float>(out), Pointwise(FloatNear(1e-6f), {0.8413447f, -0.1586553f}));
  ASSERT_TRUE(Run("aten::gelu.out", {in, &tanh, out}).ok());
  EXPECT_THAT(Elements<float>(out), Pointwise(FloatNear(1e-6f), {0.8411920f, -0.1588080f}));
  EXPECT_FALSE(Run("aten::gelu.out", {in, &odd, out}).ok());
}

}  // namespace
}  // namespace etd
