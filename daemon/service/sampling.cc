#include "daemon/service/sampling.h"

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

#include "runtime/base/status.h"

namespace etd::service {
namespace {

class SamplerChooser final : public scheduler::Chooser {
 public:
  SamplerChooser(const text::SamplingParams& params, int32_t vocab_size) : sampler_(params, vocab_size) {}

  absl::StatusOr<engine::TokenChoice> Choose(std::span<const float> logits, std::span<const int32_t> prompt,
                                             std::span<const int32_t> generated, int64_t position) override {
    ETD_ASSIGN_OR_RETURN(text::TokenChoice choice, sampler_.Choose(logits, prompt, generated, position));
    return engine::TokenChoice{
        .token = choice.token, .logprob = choice.logprob, .top_logprobs = std::move(choice.top_logprobs)};
  }

 private:
  text::Sampler sampler_;
};

template <typename T>
void Take(bool has, T value, T* target) {
  if (has) *target = value;
}

}  // namespace

absl::StatusOr<text::SamplingParams> SamplingOf(const v1::GenerateRequest& request,
                                                const models::GenerationDefaults& defaults, uint64_t seed,
                                                int32_t vocab_size) {
  const v1::Sampling& wish = request.sampling();
  text::SamplingParams params;
  params.temperature = defaults.temperature.value_or(params.temperature);
  params.top_k = defaults.top_k.value_or(params.top_k);
  params.top_p = defaults.top_p.value_or(params.top_p);
  params.min_p = defaults.min_p.value_or(params.min_p);
  params.repetition_penalty = defaults.repetition_penalty.value_or(params.repetition_penalty);
  constexpr uint32_t kMaxInt = std::numeric_limits<int32_t>::max();
  Take(wish.has_temperature(), wish.temperature(), &params.temperature);
  Take(wish.has_top_k(), static_cast<int32_t>(std::min(wish.top_k(), kMaxInt)), &params.top_k);
  Take(wish.has_top_p(), wish.top_p(), &params.top_p);
  Take(wish.has_min_p(), wish.min_p(), &params.min_p);
  Take(wish.has_repetition_penalty(), wish.repetition_penalty(), &params.repetition_penalty);
  Take(wish.has_presence_penalty(), wish.presence_penalty(), &params.presence_penalty);
  Take(wish.has_frequency_penalty(), wish.frequency_penalty(), &params.frequency_penalty);
  for (const auto& [token, bias] : wish.logit_bias()) params.logit_bias.emplace_back(token, bias);
  std::sort(params.logit_bias.begin(), params.logit_bias.end());
  params.seed = wish.has_seed() ? wish.seed() : seed;
  params.report_logprob = request.has_logprobs();
  params.logprobs = static_cast<int32_t>(std::min(request.logprobs(), kMaxInt));
  ETD_RETURN_IF_ERROR(text::ValidateSamplingParams(params, vocab_size));
  return params;
}

std::unique_ptr<scheduler::Chooser> NewChooser(const text::SamplingParams& params, int32_t vocab_size) {
  return std::make_unique<SamplerChooser>(params, vocab_size);
}

uint64_t RandomSeed() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

}  // namespace etd::service
