// Gradients of convolutions and pools. Expected numbers are PyTorch's, by hand.
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

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class GradientsTest : public ::testing::Test {
 protected:
  struct Convolution {
    std::vector<int64_t> stride = {1, 1}, padding = {0, 0}, dilation = {1, 1};
    int64_t groups = 1;
    bool transposed = false;
    std::vector<bool> mask = {true, true, true};
  };
  absl::Status Backward(Value* grad, Value* in, Value* weight, const Convolution& c) {
    mask_ = Value::BoolList(c.mask);
    return runner_.Run("aten::convolution_backward.out",
                       {grad, in, weight, f_.None(), f_.Ints(c.stride), f_.Ints(c.padding), f_.Ints(c.dilation),
                        f_.Bool(c.transposed), f_.Ints({0, 0}), f_.Int(c.groups), &mask_, grad_in_, grad_weight_,
                        grad_bias_});
  }
  absl::Status PoolBackward(Value* grad, Value* in, Value* indices, Value* out) {
    return runner_.Run("aten::max_pool2d_with_indices_backward.grad_input",
                       {grad, in, f_.Ints({2, 2}), f_.Ints({1, 1}), f_.Ints({0, 0}), f_.Ints({1, 1}), f_.Bool(false),
                        indices, out});
  }
  void TearDown() override { EXPECT_TRUE(f_.GuardsIntact()); }

  TensorFactory f_;
  testing::KernelRunner runner_{kernels::RegisterPortableKernels};
  Value mask_;
  Value* grad_in_ = f_.Out(ScalarType::kFloat32, 4);
  Value* grad_weight_ = f_.Out(ScalarType::kFloat32, 4);
  Value* grad_bias_ = f_.Out(ScalarType::kFloat32, 1);
};

TEST_F(GradientsTest, OfAConvolution) {
  auto* in = f_.Of<float>({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6});
  auto* weight = f_.Of<float>({1, 1, 2, 2}, {1, 2, 3, 4});
  auto* grad = f_.Of<float>({1, 1, 1, 2}, {1, 10});
  ASSERT_TRUE(Backward(grad, in, weight, {}).ok());
  EXPECT_THAT(Elements<float>(grad_in_), ElementsAre(1, 12, 20, 3, 34, 40));
  EXPECT_THAT(Elements<float>(grad_weight_), ElementsAre(21, 32, 54, 65));
  EXPECT_THAT(Elements<float>(grad_bias_), ElementsAre(11));
}

TEST_F(GradientsTest, OfGroupsWithStridePaddingAndDilation) {
  auto* in = f_.Of<float>({1, 2, 1, 3}, {1, 2, 3, 4, 5, 6});
  auto* weight = f_.Of<float>({2, 1, 1, 2}, {1, 2, 3, 4});
  // Windows begin at -1 and 1 and see elements -1, 1 and 1, 3.
  auto* grad = f_.Of<float>({1, 2, 1, 2}, {1, 10, 100, 1000});
  const Convolution c{.stride = {1, 2}, .padding = {0, 1}, .dilation = {1, 2}, .groups = 2};
  ASSERT_TRUE(Backward(grad, in, weight, c).ok());
  EXPECT_THAT(Elements<float>(grad_in_), ElementsAre(0, 12, 0, 0, 3400, 0));
  EXPECT_THAT(Elements<float>(grad_weight_), ElementsAre(20, 2, 5000, 500));
  EXPECT_THAT(Elements<float>(grad_bias_), ElementsAre(11, 1100));
}

TEST_F(GradientsTest, LeavesOutWhatTheMaskLeavesOut) {
  auto* in = f_.Of<float>({1, 1, 1, 2}, {1, 2});
  auto* weight = f_.Of<float>({1, 1, 1, 1}, {3});
  auto* grad = f_.Of<float>({1, 1, 1, 2}, {1, 1});
  const auto before = Elements<float>(grad_in_);
  ASSERT_TRUE(Backward(grad, in, weight, {.mask = {false, true, false}}).ok());
  EXPECT_THAT(Elements<float>(grad_weight_), ElementsAre(3));
  EXPECT_EQ(Elements<float>(grad_in_), before);
}

TEST_F(GradientsTest, RefusesWhatIsNoConvolution) {
  auto* in = f_.Of<float>({1, 1, 1, 2}, {1, 2});
  auto* weight = f_.Of<float>({1, 1, 1, 1}, {3});
  auto* grad = f_.Of<float>({1, 1, 1, 2}, {1, 1});
  EXPECT_EQ(Backward(grad, in, weight, {.transposed = true}).code(), kInvalid);
  EXPECT_EQ(Backward(grad, in, weight, {.groups = 0}).code(), kInvalid);
  EXPECT_EQ(Backward(grad, in, weight, {.groups = 2}).code(), kInvalid);
  EXPECT_EQ(Backward(grad, in, weight, {.mask = {true}}).code(), kInvalid);
  EXPECT_EQ(Backward(f_.Of<float>({1, 1, 1, 1}, {1}), in, weight, {}).code(), kInvalid);
  EXPECT_EQ(Backward(grad, f_.Of<float>({1, 1, 2}, {1, 2}), weight, {}).code(), kInvalid);
}

TEST_F(GradientsTest, OfAMaxPoolAddUp) {
  auto* in = f_.Of<float>({1, 2, 3}, {1, 9, 2, 3, 4, 5});
  auto* grad = f_.Of<float>({1, 1, 2}, {1, 10});
  auto* out = f_.Out(ScalarType::kFloat32, 3);
  ASSERT_TRUE(PoolBackward(grad, in, f_.Of<int64_t>({1, 1, 2}, {1, 1}), out).ok());
  EXPECT_THAT(SizesOf(out), ElementsAre(1, 2, 3));
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 11, 0, 0, 0, 0));
  ASSERT_TRUE(PoolBackward(grad, in, f_.Of<int64_t>({1, 1, 2}, {-1, 5}), out).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 0, 0, 0, 0, 10));
  for (const int64_t outside : {int64_t{6}, int64_t{-2}, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(PoolBackward(grad, in, f_.Of<int64_t>({1, 1, 2}, {0, outside}), out).code(), kInvalid);
  }
  EXPECT_EQ(PoolBackward(grad, in, f_.Of<int64_t>({1, 2, 1}, {0, 0}), out).code(), kInvalid);
}

}  // namespace
}  // namespace etd
