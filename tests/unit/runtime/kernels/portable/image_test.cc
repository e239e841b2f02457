// Convolutions, pools and upsamplings. Expected numbers are PyTorch's, by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/kernels/portable/register.h"
#include "tests/support/tensor_factory.h"

namespace etd {
namespace {

using tensor::ScalarType;
using tensor::Value;
using testing::Elements;
using ::testing::ElementsAre;
using testing::SizesOf;
using testing::TensorFactory;

class ImageTest : public ::testing::Test {
 protected:
  absl::Status Run(std::string_view name, std::vector<Value*> arguments) {
    return runner_.Run(name, std::move(arguments));
  }
  absl::Status Convolve(Value* in, Value* weight, Value* bias, std::vector<int64_t> stride,
                        std::vector<int64_t> padding, bool transposed, int64_t groups, Value* out) {
    return Run("aten::convolution.out", {in, weight, bias, f_.Ints(stride), f_.Ints(padding), f_.Ints({1}),
                                         f_.Bool(transposed), f_.Ints({0}), f_.Int(groups), out});
  }
  void TearDown() override { EXPECT_TRUE(f_.GuardsIntact()); }

  TensorFactory f_;
  testing::KernelRunner runner_{kernels::RegisterPortableKernels};
};

TEST_F(ImageTest, ConvolvesWithPaddingAndStride) {
  auto* in = f_.Of<float>({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  auto* weight = f_.Of<float>({1, 1, 2, 2}, {1, 0, 0, 1});
  auto* out = f_.Out(ScalarType::kFloat32, 4);
  ASSERT_TRUE(Convolve(in, weight, f_.Of<float>({1}, {0.5f}), {2, 2}, {1, 1}, false, 1, out).ok());
  EXPECT_THAT(SizesOf(out), ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(Elements<float>(out), ElementsAre(1.5f, 3.5f, 7.5f, 14.5f));
}

TEST_F(ImageTest, ConvolvesGroupsInChannelsLastOrder) {
  auto* in = f_.Of<float>({1, 2, 1, 2}, {1, 2, 3, 4}, {0, 2, 3, 1});
  auto* weight = f_.Of<float>({2, 1, 1, 1}, {10, 100});
  auto* out = f_.Empty(ScalarType::kFloat32, {1, 2, 1, 2}, {0, 2, 3, 1});
  ASSERT_TRUE(Convolve(in, weight, f_.None(), {1}, {0}, false, 2, out).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(10, 20, 300, 400));
}

TEST_F(ImageTest, ConvolvesOneDimensionAndTransposed) {
  auto* in = f_.Of<float>({1, 1, 3}, {1, 2, 3});
  auto* weight = f_.Of<float>({1, 1, 2}, {1, 10});
  auto* out = f_.Out(ScalarType::kFloat32, 3);
  ASSERT_TRUE(Convolve(in, weight, f_.None(), {1}, {0}, false, 1, out).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(21, 32));
  ASSERT_TRUE(Convolve(in, weight, f_.None(), {2}, {0}, true, 1, out).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(1, 10, 2, 20, 3, 30));
}

TEST_F(ImageTest, RefusesWhatDoesNotFit) {
  auto* in = f_.Of<float>({1, 2, 1, 2}, {1, 2, 3, 4});
  auto* weight = f_.Of<float>({2, 1, 1, 1}, {10, 100});
  auto* out = f_.Out(ScalarType::kFloat32, 4);
  const auto code = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(Convolve(in, weight, f_.None(), {1}, {0}, false, 1, out).code(), code);
  EXPECT_EQ(Convolve(in, weight, f_.None(), {1}, {0}, false, 0, out).code(), code);
  EXPECT_EQ(Convolve(in, weight, f_.None(), {0}, {0}, false, 2, out).code(), code);
  EXPECT_EQ(Convolve(in, weight, f_.None(), {INT64_MAX}, {0}, false, 2, out).code(), code);
  EXPECT_EQ(Convolve(in, weight, f_.None(), {1}, {-1}, false, 2, out).code(), code);
  EXPECT_EQ(Convolve(in, weight, f_.None(), {1}, {1 << 29}, false, 2, out).code(), code);
  EXPECT_EQ(Convolve(in, weight, f_.None(), {1, 1, 1}, {0}, false, 2, out).code(), code);
  EXPECT_EQ(Convolve(in, f_.Of<float>({2, 1, 3, 3}, std::vector<float>(18)), f_.None(), {1}, {0}, false, 2, out).code(),
            code);
}

TEST_F(ImageTest, MaxPoolSaysWhereTheLargestIs) {
  auto* in = f_.Of<float>({1, 3, 3}, {1, 9, 3, 4, 5, 6, 7, 8, 2});
  auto* out = f_.Out(ScalarType::kFloat32, 3);
  auto* indices = f_.Out(ScalarType::kInt64, 3);
  const auto pool = [&](std::vector<int64_t> padding, bool ceil) {
    return Run("aten::max_pool2d_with_indices.out",
               {in, f_.Ints({2, 2}), f_.Ints({2, 2}), f_.Ints(padding), f_.Ints({1}), f_.Bool(ceil), out, indices});
  };
  ASSERT_TRUE(pool({0}, true).ok());
  EXPECT_THAT(SizesOf(out), ElementsAre(1, 2, 2));
  EXPECT_THAT(Elements<float>(out), ElementsAre(9, 6, 8, 2));
  EXPECT_THAT(Elements<int64_t>(indices), ElementsAre(1, 5, 7, 8));
  EXPECT_EQ(pool({2}, false).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ImageTest, AveragePools) {
  auto* in = f_.Of<float>({1, 1, 2, 2}, {1, 2, 3, 4});
  auto* out = f_.Out(ScalarType::kFloat32, 4);
  const auto pool = [&](bool count_padding, Value* divisor) {
    return Run("aten::avg_pool2d.out",
               {in, f_.Ints({2}), f_.Ints({2}), f_.Ints({1}), f_.Bool(false), f_.Bool(count_padding), divisor, out});
  };
  ASSERT_TRUE(pool(true, f_.None()).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(0.25f, 0.5f, 0.75f, 1));
  ASSERT_TRUE(pool(false, f_.None()).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(1, 2, 3, 4));
  EXPECT_FALSE(pool(false, f_.Int(0)).ok());
  ASSERT_TRUE(Run("aten::_adaptive_avg_pool2d.out", {in, f_.Ints({1, 1}), out}).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(2.5f));
}

TEST_F(ImageTest, IntegersAreConvolvedPooledAndScaled) {
  auto* in = f_.Of<int64_t>({1, 1, 2, 2}, {-7, 2, 3, 1});
  auto* out = f_.Out(ScalarType::kInt64, 4);
  auto* indices = f_.Out(ScalarType::kInt64, 4);
  const auto average = [&](Value* divisor) {
    return Run("aten::avg_pool2d.out", {in, f_.Ints({2}), f_.Ints({2}), f_.Ints({0}), f_.Bool(false), f_.Bool(true),
                                        divisor, out});
  };
  ASSERT_TRUE(average(f_.Int(2)).ok());
  EXPECT_THAT(Elements<int64_t>(out), ElementsAre(0));
  ASSERT_TRUE(average(f_.Int(-1)).ok());
  EXPECT_THAT(Elements<int64_t>(out), ElementsAre(1));
  ASSERT_TRUE(Run("aten::_adaptive_avg_pool2d.out", {in, f_.Ints({1, 2}), out}).ok());
  EXPECT_THAT(Elements<int64_t>(out), ElementsAre(-2, 1));
  ASSERT_TRUE(Run("aten::max_pool2d_with_indices.out", {in, f_.Ints({2, 1}), f_.Ints({1}), f_.Ints({0}), f_.Ints({1}),
                                                        f_.Bool(false), out, indices}).ok());
  EXPECT_THAT(Elements<int64_t>(out), ElementsAre(3, 2));
  EXPECT_THAT(Elements<int64_t>(indices), ElementsAre(2, 1));
  auto* weight = f_.Of<int64_t>({1, 1, 1, 2}, {10, 1});
  ASSERT_TRUE(Convolve(in, weight, f_.Of<float>({1}, {5}), {1}, {0}, false, 1, out).ok());
  EXPECT_THAT(Elements<int64_t>(out), ElementsAre(-63, 36));
  auto* bytes = f_.Out(ScalarType::kUInt8, 4);
  ASSERT_TRUE(Run("aten::upsample_bilinear2d.vec_out", {f_.Of<uint8_t>({1, 1, 1, 2}, {1, 4}), f_.Ints({1, 4}),
                                                        f_.Bool(false), f_.None(), bytes}).ok());
  EXPECT_THAT(Elements<uint8_t>(bytes), ElementsAre(1, 1, 3, 4));
}

TEST_F(ImageTest, Upsamples) {
  auto* in = f_.Of<float>({1, 1, 1, 2}, {1, 3});
  auto* out = f_.Out(ScalarType::kFloat32, 4);
  ASSERT_TRUE(Run("aten::upsample_nearest2d.vec_out", {in, f_.Ints({2, 4}), f_.None(), out}).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(1, 1, 3, 3, 1, 1, 3, 3));
  ASSERT_TRUE(Run("aten::upsample_bilinear2d.vec_out", {in, f_.Ints({1, 4}), f_.Bool(false), f_.None(), out}).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(1, 1.5f, 2.5f, 3));
  ASSERT_TRUE(Run("aten::upsample_bilinear2d.vec_out", {in, f_.Ints({1, 3}), f_.Bool(true), f_.None(), out}).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(1, 2, 3));
  EXPECT_FALSE(Run("aten::upsample_nearest2d.vec_out", {in, f_.None(), f_.None(), out}).ok());
  EXPECT_FALSE(Run("aten::upsample_nearest2d.vec_out", {in, f_.Ints({0, 4}), f_.None(), out}).ok());
}

}  // namespace
}  // namespace etd
