// What a program says about itself as a causal language model: which inputs it has, how far it reaches, where it ends.
#ifndef ETD_RUNTIME_LLM_CAUSAL_LM_SHAPE_H_
#define ETD_RUNTIME_LLM_CAUSAL_LM_SHAPE_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/program/program.h"

namespace etd::llm {

struct CausalLmShape {
  const program::MethodSpec* method = nullptr;  // "forward"
  int64_t max_segment_tokens = 0;
  bool static_tokens = false;       // exactly one token a call
  bool position_per_token = false;  // the second input is [S] positions, else [1]: the first one
  bool logits_per_token = false;    // output [1, S, vocabulary], else [1, vocabulary] of the last token
  int32_t vocabulary = 0;
  int64_t max_context = 0;
  std::vector<int32_t> end_token_ids;
  std::optional<int32_t> begin_token_id;
};

// Errors: FAILED_PRECONDITION where the program is no causal language model, with what it lacks.
absl::StatusOr<CausalLmShape> DescribeCausalLm(const program::Program& program);

// The numbers that a method without inputs and instructions returns ("get_eos_ids"); empty where there is none.
std::vector<int64_t> MetadataInts(const program::Program& program, std::string_view method);

}  // namespace etd::llm

#endif  // ETD_RUNTIME_LLM_CAUSAL_LM_SHAPE_H_
