// SentencePiece's precompiled character map: a double-array trie from character sequences to replacements.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_CHARSMAP_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_CHARSMAP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace etd::text {

// Immutable and thread-safe.
class Charsmap {
 public:
  // `base64` as in a tokenizer file. Errors: INVALID_ARGUMENT where it is no such map.
  static absl::StatusOr<Charsmap> FromBase64(std::string_view base64);

  // The replacement of the shortest prefix of `text` that the map knows; nothing where it knows none.
  std::optional<std::string_view> Lookup(std::string_view text) const;

  // `text` (valid UTF-8) with each grapheme cluster of up to 5 bytes, else each character, replaced.
  std::string Apply(std::string_view text) const;

 private:
  std::vector<uint32_t> trie_;
  std::string replacements_;  // each ends with a NUL
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_CHARSMAP_H_
