// A tokenizer as a `tokenizer.json` file describes it, with the results of the Hugging Face `tokenizers` library.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_TOKENIZER_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace etd::text {

struct EncodeOptions {
  // Whether the post-processor adds its special tokens (beginning of text and the like).
  bool add_special_tokens = true;
};

// Immutable and thread-safe.
class Tokenizer {
 public:
  // Errors: INVALID_ARGUMENT naming the place in the file that is damaged or that this version does not know.
  static absl::StatusOr<std::unique_ptr<Tokenizer>> FromJson(std::string_view json);
  // Errors: also those of opening the file; every message begins with `path`.
  static absl::StatusOr<std::unique_ptr<Tokenizer>> FromFile(const std::string& path);
  ~Tokenizer();

  // The ids of `text`. Added tokens in the text, special ones too, are recognised. Errors: INVALID_ARGUMENT where the
  // text is not UTF-8, too long (2^24 bytes), or cannot be expressed in this vocabulary.
  absl::StatusOr<std::vector<int32_t>> Encode(std::string_view text, const EncodeOptions& options = {}) const;

  // The text of `ids`, always valid UTF-8; ids that no token has count as nothing. With `skip_special_tokens` special
  // tokens do so too.
  std::string Decode(std::span<const int32_t> ids, bool skip_special_tokens) const;

  std::optional<int32_t> TokenToId(std::string_view token) const;
  // The view lives as long as the tokenizer.
  std::optional<std::string_view> IdToToken(int32_t id) const;
  bool IsSpecial(int32_t id) const;
  // One more than the largest id in use: what indexes a row of logits.
  int32_t vocab_size() const;

 private:
  friend class StreamingDetokenizer;
  struct Pipeline;
  explicit Tokenizer(std::unique_ptr<const Pipeline> pipeline);

  std::unique_ptr<const Pipeline> pipeline_;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_TOKENIZER_H_
