// Token counts of a request's history, kept up to date as the history grows.
#ifndef ETD_RUNTIME_TEXT_SAMPLING_PENALTIES_H_
#define ETD_RUNTIME_TEXT_SAMPLING_PENALTIES_H_

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/status.h"

namespace etd::text {

struct Penalties {
  float repetition = 1;
  float presence = 0;
  float frequency = 0;
};

// Counts how often each token stands in prompt and output. Update() compares the new history with the one it knows and
// counts only the difference, so a step costs one memcmp and one token, and rewinding works. One thread at a time.
class TokenCounts {
 public:
  // InvalidArgument if an id is outside [0, vocab_size); the counts then start anew at the next call.
  absl::Status Update(std::span<const int32_t> prompt, std::span<const int32_t> generated, int32_t vocab_size);

  // Repetition over prompt and output, frequency and presence over the output, each token of the history once.
  void Apply(const Penalties& penalties, std::span<float> logits) const;

 private:
  struct Count {
    int32_t prompt = 0;
    int32_t generated = 0;
    bool listed = false;
  };
  absl::Status Follow(std::span<const int32_t> now, std::vector<int32_t>* known, int32_t Count::*field);

  std::vector<Count> counts_;     // by token id; sized at the first Update
  std::vector<int32_t> touched_;  // ids that were ever counted, each once
  std::vector<int32_t> prompt_;
  std::vector<int32_t> generated_;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_SAMPLING_PENALTIES_H_
