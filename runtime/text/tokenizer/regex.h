// A compiled pattern of a tokenizer file.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_REGEX_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_REGEX_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace etd::text {

struct Match {
  size_t begin;
  size_t end;
};

// Immutable and thread-safe.
class Regex {
 public:
  // `pattern` is in Oniguruma's syntax. Errors: INVALID_ARGUMENT with the compiler's reason.
  static absl::StatusOr<Regex> Compile(const std::string& pattern);

  // Appends all matches in `text` (valid UTF-8) from left to right, without overlaps; an empty match directly behind
  // another one is left out. Errors: INVALID_ARGUMENT when matching takes more steps than any sane pattern needs.
  absl::Status FindAll(std::string_view text, std::vector<Match>& matches) const;

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_REGEX_H_
