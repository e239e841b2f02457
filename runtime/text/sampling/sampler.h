// From a row of logits to the next token: penalties, temperature, truncation and the seeded draw.
#ifndef ETD_RUNTIME_TEXT_SAMPLING_SAMPLER_H_
#define ETD_RUNTIME_TEXT_SAMPLING_SAMPLER_H_

#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/text/sampling/penalties.h"

namespace etd::text {

// How one request draws its tokens. The defaults are greedy decoding of the model's own distribution.
struct SamplingParams {
  // 0 (or anything below kGreedyTemperature) is greedy: the highest logit after bias and penalties, lowest id first.
  float temperature = 0;
  int32_t top_k = 0;   // keep the k most likely tokens; 0 keeps all
  float top_p = 1;     // keep the smallest set of most likely tokens whose probability reaches top_p; (0, 1]
  float min_p = 0;     // keep tokens at least min_p times as likely as the most likely one; [0, 1]
  float repetition_penalty = 1;  // > 0; divides positive and multiplies negative logits of tokens in prompt or output
  float presence_penalty = 0;    // [-2, 2]; subtracted once from every token in the output
  float frequency_penalty = 0;   // [-2, 2]; subtracted for each time a token stands in the output
  std::vector<std::pair<int32_t, float>> logit_bias = {};  // token id, what is added to its logit; each id at most once
  uint64_t seed = 0;
  int32_t logprobs = 0;         // how many of the most likely tokens to report at each position, 0 … 20
  bool report_logprob = false;  // report the chosen token's log probability even if `logprobs` is 0
};

inline constexpr float kGreedyTemperature = 1e-5f;
inline constexpr int32_t kMaxLogprobs = 20;

// InvalidArgument that names the field and its range if a field is out of it. `vocab_size` is the number of logits.
absl::Status ValidateSamplingParams(const SamplingParams& params, int32_t vocab_size);

struct TokenChoice {
  int32_t token = 0;
  // Natural logarithms of the probabilities that the *model* gives: the log-softmax of the logits as they came in, before
  // bias, penalties, temperature and truncation. NaN unless `report_logprob` or `logprobs` asked for it.
  float logprob = std::numeric_limits<float>::quiet_NaN();
  // The `logprobs` most likely tokens by the same measure, most likely first, lowest id first among equals; tokens of
  // probability 0 are left out.
  std::vector<std::pair<int32_t, float>> top_logprobs = {};
};

// Draws the tokens of one request. Keeps buffers between calls: after the first call nothing is allocated, apart from
// reported logprobs and the amortised growth of the penalties' history. One thread at a time.
//
// Order of operations: logit bias, repetition, frequency and presence penalty, temperature, top-k, top-p (of what top-k
// left, normalised), min-p, draw. The draw is inverse transform sampling over the kept tokens in id order with
// UniformAt(seed, position), so that a token depends on its logits, its history, the seed and its position alone,
// not on what was drawn before, nor on the batch it was drawn in.
class Sampler {
 public:
  // `params` must have passed ValidateSamplingParams for the same `vocab_size`.
  Sampler(SamplingParams params, int32_t vocab_size);

  // `logits`: one row, `vocab_size` long. `prompt` and `generated`: the token ids before this position, read only when a
  // penalty is set; they may grow, shrink or change between calls. `position`: absolute position of the drawn token.
  // InvalidArgument: wrong row length, a history id outside the vocabulary. Internal: the logits hold NaN or +infinity or
  // nothing above -infinity, which is a fault of the model.
  absl::StatusOr<TokenChoice> Choose(std::span<const float> logits, std::span<const int32_t> prompt,
                                     std::span<const int32_t> generated, int64_t position);

 private:
  struct Candidate {
    float logit;
    float weight;  // exp((logit - maximum) / temperature)
    int32_t token;
  };
  static bool Before(const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
  }

  std::span<const float> Adjust(std::span<const float> logits);
  int32_t Draw(std::span<const float> logits, float maximum, double uniform);
  int32_t DrawFromAll(std::span<const float> logits, float maximum, double uniform);
  void Collect(std::span<const float> logits, float threshold);
  void CollectTopK(std::span<const float> logits, float maximum, size_t k);
  void CollectTopP(std::span<const float> logits, float maximum);
  void KeepTopP(double wanted);
  template <typename Measure>
  void KeepLikeliest(double wanted, Measure measure);
  void Report(std::span<const float> logits, TokenChoice* choice);

  const SamplingParams params_;
  const int32_t vocab_size_;
  const float inverse_temperature_;
  const bool has_penalty_;
  TokenCounts counts_;
  std::vector<float> adjusted_;
  std::vector<float> weights_;
  std::vector<double> block_sums_;
  std::vector<Candidate> candidates_;  // in id order
  std::vector<Candidate> scratch_;
};

// A number in [0, 1) with 53 random bits that is a function of its arguments alone: both go through the SplitMix64
// finaliser (position after a multiplication by an odd constant), are combined and mixed again. Positions of one seed, and
// seeds at one position, give independent streams to any test a sampler could notice.
double UniformAt(uint64_t seed, int64_t position);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_SAMPLING_SAMPLER_H_
