#include "runtime/text/tokenizer/pattern.h"

#include <algorithm>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

// An empty literal matches between all characters, as the empty regular expression does.
void FindLiteral(std::string_view literal, std::string_view text, std::vector<Match>& matches) {
  if (literal.empty()) {
    for (size_t at = 0;; at += Utf8Length(text[at])) {
      matches.push_back({at, at});
      if (at == text.size()) return;
    }
  }
  for (size_t at = text.find(literal); at != std::string_view::npos; at = text.find(literal, at + literal.size())) {
    matches.push_back({at, at + literal.size()});
  }
}

// Joins a match with the stretch before it; `matched` alternation is judged in reading order.
void MergeWithPrevious(std::vector<Stretch>& stretches) {
  std::vector<Stretch> merged;
  bool previous = false;
  for (const Stretch& stretch : stretches) {
    if (stretch.matched && !previous && !merged.empty()) {
      merged.back().end = stretch.end;
    } else {
      merged.push_back({stretch.begin, stretch.end, false});
    }
    previous = stretch.matched;
  }
  stretches = std::move(merged);
}

void MergeWithNext(std::vector<Stretch>& stretches) {
  std::vector<Stretch> merged;
  bool previous = false;
  for (auto stretch = stretches.rbegin(); stretch != stretches.rend(); ++stretch) {
    if (stretch->matched && !previous && !merged.empty()) {
      merged.back().begin = stretch->begin;
    } else {
      merged.push_back({stretch->begin, stretch->end, false});
    }
    previous = stretch->matched;
  }
  std::reverse(merged.begin(), merged.end());
  stretches = std::move(merged);
}

void MergeContiguous(std::vector<Stretch>& stretches) {
  std::vector<Stretch> merged;
  bool previous = false;
  for (const Stretch& stretch : stretches) {
    if (stretch.matched == previous && !merged.empty()) {
      merged.back().end = stretch.end;
    } else {
      merged.push_back({stretch.begin, stretch.end, false});
    }
    previous = stretch.matched;
  }
  stretches = std::move(merged);
}

}  // namespace

absl::StatusOr<Pattern> Pattern::Read(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(const Json* field, object.Get("pattern"));
  ETD_ASSIGN_OR_RETURN(JsonObject pattern, JsonObject::Of(*field, object.PlaceOf("pattern")));
  const bool is_regex = pattern.Find("Regex") != nullptr;
  ETD_ASSIGN_OR_RETURN(std::string source, pattern.String(is_regex ? "Regex" : "String"));
  ETD_RETURN_IF_ERROR(pattern.RejectUnknown());
  if (is_regex) {
    absl::StatusOr<Pattern> compiled = FromRegex(source);
    if (!compiled.ok()) return Annotate(compiled.status(), object.PlaceOf("pattern"));
    return compiled;
  }
  return Literal(std::move(source));
}

Pattern Pattern::Literal(std::string literal) {
  Pattern result;
  result.source_ = std::move(literal);
  return result;
}

absl::StatusOr<Pattern> Pattern::FromRegex(const std::string& regex) {
  Pattern result;
  ETD_ASSIGN_OR_RETURN(result.regex_, Regex::Compile(regex));
  result.source_ = regex;
  return result;
}

absl::Status Pattern::FindAll(std::string_view text, std::vector<Match>& matches) const {
  if (text.empty()) return absl::OkStatus();
  if (regex_.has_value()) return regex_->FindAll(text, matches);
  FindLiteral(source_, text, matches);
  return absl::OkStatus();
}

std::vector<Stretch> Stretches(const std::vector<Match>& matches, size_t size) {
  std::vector<Stretch> stretches;
  stretches.reserve(matches.size() * 2 + 1);
  size_t at = 0;
  for (const Match& match : matches) {
    if (at != match.begin) stretches.push_back({at, match.begin, false});
    stretches.push_back({match.begin, match.end, true});
    at = match.end;
  }
  if (at != size) stretches.push_back({at, size, false});
  return stretches;
}

absl::StatusOr<SplitBehavior> ReadSplitBehavior(JsonObject& object, std::optional<std::string> fallback) {
  ETD_ASSIGN_OR_RETURN(const std::string name, object.String("behavior", std::move(fallback)));
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  return InvalidArgument("{} is \"{}\", which is no split behavior", object.PlaceOf("behavior"), name);
}

void AppendSplit(const Piece& piece, std::vector<Stretch> stretches, SplitBehavior behavior, std::vector<Piece>& out) {
  switch (behavior) {
    case SplitBehavior::kRemoved:
      break;
    case SplitBehavior::kIsolated:
      for (Stretch& stretch : stretches) stretch.matched = false;
      break;
    case SplitBehavior::kMergedWithPrevious:
      MergeWithPrevious(stretches);
      break;
    case SplitBehavior::kMergedWithNext:
      MergeWithNext(stretches);
      break;
    case SplitBehavior::kContiguous:
      MergeContiguous(stretches);
      break;
  }
  for (const Stretch& stretch : stretches) {
    if (!stretch.matched && stretch.begin != stretch.end) out.push_back(piece.Slice(stretch.begin, stretch.end));
  }
}

}  // namespace etd::text
