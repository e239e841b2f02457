// Normalizers of a tokenizer file.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_NORMALIZER_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_NORMALIZER_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/text/tokenizer/json_object.h"

namespace etd::text {

// What a text may become: steps that multiply it, one after the other, would exhaust the memory.
inline constexpr size_t kMaxNormalizedText = size_t{1} << 25;

// A text under normalisation; see Piece for what `start_bytes` means.
struct NormalizedText {
  std::string text;  // valid UTF-8
  size_t start_bytes = 0;
};

// Immutable and thread-safe.
class Normalizer {
 public:
  virtual ~Normalizer() = default;

  // Changes `text` in place. Errors: a pattern that cannot be matched (see Regex::FindAll), or INVALID_ARGUMENT where
  // the text would become longer than kMaxNormalizedText.
  virtual absl::Status Apply(NormalizedText& text) const = 0;

  // True only if Apply would surely leave `text` as it is; the cheap answer for most texts.
  virtual bool KeepsText(std::string_view text) const = 0;
};

// The normalizer that `object` describes. Errors: INVALID_ARGUMENT naming the place.
absl::StatusOr<std::unique_ptr<Normalizer>> ReadNormalizer(JsonObject& object);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_NORMALIZER_H_
