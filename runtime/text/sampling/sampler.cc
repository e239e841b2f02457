#include "runtime/text/sampling/sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "runtime/text/sampling/logit_math.h"

namespace etd::text {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

bool InRange(float value, float low, float high) { return value >= low && value <= high; }  // false for NaN

// How far below the maximum (in logits over temperature) candidates are looked for, tried in this order; if none is
// enough, every token is one. Distributions of trained models mostly end at the first.
constexpr float kReach[] = {4.0f, 8.0f, 16.0f};

uint64_t SplitMixFinalizer(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace

double UniformAt(uint64_t seed, int64_t position) {
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15u;
  const uint64_t stream = SplitMixFinalizer(seed + kGolden);
  const uint64_t counter = SplitMixFinalizer((static_cast<uint64_t>(position) + 1) * kGolden);
  const uint64_t bits = SplitMixFinalizer(stream + SplitMixFinalizer(counter ^ stream));
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

absl::Status ValidateSamplingParams(const SamplingParams& params, int32_t vocab_size) {
  if (vocab_size <= 0) return InvalidArgument("vocab_size is {}; it must be above 0.", vocab_size);
  if (!InRange(params.temperature, 0.0f, 1000.0f)) {
    return InvalidArgument("temperature is {}; it must be within 0 (greedy) and 1000.", params.temperature);
  }
  if (params.top_k < 0) return InvalidArgument("top_k is {}; it must be 0 (no limit) or above.", params.top_k);
  if (!InRange(params.top_p, std::numeric_limits<float>::min(), 1.0f)) {
    return InvalidArgument("top_p is {}; it must be above 0 and at most 1.", params.top_p);
  }
  if (!InRange(params.min_p, 0.0f, 1.0f)) {
    return InvalidArgument("min_p is {}; it must be within 0 and 1.", params.min_p);
  }
  if (!InRange(params.repetition_penalty, 1e-3f, 1e3f)) {
    return InvalidArgument("repetition_penalty is {}; it must be within 0.001 and 1000 (1 is none).",
                           params.repetition_penalty);
  }
  if (!InRange(params.presence_penalty, -2.0f, 2.0f)) {
    return InvalidArgument("presence_penalty is {}; it must be within -2 and 2.", params.presence_penalty);
  }
  if (!InRange(params.frequency_penalty, -2.0f, 2.0f)) {
    return InvalidArgument("frequency_penalty is {}; it must be within -2 and 2.", params.frequency_penalty);
  }
  if (params.logprobs < 0 || params.logprobs > kMaxLogprobs) {
    return InvalidArgument("logprobs is {}; it must be within 0 and {}.", params.logprobs, kMaxLogprobs);
  }
  std::set<int32_t> biased;
  for (const auto& [token, bias] : params.logit_bias) {
    if (token < 0 || token >= vocab_size) {
      return InvalidArgument("logit_bias names token {}, outside the vocabulary of {} tokens.", token, vocab_size);
    }
    if (!InRange(bias, -1000.0f, 1000.0f)) {
      return InvalidArgument("logit_bias of token {} is {}; it must be within -1000 and 1000.", token, bias);
    }
    if (!biased.insert(token).second) return InvalidArgument("logit_bias names token {} twice.", token);
  }
  return absl::OkStatus();
}

Sampler::Sampler(SamplingParams params, int32_t vocab_size)
    : params_(std::move(params)),
      vocab_size_(vocab_size),
      inverse_temperature_(params_.temperature < kGreedyTemperature ? 0.0f : 1.0f / params_.temperature),
      has_penalty_(params_.repetition_penalty != 1.0f || params_.presence_penalty != 0.0f ||
                   params_.frequency_penalty != 0.0f) {}

absl::StatusOr<TokenChoice> Sampler::Choose(std::span<const float> logits, std::span<const int32_t> prompt,
                                            std::span<const int32_t> generated, int64_t position) {
  if (logits.size() != static_cast<size_t>(vocab_size_)) {
    return InvalidArgument("The row has {} logits; this request samples from {}.", logits.size(), vocab_size_);
  }
  if (has_penalty_) ETD_RETURN_IF_ERROR(counts_.Update(prompt, generated, vocab_size_));
  const std::span<const float> adjusted = Adjust(logits);
  const Maximum maximum = FindMaximum(adjusted);
  if (maximum.has_nan || maximum.value == kInfinity) {
    return Internal("The model's logits for position {} hold {}; the model or its input is broken.", position,
                    maximum.has_nan ? "NaN" : "+infinity");
  }
  if (maximum.value == -kInfinity) {
    return Internal("All of the model's logits for position {} are -infinity; no token can be chosen.", position);
  }
  TokenChoice choice;
  choice.token = inverse_temperature_ == 0.0f
                     ? static_cast<int32_t>(maximum.index)
                     : Draw(adjusted, maximum.value, UniformAt(params_.seed, position));
  if (params_.report_logprob || params_.logprobs > 0) Report(logits, &choice);
  return choice;
}

std::span<const float> Sampler::Adjust(std::span<const float> logits) {
  if (!has_penalty_ && params_.logit_bias.empty()) return logits;
  adjusted_.assign(logits.begin(), logits.end());
  for (const auto& [token, bias] : params_.logit_bias) adjusted_[static_cast<size_t>(token)] += bias;
  if (has_penalty_) {
    counts_.Apply({params_.repetition_penalty, params_.presence_penalty, params_.frequency_penalty}, adjusted_);
  }
  return adjusted_;
}

int32_t Sampler::Draw(std::span<const float> logits, float maximum, double uniform) {
  const bool top_k = params_.top_k > 0 && params_.top_k < vocab_size_;
  const bool top_p = params_.top_p < 1.0f;
  if (!top_k && !top_p && params_.min_p == 0.0f) return DrawFromAll(logits, maximum, uniform);
  if (top_k) {
    CollectTopK(logits, maximum, static_cast<size_t>(params_.top_k));
    double total = 0;
    for (Candidate& candidate : candidates_) {
      candidate.weight = ExpNegative((candidate.logit - maximum) * inverse_temperature_);
      total += static_cast<double>(candidate.weight);
    }
    if (top_p) KeepTopP(static_cast<double>(params_.top_p) * total);
  } else if (top_p) {
    CollectTopP(logits, maximum);
  } else {
    // One unit of slack, since the exact test is on the rounded weight below.
    Collect(logits, maximum + (std::log(params_.min_p) - 1.0f) * params_.temperature);
    for (Candidate& candidate : candidates_) {
      candidate.weight = ExpNegative((candidate.logit - maximum) * inverse_temperature_);
    }
  }
  if (params_.min_p > 0.0f) {
    std::erase_if(candidates_, [this](const Candidate& candidate) { return candidate.weight < params_.min_p; });
  }
  double kept = 0;
  for (const Candidate& candidate : candidates_) kept += static_cast<double>(candidate.weight);
  double rest = uniform * kept;
  int32_t last = 0;
  for (const Candidate& candidate : candidates_) {
    if (candidate.weight == 0.0f) continue;
    last = candidate.token;
    rest -= static_cast<double>(candidate.weight);
    if (rest < 0) break;
  }
  return last;
}

int32_t Sampler::DrawFromAll(std::span<const float> logits, float maximum, double uniform) {
  weights_.resize(logits.size());
  block_sums_.resize((logits.size() + kLogitBlock - 1) / kLogitBlock);
  double rest = uniform * ExpRow(logits, maximum, inverse_temperature_, weights_, block_sums_);
  // The last block with any weight takes what rounding left over.
  size_t block = 0;
  for (size_t i = 0; i < block_sums_.size(); ++i) {
    if (block_sums_[i] == 0) continue;
    block = i;
    if (rest < block_sums_[i]) break;
    rest -= block_sums_[i];
  }
  size_t chosen = block * kLogitBlock;
  for (size_t i = chosen; i < std::min(logits.size(), (block + 1) * kLogitBlock); ++i) {
    if (weights_[i] == 0.0f) continue;
    chosen = i;
    rest -= static_cast<double>(weights_[i]);
    if (rest < 0) break;
  }
  return static_cast<int32_t>(chosen);
}

// Fills candidates_ with the tokens whose logit is at least `threshold` and finite; their weights stay 0.
void Sampler::Collect(std::span<const float> logits, float threshold) {
  constexpr size_t kLanes = 16;
  threshold = std::max(threshold, -std::numeric_limits<float>::max());
  candidates_.resize(logits.size());
  size_t count = 0;
  // Without a branch: how often it would be taken is anybody's guess.
  const auto take = [&](size_t i) {
    candidates_[count] = {logits[i], 0.0f, static_cast<int32_t>(i)};
    count += logits[i] >= threshold ? 1 : 0;
  };
  size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes) {
    if (!AnyAtLeast(logits.data() + i, threshold)) continue;
    for (size_t lane = 0; lane < kLanes; ++lane) take(i + lane);
  }
  for (; i < logits.size(); ++i) take(i);
  candidates_.resize(count);
}

void Sampler::CollectTopK(std::span<const float> logits, float maximum, size_t k) {
  float threshold = -kInfinity;
  for (const float reach : kReach) {
    const float bound = maximum - reach * std::max(1.0f, params_.temperature);
    if (CountAtLeast(logits, bound) < k) continue;
    threshold = bound;
    break;
  }
  Collect(logits, threshold);
  KeepLikeliest(static_cast<double>(k), [](const Candidate&) { return 1.0; });
}

void Sampler::CollectTopP(std::span<const float> logits, float maximum) {
  weights_.resize(logits.size());
  block_sums_.resize((logits.size() + kLogitBlock - 1) / kLogitBlock);
  const double total = ExpRow(logits, maximum, inverse_temperature_, weights_, block_sums_);
  const double wanted = static_cast<double>(params_.top_p) * total;
  float threshold = -kInfinity;
  for (const float reach : kReach) {
    const float bound = maximum - reach * params_.temperature;
    if (SumWhereAtLeast(logits, bound, weights_) < wanted) continue;
    threshold = bound;
    break;
  }
  Collect(logits, threshold);
  for (Candidate& candidate : candidates_) candidate.weight = weights_[static_cast<size_t>(candidate.token)];
  KeepTopP(wanted);
}

void Sampler::KeepTopP(double wanted) {
  KeepLikeliest(wanted, [](const Candidate& candidate) { return static_cast<double>(candidate.weight); });
}

// Keeps the shortest prefix, by descending probability, whose measure reaches `wanted`. The candidates are counted into
// bins by logit, and only the bin in which the prefix ends is sorted: a flat distribution can keep tens of thousands.
template <typename Measure>
void Sampler::KeepLikeliest(double wanted, Measure measure) {
  if (candidates_.empty()) return;
  float low = candidates_[0].logit;
  float high = low;
  for (const Candidate& candidate : candidates_) {
    low = candidate.logit < low ? candidate.logit : low;
    high = candidate.logit > high ? candidate.logit : high;
  }
  constexpr size_t kBins = 512;
  const float scale = high - low > 0 && high - low < kInfinity ? static_cast<float>(kBins) / (high - low) : 0.0f;
  const auto bin_of = [&](const Candidate& candidate) {
    return scale == 0.0f ? 0 : std::min(kBins - 1, static_cast<size_t>((high - candidate.logit) * scale));
  };
  std::array<double, kBins> bins{};
  for (const Candidate& candidate : candidates_) bins[bin_of(candidate)] += measure(candidate);
  size_t bin = 0;
  double before = 0;
  while (bin + 1 < kBins && before + bins[bin] < wanted) before += bins[bin++];
  scratch_.clear();
  for (const Candidate& candidate : candidates_) {
    if (bin_of(candidate) == bin) scratch_.push_back(candidate);
  }
  if (scratch_.empty()) return;  // all of them do not reach `wanted`
  std::sort(scratch_.begin(), scratch_.end(), Before);
  size_t last = 0;
  before += measure(scratch_[0]);
  while (last + 1 < scratch_.size() && before < wanted) before += measure(scratch_[++last]);
  const Candidate cut = scratch_[last];
  std::erase_if(candidates_, [&cut](const Candidate& candidate) { return Before(cut, candidate); });
}

void Sampler::Report(std::span<const float> logits, TokenChoice* choice) {
  weights_.resize(logits.size());
  block_sums_.resize((logits.size() + kLogitBlock - 1) / kLogitBlock);
  const float maximum = FindMaximum(logits).value;
  const double log_sum = std::log(ExpRow(logits, maximum, 1.0f, weights_, block_sums_));
  const auto logprob = [&](float logit) {
    return static_cast<float>(static_cast<double>(logit) - static_cast<double>(maximum) - log_sum);
  };
  choice->logprob = logprob(logits[static_cast<size_t>(choice->token)]);
  if (params_.logprobs == 0) return;
  CollectTopK(logits, maximum, static_cast<size_t>(params_.logprobs));
  std::sort(candidates_.begin(), candidates_.end(), Before);
  choice->top_logprobs.reserve(candidates_.size());
  for (const Candidate& candidate : candidates_) {
    choice->top_logprobs.emplace_back(candidate.token, logprob(candidate.logit));
  }
}

}  // namespace etd::text
