// Patterns that split or replace text: a literal string or a regular expression.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_PATTERN_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_PATTERN_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/text/tokenizer/json_object.h"
#include "runtime/text/tokenizer/regex.h"
#include "runtime/text/tokenizer/segments.h"

namespace etd::text {

// Immutable and thread-safe.
class Pattern {
 public:
  // From the field "pattern": {"String": …} or {"Regex": …}.
  static absl::StatusOr<Pattern> Read(JsonObject& object);
  static absl::StatusOr<Pattern> FromRegex(const std::string& regex);
  static Pattern Literal(std::string literal);

  // Appends all matches in `text`, left to right. Errors: see Regex::FindAll.
  absl::Status FindAll(std::string_view text, std::vector<Match>& matches) const;

  // The literal, or the regular expression as written in the file.
  const std::string& source() const { return source_; }
  bool is_literal() const { return !regex_.has_value(); }

 private:
  std::string source_;
  std::optional<Regex> regex_;
};

// A stretch of a text: what a pattern matched, or what stands between two matches.
struct Stretch {
  size_t begin;
  size_t end;
  bool matched;
};

// All of [0, size) as stretches; empty matches included.
std::vector<Stretch> Stretches(const std::vector<Match>& matches, size_t size);

// What becomes of the delimiter when a text is split.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };
absl::StatusOr<SplitBehavior> ReadSplitBehavior(JsonObject& object, std::optional<std::string> fallback = std::nullopt);

// Appends the non-empty parts of `piece` to `out`.
void AppendSplit(const Piece& piece, std::vector<Stretch> stretches, SplitBehavior behavior, std::vector<Piece>& out);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_PATTERN_H_
