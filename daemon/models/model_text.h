// The text side of a loaded model, as the service needs it: an interface, so that the store of models knows no
// tokenizer and tests can do without one.
#ifndef ETD_DAEMON_MODELS_MODEL_TEXT_H_
#define ETD_DAEMON_MODELS_MODEL_TEXT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/clock.h"

namespace etd::models {

// What a model's files say about how to generate; absent: not said.
struct GenerationDefaults {
  std::optional<float> temperature;
  std::optional<int32_t> top_k;
  std::optional<float> top_p;
  std::optional<float> min_p;
  std::optional<float> repetition_penalty;
  std::optional<uint32_t> max_tokens;
};

struct ChatInput {
  std::string messages_json;            // an array of message objects
  std::string tools_json;               // an array, or empty
  std::string arguments_json;           // an object of further variables, or empty
  bool add_generation_prompt = true;
};

// Text of one stream of tokens. One thread at a time.
class Detokenizer {
 public:
  virtual ~Detokenizer() = default;
  // What `token` made final; complete UTF-8, often empty.
  virtual std::string Push(int32_t token) = 0;
  // The rest at the end.
  virtual std::string Flush() = 0;
};

// Immutable and thread-safe.
class ModelText {
 public:
  virtual ~ModelText() = default;

  virtual absl::StatusOr<std::vector<int32_t>> Encode(std::string_view text, bool add_special_tokens) const = 0;
  virtual std::string Decode(std::span<const int32_t> tokens, bool skip_special_tokens) const = 0;
  // The token's own text as the vocabulary has it; empty for ids that it has not.
  virtual std::string Piece(int32_t token) const = 0;
  // Borrows this object.
  virtual std::unique_ptr<Detokenizer> NewDetokenizer(bool skip_special_tokens) const = 0;

  virtual bool has_chat_template() const = 0;
  // The prompt of a conversation. Errors: FAILED_PRECONDITION without a template, INVALID_ARGUMENT of the JSON or of
  // the template's own making.
  virtual absl::StatusOr<std::string> RenderChat(const ChatInput& chat, WallTime now) const = 0;

  virtual const GenerationDefaults& defaults() const = 0;
  // End tokens that the model's files name; the engine may know more.
  virtual std::span<const int32_t> end_tokens() const = 0;
};

}  // namespace etd::models

#endif  // ETD_DAEMON_MODELS_MODEL_TEXT_H_
