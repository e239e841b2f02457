// Caches, attention and quantised operators.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/kernels/llm/register.h"
#include "tests/support/tensor_factory.h"

namespace etd {
namespace {

using tensor::ScalarType;
using testing::Elements;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;
using testing::TensorFactory;

class LlmTest : public ::testing::Test {
 protected:
  absl::Status Run(std::string_view name, std::vector<tensor::Value*> arguments) {
    return runner_.Run(name, std::move(arguments));
  }
  void ExpectRefused(std::string_view name, std::vector<tensor::Value*> arguments) {
    EXPECT_EQ(Run(name, std::move(arguments)).code(), absl::StatusCode::kInvalidArgument);
  }
  void TearDown() override { EXPECT_TRUE(f_.GuardsIntact()); }

  TensorFactory f_;
  testing::KernelRunner runner_{kernels::RegisterLlmKernels};
};

TEST_F(LlmTest, UpdateCacheWritesRows) {
  auto* cache = f_.Of<float>({1, 4, 1, 2}, {0, 0, 0, 0, 0, 0, 0, 0});
  auto* value = f_.Of<float>({1, 2, 1, 2}, {1, 2, 3, 4});
  auto* out = f_.Empty(ScalarType::kFloat32, {1});
  ASSERT_TRUE(Run("llama::update_cache.out", {value, cache, f_.Int(1), out}).ok());
  EXPECT_THAT(Elements<float>(cache), ElementsAre(0, 0, 1, 2, 3, 4, 0, 0));
  for (const int64_t start : {int64_t{-1}, int64_t{3}, int64_t{4}, INT64_MAX, INT64_MIN}) {
    ExpectRefused("llama::update_cache.out", {value, cache, f_.Int(start), out});
  }
  EXPECT_THAT(Elements<float>(cache), ElementsAre(0, 0, 1, 2, 3, 4, 0, 0));
}

TEST_F(LlmTest, UpdateCacheWithIndicesChecksAllBeforeItWrites) {
  auto* cache = f_.Of<float>({1, 2, 1, 1}, {7, 8});
  auto* value = f_.Of<float>({1, 2, 1, 1}, {1, 2});
  auto* out = f_.Empty(ScalarType::kFloat32, {1});
  ExpectRefused("llama::update_cache_with_indices.out", {value, cache, f_.Int(0), f_.Of<int64_t>({1, 2}, {0, 2}), out});
  ExpectRefused("llama::update_cache_with_indices.out",
                {value, cache, f_.Int(0), f_.Of<int64_t>({1, 2}, {0, -1}), out});
  ExpectRefused("llama::update_cache_with_indices.out", {value, cache, f_.Int(0), f_.Of<int64_t>({2, 1}, {0, 1}), out});
  EXPECT_THAT(Elements<float>(cache), ElementsAre(7, 8));
  ASSERT_TRUE(
      Run("llama::update_cache_with_indices.out", {value, cache, f_.Int(99), f_.Of<int64_t>({1, 2}, {1, 0}), out})
          .ok());
  EXPECT_THAT(Elements<float>(cache), ElementsAre(2, 1));
}

TEST_F(LlmTest, AttentionSeesWhatItMay) {
  // One head of size 1: with equal scores a row is the mean of the values that it sees.
  auto* q = f_.Of<float>({1, 2, 1, 1}, {0, 0});
  auto* k = f_.Of<float>({1, 4, 1, 1}, {1, 2, 3, 4});
  auto* v = f_.Of<float>({1, 4, 1, 1}, {1, 3, 5, 100});
  auto* out = f_.Empty(ScalarType::kFloat32, {1, 2, 1, 1});
  const auto run = [&](tensor::Value* mask, bool causal, int64_t start) {
    return Run("llama::custom_sdpa.out", {q, k, v, f_.Int(start), mask, f_.Double(0), f_.Bool(causal), f_.None(), out});
  };
  ASSERT_TRUE(run(f_.None(), true, 1).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(2, 3));
  ASSERT_TRUE(run(f_.None(), false, 1).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(3, 3));
  const float inf = std::numeric_limits<float>::infinity();
  auto* mask = f_.Of<float>({2, 4}, {0, -inf, -inf, 0, -inf, -inf, -inf, -inf});
  ASSERT_TRUE(run(mask, false, 0).ok());
  EXPECT_EQ(Elements<float>(out)[0], 50.5f);
  EXPECT_TRUE(std::isnan(Elements<float>(out)[1]));
  EXPECT_FALSE(run(mask, true, 0).ok());
  for (const int64_t start : {int64_t{-1}, int64_t{3}, INT64_MAX}) EXPECT_FALSE(run(f_.None(), true, start).ok());
}

TEST_F(LlmTest, QuantizedAttentionIsThatOfTheDequantizedRows) {
  auto* q = f_.Of<int8_t>({1, 1, 1, 1}, {0});
  auto* k = f_.Of<int8_t>({1, 1, 2, 1}, {1, 2});
  auto* v = f_.Of<int8_t>({1, 1, 2, 1}, {3, 5});
  auto* zero1 = f_.Of<int8_t>({1, 1, 1, 1}, {0});
  auto* scale1 = f_.Of<float>({1, 1, 1, 1}, {1});
  auto* zero2 = f_.Of<int8_t>({1, 1, 2, 1}, {1, 1});
  auto* scale2 = f_.Of<float>({1, 1, 2, 1}, {0.5f, 2});
  auto* out = f_.Empty(ScalarType::kFloat32, {1, 1, 1, 1});
  ASSERT_TRUE(
      Run("llama::custom_quantized_sdpa.out", {q, k, v, f_.Int(1), f_.None(), f_.Double(0), f_.Bool(true), f_.None(),
                                               zero1, scale1, zero2, scale2, zero2, scale2, f_.Bool(true), out})
          .ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(4.5f));  // the mean of (3 - 1)·0.5 and (5 - 1)·2
}

TEST_F(LlmTest, EmbeddingsOfEveryWidth) {
  auto* scales = f_.Of<float>({2}, {0.5f, 2});
  auto* indices = f_.Of<int64_t>({1, 2}, {1, 0});
  auto* out = f_.Out(ScalarType::kFloat32, 3);
  auto* bytes = f_.Of<int8_t>({2, 2}, {1, 2, 3, -4});
  ASSERT_TRUE(Run("quantized_decomposed::embedding_byte.out",
                  {bytes, scales, f_.None(), f_.Int(-128), f_.Int(127), indices, out})
                  .ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(6, -8, 0.5f, 1));
  // 0x9c: 9 - 8 = 1, then 12 - 8 = 4.
  auto* nibbles = f_.Of<uint8_t>({2, 1}, {0x9c, 0x80});
  ASSERT_TRUE(Run("quantized_decomposed::embedding_4bit.dtype_out",
                  {nibbles, scales, f_.None(), f_.Int(-8), f_.Int(7), indices, f_.Int(6), out})
                  .ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, -16, 0.5f, 2));
  // 0xe4: 0, 1, 2, 3 from the lowest bits, minus 2.
  auto* pairs = f_.Of<uint8_t>({2, 1}, {0xe4, 0});
  ASSERT_TRUE(Run("quantized_decomposed::embedding_2bit.out",
                  {pairs, scales, f_.None(), f_.Int(-2), f_.Int(1), f_.Of<int32_t>({1, 1}, {0}), out})
                  .ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(-1, -0.5f, 0, 0.5f));
  for (const int64_t index : {int64_t{-1}, int64_t{2}, INT64_MAX}) {
    ExpectRefused("quantized_decomposed::embedding_byte.out",
                  {bytes, scales, f_.None(), f_.Int(-128), f_.Int(127), f_.Of<int64_t>({1, 1}, {index}), out});
  }
}

TEST_F(LlmTest, EmbeddingGroupsHaveTheirOwnScalesAndZeroPoints) {
  auto* out = f_.Out(ScalarType::kFloat32, 2);
  ASSERT_TRUE(Run("quantized_decomposed::embedding_byte.out",
                  {f_.Of<int8_t>({1, 4}, {1, 2, 3, 4}), f_.Of<float>({1, 2}, {1, 10}), f_.Of<float>({1, 2}, {0, 1}),
                   f_.Int(-128), f_.Int(127), f_.Of<int64_t>({1}, {0}), out})
                  .ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(1, 2, 20, 30));
}

TEST_F(LlmTest, QuantizeRoundsHalfToEvenAndClamps) {
  auto* out = f_.Out(ScalarType::kInt8, 1);
  ASSERT_TRUE(Run("quantized_decomposed::quantize_per_tensor.out",
                  {f_.Of<float>({5}, {0.5f, 1.5f, -1.5f, 1000, std::nanf("")}), f_.Double(1), f_.Int(0), f_.Int(-128),
                   f_.Int(127), f_.Int(1), out})
                  .ok());
  EXPECT_THAT(Elements<int8_t>(out), ElementsAre(0, 2, -2, 127, -128));
  auto* back = f_.Out(ScalarType::kFloat32, 1);
  ASSERT_TRUE(
      Run("quantized_decomposed::dequantize_per_tensor.out", {f_.Of<int8_t>({2}, {5, -3}), f_.Double(0.5), f_.Int(1),
                                                              f_.Int(-128), f_.Int(127), f_.Int(1), f_.None(), back})
          .ok());
  EXPECT_THAT(Elements<float>(back), ElementsAre(2, -2));
  ExpectRefused("quantized_decomposed::quantize_per_tensor.out",
                {f_.Of<float>({1}, {1}), f_.Double(1), f_.Int(0), f_.Int(-129), f_.Int(127), f_.Int(1), out});
}

TEST_F(LlmTest, DequantizePerChannelInAnyMemoryOrder) {
  auto* in = f_.Of<int8_t>({1, 2, 1, 2}, {1, 2, 3, 4}, {0, 2, 3, 1});
  auto* out = f_.Empty(ScalarType::kFloat32, {1, 2, 1, 2});
  ASSERT_TRUE(Run("quantized_decomposed::dequantize_per_channel.out",
                  {in, f_.Of<double>({2}, {1, 10}), f_.Of<int64_t>({2}, {0, 1}), f_.Int(1), f_.Int(-128), f_.Int(127),
                   f_.Int(1), f_.None(), out})
                  .ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(1, 2, 20, 30));
  ExpectRefused(
      "quantized_decomposed::dequantize_per_channel.out",
      {in, f_.Of<double>({3}, {1, 10, 1}), f_.None(), f_.Int(1), f_.Int(-128), f_.Int(127), f_.Int(1), f_.None(), out});
}

TEST_F(LlmTest, ChooseQparamsPerToken) {
  auto* scales = f_.Out(ScalarType::kFloat64, 2);
  auto* zeros = f_.Out(ScalarType::kInt64, 2);
  ASSERT_TRUE(Run("quantized_decomposed::choose_qparams_per_token_asymmetric.out",
                  {f_.Of<float>({2, 2}, {0, 255, -255, 0}), f_.Int(1), scales, zeros})
                  .ok());
  EXPECT_THAT(Elements<double>(scales), ElementsAre(1, 1));
  EXPECT_THAT(Elements<int64_t>(zeros), ElementsAre(-128, 127));
}

TEST_F(LlmTest, HadamardTransformKeepsLengths) {
  auto* out = f_.Out(ScalarType::kFloat32, 2);
  ASSERT_TRUE(Run("llama::fast_hadamard_transform.out", {f_.Of<float>({2, 4}, {1, 2, 3, 4, 8, 0, 0, 0}), out}).ok());
  EXPECT_THAT(Elements<float>(out), ElementsAre(5, -1, -2, 0, 4, 4, 4, 4));
  // Of order 28 the rows are orthogonal and √28 long.
  std::vector<float> unit(28 * 28);
  for (size_t i = 0; i < 28; ++i) unit[i * 28 + i] = 1;
  ASSERT_TRUE(Run("llama::fast_hadamard_transform.out", {f_.Of<float>({28, 28}, unit), out}).ok());
  const auto rows = Elements<float>(out);
  for (size_t i = 0; i < 28; ++i) {
    for (size_t k = 0; k < 28; ++k) {
      float product = 0;
      for (size_t j = 0; j < 28; ++j) product += rows[i * 28 + j] * rows[k * 28 + j];
      EXPECT_EQ(product, i == k ? 28 : 0);
    }
  }
  ExpectRefused("llama::fast_hadamard_transform.out", {f_.Of<float>({1, 3}, {1, 2, 3}), out});
  ExpectRefused("llama::fast_hadamard_transform.out", {f_.Of<int32_t>({1, 2}, {1, 2}), out});
}

TEST_F(LlmTest, GatedDeltaRuleForgetsAndCorrects) {
  auto* out = f_.Out(ScalarType::kFloat32, 4);
  auto* state = f_.Out(ScalarType::kFloat32, 4);
  // One head of keys for two of queries; two tokens of two key channels and one value.
  auto* query = f_.Of<float>({1, 2, 2, 2}, {1, 0, 1, 1, 0, 1, 2, 0});
  auto* key = f_.Of<float>({1, 1, 2, 2}, {1, 0, 1, 1});
  auto* value = f_.Of<float>({1, 1, 2, 1}, {5, 10});
  auto* beta = f_.Of<float>({1, 1, 2}, {1, 0.5f});
  auto* initial = f_.Of<float>({1, 1, 2, 1}, {4, 8});
  const auto arguments = [&](tensor::Value* decay) {
    return std::vector<tensor::Value*>{query, key, value, decay, beta, initial, out, state};
  };
  // State 4, 8 → decayed 2, 8 → corrected 5, 8 → decayed 5, 4 → corrected by (10 - 9) / 2: 5.5, 4.5.
  auto* by_channel = f_.Of<float>({1, 1, 2, 2}, {0.5f, 1, 1, 0.5f});
  for (const char* name : {"llama::gated_delta_rule.out", "llama::channelwise_gated_delta_rule.out"}) {
    ASSERT_TRUE(Run(name, arguments(by_channel)).ok());
    EXPECT_THAT(Elements<float>(out), ElementsAre(5, 10, 8, 11));
    EXPECT_THAT(Elements<float>(state), ElementsAre(5.5f, 4.5f));
  }
  // State 4, 8 → decayed 2, 4 → corrected 5, 4 → corrected by (10 - 9) / 2.
  ASSERT_TRUE(Run("llama::gated_delta_rule.out", arguments(f_.Of<float>({1, 1, 2}, {0.5f, 1}))).ok());
  EXPECT_THAT(Elements<float>(state), ElementsAre(5.5f, 4.5f));
  EXPECT_THAT(Elements<float>(out), ElementsAre(5, 10, 4, 11));
  ExpectRefused("llama::gated_delta_rule.out", arguments(f_.Of<float>({1, 1, 1}, {1})));
  initial = f_.Of<float>({1, 1, 1, 2}, {4, 8});
  ExpectRefused("llama::gated_delta_rule.out", arguments(by_channel));
}

}  // namespace
}  // namespace etd
