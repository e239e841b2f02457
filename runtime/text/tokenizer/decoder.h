// Decoders of a tokenizer file: they turn tokens back into text, one token after the other.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_DECODER_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_DECODER_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/text/tokenizer/json_object.h"

namespace etd::text {

// Takes tokens as they come: Begin, any number of Text (each whole characters), End, for each; then one Finish.
class TokenSink {
 public:
  virtual ~TokenSink() = default;
  virtual void Begin() = 0;
  virtual void Text(std::string_view text) = 0;
  virtual void End() = 0;
  virtual void Finish() = 0;

  void Whole(std::string_view token) {
    Begin();
    if (!token.empty()) Text(token);
    End();
  }
};

// Makes the stage of one stream. Immutable and thread-safe.
class Decoder {
 public:
  virtual ~Decoder() = default;

  // A stage that hands what it decodes to `next` as soon as no later token can change it.
  // `next` and this decoder outlive the stage.
  virtual std::unique_ptr<TokenSink> Start(TokenSink& next) const = 0;
};

// The decoders that `object` describes, sequences flattened, first one first.
// Errors: INVALID_ARGUMENT naming the place.
absl::StatusOr<std::vector<std::unique_ptr<Decoder>>> ReadDecoders(JsonObject& object);

// What stands for a file's missing decoder: tokens joined by spaces.
std::unique_ptr<Decoder> MakeSpaceJoiner();

// All stages of one stream, ending in a string.
class DecodeChain {
 public:
  // `decoders` outlives this object.
  explicit DecodeChain(const std::vector<std::unique_ptr<Decoder>>& decoders);
  DecodeChain(const DecodeChain&) = delete;
  DecodeChain& operator=(const DecodeChain&) = delete;

  void Push(std::string_view token) { first_->Whole(token); }
  void Finish() { first_->Finish(); }
  // What became final since the last call.
  std::string Take() { return std::exchange(output_.text, std::string()); }

 private:
  struct Output : TokenSink {
    void Begin() override {}
    void Text(std::string_view part) override { text += part; }
    void End() override {}
    void Finish() override {}
    std::string text;
  };

  Output output_;
  std::vector<std::unique_ptr<TokenSink>> stages_;  // last one first
  TokenSink* first_;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_DECODER_H_
