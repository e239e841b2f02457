#include "runtime/text/sampling/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace etd::text {
namespace {

std::vector<float> RandomLogits(size_t size, uint32_t seed, float spread = 3.0f) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, spread);
  std::vector<float> logits(size);
  for (float& logit : logits) logit = normal(generator);
  return logits;
}

TokenChoice ChooseOk(Sampler& sampler, std::span<const float> logits, int64_t position,
                     std::span<const int32_t> prompt = {}, std::span<const int32_t> generated = {}) {
  auto choice = sampler.Choose(logits, prompt, generated, position);
  EXPECT_TRUE(choice.ok()) << choice.status();
  return choice.ok() ? *choice : TokenChoice{.token = -1};
}

// What the kept set must be, by sorting everything in double precision.
std::vector<int32_t> KeptBySorting(const std::vector<float>& logits, const SamplingParams& params) {
  std::vector<int32_t> order(logits.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
  });
  if (params.top_k > 0) order.resize(std::min(order.size(), static_cast<size_t>(params.top_k)));
  std::vector<double> weights;
  double total = 0;
  for (const int32_t id : order) {
    weights.push_back(std::exp(static_cast<double>(logits[static_cast<size_t>(id)] -
                                                   logits[static_cast<size_t>(order[0])]) /
                               static_cast<double>(params.temperature)));
    total += weights.back();
  }
  std::vector<int32_t> kept;
  double mass = 0;
  for (size_t i = 0; i < order.size() && (params.top_p == 1.0f || mass < static_cast<double>(params.top_p) * total);
       ++i) {
    mass += weights[i];
    if (weights[i] >= static_cast<double>(params.min_p)) kept.push_back(order[i]);
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

TEST(SamplerTest, GreedyTakesTheHighestAndLowestIdOfEquals) {
  Sampler sampler({}, 5);
  EXPECT_EQ(ChooseOk(sampler, std::vector<float>{1, 4, 2, 4, -1}, 0).token, 1);
  EXPECT_TRUE(std::isnan(ChooseOk(sampler, std::vector<float>{1, 4, 2, 4, -1}, 0).logprob));
}

TEST(SamplerTest, BrokenLogitsAreErrors) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  for (const float temperature : {0.0f, 1.0f}) {
    Sampler sampler({.temperature = temperature}, 3);
    EXPECT_EQ(sampler.Choose(std::vector<float>{0, std::nanf(""), 1}, {}, {}, 7).status().code(),
              absl::StatusCode::kInternal);
    EXPECT_FALSE(sampler.Choose(std::vector<float>{0, kInf, 1}, {}, {}, 7).ok());
    EXPECT_FALSE(sampler.Choose(std::vector<float>{-kInf, -kInf, -kInf}, {}, {}, 7).ok());
    EXPECT_EQ(sampler.Choose(std::vector<float>{1, 2}, {}, {}, 7).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ChooseOk(sampler, std::vector<float>{-kInf, 1, -kInf}, 7).token, 1);
  }
}

TEST(SamplerTest, DrawsFollowTheDistribution) {
  const std::vector<float> logits = {0.0f, 1.0f, 2.0f, -1.0f, 0.5f};
  for (const float temperature : {0.7f, 1.0f, 1.8f}) {
    Sampler sampler({.temperature = temperature, .seed = 11}, 5);
    constexpr int kDraws = 40000;
    std::map<int32_t, int> seen;
    for (int i = 0; i < kDraws; ++i) ++seen[ChooseOk(sampler, logits, i).token];
    double total = 0;
    for (const float logit : logits) total += std::exp(static_cast<double>(logit / temperature));
    for (int32_t id = 0; id < 5; ++id) {
      const double expected = std::exp(static_cast<double>(logits[static_cast<size_t>(id)] / temperature)) / total;
      // Five standard deviations of a binomial; the seed is fixed, so this cannot flicker.
      const double tolerance = 5 * std::sqrt(expected * (1 - expected) / kDraws);
      EXPECT_NEAR(static_cast<double>(seen[id]) / kDraws, expected, tolerance) << id << " at " << temperature;
    }
  }
}

TEST(SamplerTest, DrawsComeFromTheKeptSetAndReachAllOfIt) {
  const SamplingParams cases[] = {
      {.temperature = 1.0f, .top_k = 7},
      {.temperature = 2.5f, .top_k = 20, .top_p = 0.8f},
      {.temperature = 1.0f, .top_p = 0.6f},
      {.temperature = 3.0f, .top_p = 0.35f},
      {.temperature = 1.5f, .min_p = 0.2f},
      {.temperature = 1.0f, .top_k = 30, .top_p = 0.95f, .min_p = 0.05f},
      {.temperature = 1.0f, .top_p = 1e-6f},
  };
  for (const SamplingParams& params : cases) {
    for (uint32_t round = 0; round < 4; ++round) {
      const std::vector<float> logits = RandomLogits(500, round, round == 3 ? 0.05f : 3.0f);
      const std::vector<int32_t> kept = KeptBySorting(logits, params);
      Sampler sampler(params, 500);
      std::set<int32_t> seen;
      for (int i = 0; i < 20000; ++i) seen.insert(ChooseOk(sampler, logits, i).token);
      EXPECT_TRUE(std::includes(kept.begin(), kept.end(), seen.begin(), seen.end()));
      if (kept.size() < 20) {
        EXPECT_EQ(seen.size(), kept.size());
      }
    }
  }
}

TEST(SamplerTest, EqualLogitsAreKeptLowestIdFirst) {
  const std::vector<float> logits(300, 1.0f);
  for (const SamplingParams& params : {SamplingParams{.temperature = 1.0f, .top_k = 3},
                                       SamplingParams{.temperature = 1.0f, .top_p = 2.5f / 300.0f}}) {
    Sampler sampler(params, 300);
    std::set<int32_t> seen;
    for (int i = 0; i < 500; ++i) seen.insert(ChooseOk(sampler, logits, i).token);
    EXPECT_EQ(seen, (std::set<int32_t>{0, 1, 2}));
  }
}

TEST(SamplerTest, TheDrawDependsOnSeedAndPositionAlone) {
  const std::vector<float> logits = RandomLogits(1000, 5);
  const SamplingParams params{.temperature = 1.0f, .top_k = 50, .top_p = 0.9f, .seed = 42};
  Sampler forward(params, 1000);
  std::vector<int32_t> tokens;
  for (int i = 0; i < 64; ++i) tokens.push_back(ChooseOk(forward, logits, i).token);
  Sampler backward(params, 1000);
  for (int i = 63; i >= 0; --i) EXPECT_EQ(ChooseOk(backward, logits, i).token, tokens[static_cast<size_t>(i)]);
  SamplingParams other = params;
  other.seed = 43;
  Sampler different(other, 1000);
  int same = 0;
  for (int i = 0; i < 64; ++i) same += ChooseOk(different, logits, i).token == tokens[static_cast<size_t>(i)];
  EXPECT_LT(same, 32);
}

TEST(SamplerTest, UniformsLookUniformAndUncorrelated) {
  double sum = 0;
  double product = 0;
  constexpr int kCount = 100000;
  for (int i = 0; i < kCount; ++i) {
    const double u = UniformAt(3, i);
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    product += (u - 0.5) * (UniformAt(3, i + 1) - 0.5);
  }
  EXPECT_NEAR(sum / kCount, 0.5, 5 * std::sqrt(1.0 / 12 / kCount));
  EXPECT_NEAR(product / kCount, 0.0, 5 * (1.0 / 12) / std::sqrt(kCount));
  EXPECT_NE(UniformAt(0, 1), UniformAt(1, 0));
}

TEST(SamplerTest, PenaltiesFollowTheirDefinitions) {
  const std::vector<int32_t> prompt = {0, 1};
  const std::vector<int32_t> generated = {2, 3, 3};
  // Repetition: positive halves, negative doubles; frequency 0.5 each, presence 0.25 once, for the output alone.
  Sampler sampler({.repetition_penalty = 2, .presence_penalty = 0.25f, .frequency_penalty = 0.5f}, 6);
  const auto winner = [&](std::vector<float> logits) { return ChooseOk(sampler, logits, 0, prompt, generated).token; };
  EXPECT_EQ(winner({4.0f, 0, 0, 0, 2.1f, 0}), 4);
  EXPECT_EQ(winner({4.0f, 0, 0, 0, 1.9f, 0}), 0);
  EXPECT_EQ(winner({-9, -1.0f, -9, -9, -2.1f, -9}), 1);
  EXPECT_EQ(winner({-9, -1.0f, -9, -9, -1.9f, -9}), 4);
  EXPECT_EQ(winner({-9, -9, 4.0f, -9, 1.26f, -9}), 4);  // 4/2 - 0.5 - 0.25 = 1.25
  EXPECT_EQ(winner({-9, -9, 4.0f, -9, 1.24f, -9}), 2);
  EXPECT_EQ(winner({-9, -9, -9, 4.0f, 0.76f, -9}), 4);  // 4/2 - 2 * 0.5 - 0.25 = 0.75
  EXPECT_EQ(winner({-9, -9, -9, 4.0f, 0.74f, -9}), 3);
}

TEST(SamplerTest, CountsFollowAHistoryThatGrowsShrinksAndChanges) {
  const SamplingParams params{.repetition_penalty = 1.3f, .presence_penalty = 0.4f, .frequency_penalty = 0.3f};
  Sampler kept(params, 40);
  std::mt19937 generator(1);
  std::vector<int32_t> prompt = {1, 2, 3};
  std::vector<int32_t> generated;
  for (uint32_t step = 0; step < 300; ++step) {
    if (step % 7 == 6) generated.resize(generated.size() / 2);
    if (step % 11 == 10 && !generated.empty()) generated[generated.size() / 2] = static_cast<int32_t>(step % 40);
    if (step % 13 == 12) prompt.push_back(static_cast<int32_t>(step % 40));
    generated.push_back(static_cast<int32_t>(generator() % 40));
    const std::vector<float> logits = RandomLogits(40, step, 0.5f);
    Sampler fresh(params, 40);
    EXPECT_EQ(ChooseOk(kept, logits, step, prompt, generated).token,
              ChooseOk(fresh, logits, step, prompt, generated).token);
  }
  EXPECT_EQ(kept.Choose(RandomLogits(40, 0), std::vector<int32_t>{40}, {}, 0).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(kept.Choose(RandomLogits(40, 0), std::vector<int32_t>{-1}, {}, 0).ok());
  Sampler fresh(params, 40);
  const std::vector<float> logits = RandomLogits(40, 77, 0.5f);
  EXPECT_EQ(ChooseOk(kept, logits, 0, prompt, generated).token, ChooseOk(fresh, logits, 0, prompt, generated).token);
}

TEST(SamplerTest, LogitBiasMovesTheChoice) {
  Sampler sampler({.logit_bias = {{2, 5.0f}, {0, -100.0f}}}, 3);
  EXPECT_EQ(ChooseOk(sampler, std::vector<float>{9, 1, 0}, 0).token, 2);
}

TEST(SamplerTest, LogprobsAreOfTheModelsOwnDistribution) {
  Sampler sampler({.temperature = 0.5f, .logit_bias = {{3, 100.0f}}, .logprobs = 3}, 4);
  const TokenChoice choice = ChooseOk(sampler, std::vector<float>{1, 2, 2, 0}, 0);
  EXPECT_EQ(choice.token, 3);
  const double log_sum = std::log(std::exp(1.0) + 2 * std::exp(2.0) + 1.0);
  // Float rounding of values near 1.
  EXPECT_NEAR(static_cast<double>(choice.logprob), -log_sum, 1e-6);
  ASSERT_EQ(choice.top_logprobs.size(), 3u);
  EXPECT_EQ(choice.top_logprobs[0].first, 1);
  EXPECT_EQ(choice.top_logprobs[1].first, 2);
  EXPECT_EQ(choice.top_logprobs[2].first, 0);
  EXPECT_NEAR(static_cast<double>(choice.top_logprobs[0].second), 2 - log_sum, 1e-6);
  Sampler alone({.report_logprob = true}, 4);
  EXPECT_NEAR(static_cast<double>(ChooseOk(alone, std::vector<float>{1, 2, 2, 0}, 0).logprob), 2 - log_sum, 1e-6);
}

TEST(SamplerTest, ParametersOutOfRangeAreNamed) {
  const std::pair<SamplingParams, std::string> cases[] = {
      {{.temperature = -1}, "temperature"},
      {{.temperature = std::nanf("")}, "temperature"},
      {{.top_k = -1}, "top_k"},
      {{.top_p = 0}, "top_p"},
      {{.top_p = 1.1f}, "top_p"},
      {{.min_p = 2}, "min_p"},
      {{.repetition_penalty = 0}, "repetition_penalty"},
      {{.presence_penalty = 3}, "presence_penalty"},
      {{.frequency_penalty = -3}, "frequency_penalty"},
      {{.logit_bias = {{10, 1.0f}}}, "logit_bias"},
      {{.logit_bias = {{1, 1.0f}, {1, 2.0f}}}, "logit_bias"},
      {{.logit_bias = {{1, std::numeric_limits<float>::infinity()}}}, "logit_bias"},
      {{.logprobs = 21}, "logprobs"},
  };
  for (const auto& [params, name] : cases) {
    const absl::Status status = ValidateSamplingParams(params, 10);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_NE(std::string(ToStd(status.message())).find(name), std::string::npos) << status;
  }
  EXPECT_TRUE(ValidateSamplingParams({}, 10).ok());
  EXPECT_FALSE(ValidateSamplingParams({}, 0).ok());
}

}  // namespace
}  // namespace etd::text
