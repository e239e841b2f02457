// Images read at other places: grid sampling and antialiased scaling. Expected numbers are PyTorch's, by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/kernels/portable/register.h"
#include "tests/support/tensor_factory.h"

namespace etd {
namespace {

using tensor::ScalarType;
using tensor::Value;
using testing::Elements;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;
using testing::SizesOf;
using testing::TensorFactory;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr int kBilinear = 0, kNearest = 1, kBicubic = 2;
constexpr int kZeros = 0, kBorder = 1, kReflection = 2;

class SamplingTest : public ::testing::Test {
 protected:
  // Samples the row 10, 20, 30, 40 at `places`, which are (x, 0).
  absl::Status Sample(std::vector<float> places, int mode, int padding, bool align) {
    std::vector<float> grid;
    for (const float x : places) grid.insert(grid.end(), {x, 0});
    const auto count = static_cast<int32_t>(places.size());
    return runner_.Run("aten::grid_sampler_2d.out",
                       {f_.Of<float>({1, 1, 1, 4}, {10, 20, 30, 40}), f_.Of<float>({1, 1, count, 2}, grid),
                        f_.Int(mode), f_.Int(padding), f_.Bool(align), out_});
  }
  std::vector<float> Sampled() { return Elements<float>(out_); }
  absl::Status Scale(Value* in, std::vector<int64_t> sizes, bool align, Value* scale, Value* out) {
    return runner_.Run("aten::_upsample_bilinear2d_aa.out", {in, f_.Ints(sizes), f_.Bool(align), scale, scale, out});
  }
  void TearDown() override { EXPECT_TRUE(f_.GuardsIntact()); }

  TensorFactory f_;
  testing::KernelRunner runner_{kernels::RegisterPortableKernels};
  Value* out_ = f_.Out(ScalarType::kFloat32, 4);
};

TEST_F(SamplingTest, CornersAreMiddlesOrEdges) {
  ASSERT_TRUE(Sample({-1, -1.0f / 3, 1}, kBilinear, kZeros, true).ok());
  EXPECT_THAT(SizesOf(out_), ElementsAre(1, 1, 1, 3));
  EXPECT_THAT(Sampled(), Pointwise(FloatNear(1e-4f), {10.0f, 20.0f, 40.0f}));
  // The outer edge of the first element: half of it is outside.
  ASSERT_TRUE(Sample({-1, -0.75f, 1}, kBilinear, kZeros, false).ok());
  EXPECT_THAT(Sampled(), ElementsAre(5, 10, 20));
}

TEST_F(SamplingTest, PadsWhatIsOutside) {
  // Places -2, 4.5 and 5 of the four elements.
  const std::vector<float> places = {-1.75f, 1.5f, 1.75f};
  ASSERT_TRUE(Sample(places, kNearest, kZeros, false).ok());
  EXPECT_THAT(Sampled(), ElementsAre(0, 0, 0));
  ASSERT_TRUE(Sample(places, kNearest, kBorder, false).ok());
  EXPECT_THAT(Sampled(), ElementsAre(10, 40, 40));
  ASSERT_TRUE(Sample(places, kBilinear, kReflection, false).ok());
  EXPECT_THAT(Sampled(), ElementsAre(20, 35, 30));
  ASSERT_TRUE(Sample({-1 - 2.0f / 3, 1 + 2.0f / 3}, kNearest, kReflection, true).ok());
  EXPECT_THAT(Sampled(), ElementsAre(20, 30));
}

TEST_F(SamplingTest, NearestRoundsHalfToEven) {
  // Places 0.5 and 1.5.
  ASSERT_TRUE(Sample({-0.5f, 0}, kNearest, kBorder, false).ok());
  EXPECT_THAT(Sampled(), ElementsAre(10, 30));
}

TEST_F(SamplingTest, BicubicWeighsFourElements) {
  // Place 1.5: weights -3/32, 19/32, 19/32, -3/32; place -0.5 with elements outside that are 0 or repeated.
  ASSERT_TRUE(Sample({0, -1}, kBicubic, kZeros, false).ok());
  EXPECT_THAT(Sampled(), Pointwise(FloatNear(1e-5f), {25.0f, (19 * 10.0f - 3 * 20) / 32}));
  ASSERT_TRUE(Sample({-1}, kBicubic, kBorder, false).ok());
  EXPECT_THAT(Sampled(), Pointwise(FloatNear(1e-5f), {(-3 * 10.0f + 19 * 10 + 19 * 10 - 3 * 20) / 32}));
  // Mirrored at the edge: 20, 10, 10, 20.
  ASSERT_TRUE(Sample({-1}, kBicubic, kReflection, false).ok());
  EXPECT_THAT(Sampled(), Pointwise(FloatNear(1e-5f), {(-3 * 20.0f + 19 * 10 + 19 * 10 - 3 * 20) / 32}));
}

TEST_F(SamplingTest, NoPlaceIsReadOutside) {
  for (const int mode : {kBilinear, kNearest, kBicubic}) {
    for (const int padding : {kZeros, kBorder, kReflection}) {
      for (const bool align : {false, true}) {
        ASSERT_TRUE(Sample({kNan, kInf, -kInf, 1e38f, -1e38f, 1e10f}, mode, padding, align).ok());
      }
    }
  }
  ASSERT_TRUE(Sample({kNan, kInf, -1e38f}, kBilinear, kZeros, false).ok());
  EXPECT_THAT(Sampled(), ElementsAre(0, 0, 0));
  ASSERT_TRUE(Sample({kInf, -1e38f}, kBilinear, kBorder, false).ok());
  EXPECT_THAT(Sampled(), ElementsAre(40, 10));
}

TEST_F(SamplingTest, HalfTypesKeepTheirType) {
  using tensor::Float16;
  auto* out = f_.Out(ScalarType::kFloat16, 4);
  auto* in = f_.Of<Float16>({1, 1, 1, 2}, {Float16(1.0f), Float16(2.0f)});
  auto* grid = f_.Of<Float16>({1, 1, 1, 2}, {Float16(0.0f), Float16(0.0f)});
  ASSERT_TRUE(runner_.Run("aten::grid_sampler_2d.out", {in, grid, f_.Int(0), f_.Int(0), f_.Bool(true), out}).ok());
  EXPECT_EQ(static_cast<float>(Elements<Float16>(out)[0]), 1.5f);
}

TEST_F(SamplingTest, RefusesWhatIsNoGrid) {
  EXPECT_EQ(Sample({0}, 3, kZeros, false).code(), kInvalid);
  EXPECT_EQ(Sample({0}, kNearest, -1, false).code(), kInvalid);
  auto* in = f_.Of<float>({1, 1, 1, 2}, {1, 2});
  const auto sample = [&](Value* image, Value* grid) {
    return runner_.Run("aten::grid_sampler_2d.out", {image, grid, f_.Int(0), f_.Int(0), f_.Bool(true), out_}).code();
  };
  EXPECT_EQ(sample(in, f_.Of<float>({1, 1, 1, 3}, {0, 0, 0})), kInvalid);
  EXPECT_EQ(sample(in, f_.Of<float>({2, 1, 1, 2}, {0, 0, 0, 0})), kInvalid);
  EXPECT_EQ(sample(in, f_.Of<double>({1, 1, 1, 2}, {0, 0})), kInvalid);
  EXPECT_EQ(sample(f_.Empty(ScalarType::kFloat32, {1, 1, 0, 2}), f_.Of<float>({1, 1, 1, 2}, {0, 0})), kInvalid);
}

TEST_F(SamplingTest, ShrinkingAveragesWhatItSkips) {
  auto* in = f_.Of<float>({1, 1, 1, 4}, {0, 0, 8, 8});
  // Triangles of width 4 about 1 and 3: weights 3, 3, 1 of 7 at the border.
  ASSERT_TRUE(Scale(in, {1, 2}, false, f_.None(), out_).ok());
  EXPECT_THAT(Elements<float>(out_), Pointwise(FloatNear(1e-5f), {8.0f / 7, 48.0f / 7}));
  // Growing is bilinear.
  ASSERT_TRUE(Scale(f_.Of<float>({1, 1, 1, 2}, {1, 3}), {1, 4}, false, f_.None(), out_).ok());
  EXPECT_THAT(Elements<float>(out_), ElementsAre(1, 1.5f, 2.5f, 3));
  ASSERT_TRUE(Scale(in, {1, 1}, true, f_.None(), out_).ok());
  EXPECT_EQ(SizesOf(out_), (std::vector<int32_t>{1, 1, 1, 1}));
}

TEST_F(SamplingTest, ScalingKeepsIntegersAndSurvivesOddFactors) {
  auto* bytes = f_.Out(ScalarType::kUInt8, 4);
  ASSERT_TRUE(Scale(f_.Of<uint8_t>({1, 1, 1, 2}, {7, 7}), {1, 1}, false, f_.None(), bytes).ok());
  // 3.5 is truncated after the first summand.
  EXPECT_THAT(Elements<uint8_t>(bytes), ElementsAre(6));
  auto* in = f_.Of<float>({1, 1, 1, 2}, {1, 3});
  for (const double factor : {1e-300, 1e300, -1.0, 0.0, std::nan("")}) {
    ASSERT_TRUE(Scale(in, {1, 3}, false, f_.Double(factor), out_).ok());
    for (const float element : Elements<float>(out_)) EXPECT_TRUE(element >= 1 && element <= 3);
  }
  EXPECT_EQ(Scale(in, {1, 0}, false, f_.None(), out_).code(), kInvalid);
  EXPECT_EQ(Scale(in, {3}, false, f_.None(), out_).code(), kInvalid);
  EXPECT_EQ(Scale(f_.Of<float>({1, 1, 2}, {1, 3}), {1, 1}, false, f_.None(), out_).code(), kInvalid);
}

}  // namespace
}  // namespace etd
