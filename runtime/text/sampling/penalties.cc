#include "runtime/text/sampling/penalties.h"

#include <algorithm>

namespace etd::text {

absl::Status TokenCounts::Update(std::span<const int32_t> prompt, std::span<const int32_t> generated,
                                 int32_t vocab_size) {
  if (counts_.size() != static_cast<size_t>(vocab_size)) {
    counts_.assign(static_cast<size_t>(vocab_size), Count{});
    touched_.clear();
    prompt_.clear();
    generated_.clear();
  }
  absl::Status status = Follow(prompt, &prompt_, &Count::prompt);
  if (status.ok()) status = Follow(generated, &generated_, &Count::generated);
  if (!status.ok()) counts_.clear();
  return status;
}

absl::Status TokenCounts::Follow(std::span<const int32_t> now, std::vector<int32_t>* known, int32_t Count::*field) {
  const auto [kept, same] = std::mismatch(known->begin(), known->end(), now.begin(), now.end());
  for (auto token = kept; token != known->end(); ++token) --(counts_[static_cast<size_t>(*token)].*field);
  known->erase(kept, known->end());
  for (auto token = same; token != now.end(); ++token) {
    if (*token < 0 || static_cast<size_t>(*token) >= counts_.size()) {
      return InvalidArgument("The history holds token {}, outside the vocabulary of {} tokens.", *token,
                             counts_.size());
    }
    Count& count = counts_[static_cast<size_t>(*token)];
    ++(count.*field);
    if (!count.listed) {
      count.listed = true;
      touched_.push_back(*token);
    }
    known->push_back(*token);
  }
  return absl::OkStatus();
}

void TokenCounts::Apply(const Penalties& penalties, std::span<float> logits) const {
  for (const int32_t token : touched_) {
    const Count& count = counts_[static_cast<size_t>(token)];
    float& logit = logits[static_cast<size_t>(token)];
    if (count.prompt + count.generated > 0) {
      logit = logit > 0 ? logit / penalties.repetition : logit * penalties.repetition;
    }
    if (count.generated > 0) {
      logit -= penalties.frequency * static_cast<float>(count.generated) + penalties.presence;
    }
  }
}

}  // namespace etd::text
