#include "runtime/tensor/tensor.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "runtime/tensor/value.h"

namespace etd::tensor {
namespace {

TEST(Tensor, StridesFollowFromSizesAndDimOrder) {
  const std::array<int32_t, 4> sizes = {2, 3, 4, 5};
  const std::array<uint8_t, 4> channels_last = {0, 2, 3, 1};
  const Tensor rows(ScalarType::kFloat32, sizes, {}, false);
  EXPECT_EQ(rows.stride(0), 60);
  EXPECT_EQ(rows.stride(3), 1);
  EXPECT_TRUE(rows.row_major());
  const Tensor last(ScalarType::kFloat32, sizes, channels_last, false);
  EXPECT_EQ(last.stride(1), 1);
  EXPECT_EQ(last.stride(3), 3);
  EXPECT_EQ(last.stride(0), 60);
  EXPECT_FALSE(last.row_major());
}

TEST(Tensor, ResizeIsBoundedByTheElementCount) {
  const std::array<int32_t, 2> sizes = {4, 6};
  Tensor tensor(ScalarType::kInt64, sizes, {}, true);
  EXPECT_TRUE(tensor.Resize(std::array<int32_t, 2>{12, 2}).ok());
  EXPECT_EQ(tensor.nbytes(), 192u);
  EXPECT_TRUE(tensor.Resize(std::array<int32_t, 2>{0, 2}).ok());
  EXPECT_EQ(tensor.numel(), 0);
  EXPECT_FALSE(tensor.Resize(std::array<int32_t, 2>{5, 5}).ok());
  EXPECT_FALSE(tensor.Resize(std::array<int32_t, 1>{4}).ok());
  EXPECT_FALSE(tensor.Resize(std::array<int32_t, 2>{-1, 2}).ok());
  EXPECT_FALSE(tensor.Resize(std::array<int32_t, 2>{INT32_MAX, INT32_MAX}).ok());
  Tensor fixed(ScalarType::kInt64, sizes, {}, false);
  EXPECT_TRUE(fixed.Resize(sizes).ok());
  EXPECT_FALSE(fixed.Resize(std::array<int32_t, 2>{6, 4}).ok());
}

TEST(Tensor, AScalarHasOneElement) {
  const Tensor scalar(ScalarType::kBool, {}, nullptr);
  EXPECT_EQ(scalar.numel(), 1);
  EXPECT_EQ(scalar.rank(), 0);
}

TEST(Float16, EveryNumberSurvivesFloatAndBack) {
  for (uint32_t bits = 0; bits < 0x10000u; ++bits) {
    Float16 half;
    half.bits = static_cast<uint16_t>(bits);
    const float wide = half;
    if (std::isnan(wide)) {
      EXPECT_TRUE(std::isnan(static_cast<float>(Float16(wide))));
    } else {
      EXPECT_EQ(Float16(wide).bits, half.bits) << bits;
    }
  }
}

TEST(Float16, RoundsToNearestEvenAndToInfinity) {
  EXPECT_EQ(static_cast<float>(Float16(1.0f + 0x1p-11f)), 1.0f);
  EXPECT_EQ(static_cast<float>(Float16(1.0f + 3 * 0x1p-11f)), 1.0f + 0x1p-9f);
  EXPECT_EQ(static_cast<float>(Float16(65519.0f)), 65504.0f);
  EXPECT_TRUE(std::isinf(static_cast<float>(Float16(65520.0f))));
  EXPECT_EQ(static_cast<float>(Float16(0x1p-25f)), 0.0f);
  EXPECT_EQ(static_cast<float>(Float16(0x1.8p-25f)), 0x1p-24f);
}

TEST(BFloat16, RoundsToNearestEvenAndKeepsNan) {
  EXPECT_EQ(static_cast<float>(BFloat16(1.0f + 0x1p-8f)), 1.0f);
  EXPECT_EQ(static_cast<float>(BFloat16(1.0f + 3 * 0x1p-8f)), 1.0f + 0x1p-6f);
  EXPECT_TRUE(std::isnan(static_cast<float>(BFloat16(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_TRUE(std::isinf(static_cast<float>(BFloat16(std::numeric_limits<float>::max()))));
}

TEST(ScalarType, NamesAndCodesGoBothWays) {
  for (int code = -5; code < 64; ++code) {
    const auto type = ScalarTypeFromCode(code);
    if (!type.has_value()) continue;
    EXPECT_EQ(static_cast<int>(*type), code);
    EXPECT_EQ(ScalarTypeFromName(ScalarTypeName(*type)), type);
    EXPECT_EQ(VisitScalarType(*type, [](auto tag) { return sizeof(typename decltype(tag)::Type); }), ElementSize(*type));
  }
  EXPECT_EQ(ScalarTypeFromCode(12), std::nullopt);
}

TEST(Value, RebindMakesASecondHandle) {
  std::array<float, 2> data = {1, 2};
  const std::array<int32_t, 1> sizes = {2};
  const Value a = Value::OfTensor(Tensor(ScalarType::kFloat32, sizes, data.data()));
  Value b = Value::OfTensor(Tensor(ScalarType::kFloat32, sizes, nullptr));
  b.Rebind(a);
  EXPECT_EQ(b.tensor().raw(), data.data());
}

}  // namespace
}  // namespace etd::tensor
