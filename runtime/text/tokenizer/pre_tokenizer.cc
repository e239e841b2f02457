#include "runtime/text/tokenizer/pre_tokenizer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/text/tokenizer/byte_alphabet.h"
#include "runtime/text/tokenizer/char_class.h"
#include "runtime/text/tokenizer/pattern.h"
#include "runtime/text/tokenizer/scanners.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

// A step that looks at one piece at a time.
class PieceSplitter : public PreTokenizer {
 public:
  absl::Status Apply(Segments& segments) const final {
    std::vector<Piece> pieces;
    pieces.swap(segments.pieces);
    segments.pieces.reserve(pieces.size() * 2);
    for (const Piece& piece : pieces) {
      if (piece.id >= 0) {
        segments.pieces.push_back(piece);
      } else {
        ETD_RETURN_IF_ERROR(Split(piece, segments));
      }
    }
    return absl::OkStatus();
  }

 private:
  // Appends the parts of `piece` (never empty) to `segments.pieces`.
  virtual absl::Status Split(const Piece& piece, Segments& segments) const = 0;
};

class PatternSplit : public PieceSplitter {
 public:
  PatternSplit(Pattern pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

 private:
  absl::Status Split(const Piece& piece, Segments& segments) const override {
    std::vector<Match> matches;
    ETD_RETURN_IF_ERROR(pattern_.FindAll(piece.text, matches));
    if (matches.empty() && !(invert_ && behavior_ == SplitBehavior::kRemoved)) {
      segments.pieces.push_back(piece.Slice(0, piece.text.size()));
      return absl::OkStatus();
    }
    std::vector<Stretch> stretches = Stretches(matches, piece.text.size());
    if (invert_) {
      for (Stretch& stretch : stretches) stretch.matched = !stretch.matched;
    }
    AppendSplit(piece, std::move(stretches), behavior_, segments.pieces);
    return absl::OkStatus();
  }

  Pattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

// Isolated split by a pattern that matches everywhere.
class ScannerSplit : public PieceSplitter {
 public:
  explicit ScannerSplit(Scanner scanner) : scanner_(scanner) {}

 private:
  absl::Status Split(const Piece& piece, Segments& segments) const override {
    for (size_t at = 0; at < piece.text.size();) {
      const size_t end = scanner_(piece.text, at);
      segments.pieces.push_back(piece.Slice(at, end));
      at = end;
    }
    return absl::OkStatus();
  }

  Scanner scanner_;
};

// Every single character with one of `flags` is a delimiter.
class FlagSplit : public PieceSplitter {
 public:
  FlagSplit(uint16_t flags, SplitBehavior behavior) : flags_(flags), behavior_(behavior) {
    for (char32_t c = 0; c < 128; ++c) ascii_[c] = HasFlag(c, flags);
  }

 private:
  bool Matches(std::string_view text, size_t& at) const {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 128) return HasFlag(NextCodePoint(text, at), flags_);
    ++at;
    return ascii_[byte];
  }

  absl::Status Split(const Piece& piece, Segments& segments) const override {
    const std::string_view text = piece.text;
    if (behavior_ != SplitBehavior::kIsolated && behavior_ != SplitBehavior::kRemoved) {
      std::vector<Match> matches;
      for (size_t at = 0; at < text.size();) {
        const size_t begin = at;
        if (Matches(text, at)) matches.push_back({begin, at});
      }
      AppendSplit(piece, Stretches(matches, text.size()), behavior_, segments.pieces);
      return absl::OkStatus();
    }
    size_t done = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t begin = at;
      if (!Matches(text, at)) continue;
      if (done < begin) segments.pieces.push_back(piece.Slice(done, begin));
      if (behavior_ == SplitBehavior::kIsolated) segments.pieces.push_back(piece.Slice(begin, at));
      done = at;
    }
    if (done < text.size()) segments.pieces.push_back(piece.Slice(done, text.size()));
    return absl::OkStatus();
  }

  uint16_t flags_;
  SplitBehavior behavior_;
  bool ascii_[128];
};

// Runs of word characters and runs of what is neither word nor space.
class WhitespaceSplit : public PieceSplitter {
  absl::Status Split(const Piece& piece, Segments& segments) const override {
    const auto kind = [](uint16_t flags) { return (flags & kWord) != 0 ? 1 : (flags & kSpace) != 0 ? 0 : 2; };
    size_t begin = 0;
    int run = 0;
    for (size_t at = 0; at < piece.text.size();) {
      const size_t here = at;
      const int next = kind(CharFlags(NextCodePoint(piece.text, at)));
      if (next == run) continue;
      if (run != 0) segments.pieces.push_back(piece.Slice(begin, here));
      begin = here;
      run = next;
    }
    if (run != 0) segments.pieces.push_back(piece.Slice(begin, piece.text.size()));
    return absl::OkStatus();
  }
};

class FixedLength : public PieceSplitter {
 public:
  explicit FixedLength(size_t length) : length_(length) {}

 private:
  absl::Status Split(const Piece& piece, Segments& segments) const override {
    for (size_t at = 0; at < piece.text.size();) {
      const size_t begin = at;
      for (size_t i = 0; i < length_ && at < piece.text.size(); ++i) at += Utf8Length(piece.text[at]);
      segments.pieces.push_back(piece.Slice(begin, at));
    }
    return absl::OkStatus();
  }

  size_t length_;
};

class PrefixSpace : public PieceSplitter {
  absl::Status Split(const Piece& piece, Segments& segments) const override {
    Piece prefixed = piece;
    if (piece.text[0] != ' ') {
      std::string text(1, ' ');
      text += piece.text;
      prefixed.text = segments.Keep(std::move(text));
      if (prefixed.start_bytes > 0) ++prefixed.start_bytes;
    }
    segments.pieces.push_back(prefixed);
    return absl::OkStatus();
  }
};

class WriteByteAlphabet : public PieceSplitter {
 public:
  bool OnlyWritesByteAlphabet() const override { return true; }

 private:
  absl::Status Split(const Piece& piece, Segments& segments) const override {
    Piece written = piece;
    written.text = segments.Keep(ToByteAlphabet(piece.text));
    if (piece.start_bytes > 0) {
      written.start_bytes = ToByteAlphabet(piece.text.substr(0, piece.start_bytes)).size();
    }
    segments.pieces.push_back(written);
    return absl::OkStatus();
  }
};

class Metaspace : public PieceSplitter {
 public:
  enum class Prepend { kNever, kFirst, kAlways };
  Metaspace(char32_t replacement, Prepend prepend, bool split) : prepend_(prepend), split_(split) {
    AppendUtf8(replacement, replacement_);
  }

 private:
  absl::Status Split(const Piece& piece, Segments& segments) const override {
    Piece changed = piece;
    changed.start_bytes = 0;
    std::string text;
    text.reserve(piece.text.size() * 2 + replacement_.size());
    for (size_t at = 0; at < piece.text.size(); ++at) {
      if (piece.text[at] == ' ') {
        text += replacement_;
      } else {
        text += piece.text[at];
      }
      if (at < piece.start_bytes) changed.start_bytes = text.size();
    }
    const bool wanted =
        prepend_ == Prepend::kAlways || (prepend_ == Prepend::kFirst && piece.at_start);
    if (wanted && text.compare(0, replacement_.size(), replacement_) != 0) {
      text.insert(0, replacement_);
      if (changed.start_bytes > 0) changed.start_bytes += replacement_.size();
    }
    changed.text = segments.Keep(std::move(text));
    if (!split_) {
      segments.pieces.push_back(changed);
      return absl::OkStatus();
    }
    // Each replacement begins a part, with all that follows it.
    size_t begin = 0;
    for (size_t at = changed.text.find(replacement_); at != std::string_view::npos;
         at = changed.text.find(replacement_, at + replacement_.size())) {
      if (at > begin) segments.pieces.push_back(changed.Slice(begin, at));
      begin = at;
    }
    segments.pieces.push_back(changed.Slice(begin, changed.text.size()));
    return absl::OkStatus();
  }

  std::string replacement_;
  Prepend prepend_;
  bool split_;
};

using Steps = std::vector<std::unique_ptr<PreTokenizer>>;

absl::Status ReadSequence(JsonObject& object, Steps& steps) {
  ETD_ASSIGN_OR_RETURN(std::vector<JsonObject> parts, object.Objects("pretokenizers"));
  for (JsonObject& part : parts) {
    ETD_ASSIGN_OR_RETURN(Steps made, ReadPreTokenizers(part));
    std::move(made.begin(), made.end(), std::back_inserter(steps));
  }
  return absl::OkStatus();
}

absl::Status ReadByteLevel(JsonObject& object, Steps& steps) {
  ETD_ASSIGN_OR_RETURN(const bool prefix_space, object.Bool("add_prefix_space"));
  ETD_ASSIGN_OR_RETURN(const bool use_regex, object.Bool("use_regex", true));
  object.Ignore("trim_offsets");
  if (prefix_space) steps.push_back(std::make_unique<PrefixSpace>());
  if (use_regex) steps.push_back(std::make_unique<ScannerSplit>(FindScanner(kByteLevelPattern)));
  steps.push_back(std::make_unique<WriteByteAlphabet>());
  return absl::OkStatus();
}

absl::Status ReadSplit(JsonObject& object, Steps& steps) {
  ETD_ASSIGN_OR_RETURN(Pattern pattern, Pattern::Read(object));
  ETD_ASSIGN_OR_RETURN(const SplitBehavior behavior, ReadSplitBehavior(object));
  ETD_ASSIGN_OR_RETURN(const bool invert, object.Bool("invert"));
  const Scanner scanner = pattern.is_literal() ? nullptr : FindScanner(pattern.source());
  const bool keeps_all = behavior == SplitBehavior::kIsolated || (behavior == SplitBehavior::kRemoved && invert);
  if (scanner != nullptr && keeps_all) {
    steps.push_back(std::make_unique<ScannerSplit>(scanner));
  } else {
    steps.push_back(std::make_unique<PatternSplit>(std::move(pattern), behavior, invert));
  }
  return absl::OkStatus();
}

absl::Status ReadMetaspace(JsonObject& object, Steps& steps) {
  ETD_ASSIGN_OR_RETURN(const char32_t replacement, object.Character("replacement"));
  ETD_ASSIGN_OR_RETURN(const std::string scheme, object.String("prepend_scheme", "always"));
  ETD_ASSIGN_OR_RETURN(const bool split, object.Bool("split", true));
  ETD_ASSIGN_OR_RETURN(const bool prefix_space, object.Bool("add_prefix_space", true));
  object.Ignore("str_rep");
  Metaspace::Prepend prepend;
  if (scheme == "always") {
    prepend = Metaspace::Prepend::kAlways;
  } else if (scheme == "first") {
    prepend = Metaspace::Prepend::kFirst;
  } else if (scheme == "never") {
    prepend = Metaspace::Prepend::kNever;
  } else {
    return InvalidArgument("{} is \"{}\", not \"always\", \"first\" or \"never\"", object.PlaceOf("prepend_scheme"),
                           scheme);
  }
  if (!prefix_space && prepend != Metaspace::Prepend::kNever) {
    return InvalidArgument("{}: add_prefix_space contradicts prepend_scheme", object.place());
  }
  steps.push_back(std::make_unique<Metaspace>(replacement, prepend, split));
  return absl::OkStatus();
}

absl::Status ReadByType(JsonObject& object, Steps& steps) {
  ETD_ASSIGN_OR_RETURN(const std::string type, object.String("type"));
  if (type == "Sequence") return ReadSequence(object, steps);
  if (type == "ByteLevel") return ReadByteLevel(object, steps);
  if (type == "Split") return ReadSplit(object, steps);
  if (type == "Metaspace") return ReadMetaspace(object, steps);
  if (type == "Digits") {
    ETD_ASSIGN_OR_RETURN(const bool individual, object.Bool("individual_digits"));
    steps.push_back(std::make_unique<FlagSplit>(
        kNumeric, individual ? SplitBehavior::kIsolated : SplitBehavior::kContiguous));
  } else if (type == "Whitespace") {
    steps.push_back(std::make_unique<WhitespaceSplit>());
  } else if (type == "WhitespaceSplit") {
    steps.push_back(std::make_unique<FlagSplit>(kSpace, SplitBehavior::kRemoved));
  } else if (type == "Punctuation") {
    ETD_ASSIGN_OR_RETURN(const SplitBehavior behavior, ReadSplitBehavior(object, "Isolated"));
    steps.push_back(std::make_unique<FlagSplit>(kPunctuation, behavior));
  } else if (type == "BertPreTokenizer") {
    steps.push_back(std::make_unique<FlagSplit>(kSpace, SplitBehavior::kRemoved));
    steps.push_back(std::make_unique<FlagSplit>(kPunctuation, SplitBehavior::kIsolated));
  } else if (type == "CharDelimiterSplit" || type == "Delimiter") {
    ETD_ASSIGN_OR_RETURN(const char32_t delimiter, object.Character("delimiter"));
    std::string literal;
    AppendUtf8(delimiter, literal);
    steps.push_back(std::make_unique<PatternSplit>(Pattern::Literal(std::move(literal)), SplitBehavior::kRemoved, false));
  } else if (type == "FixedLength") {
    ETD_ASSIGN_OR_RETURN(const int64_t length, object.Integer("length", 1 << 30, 5));
    if (length == 0) return InvalidArgument("{} must not be 0", object.PlaceOf("length"));
    steps.push_back(std::make_unique<FixedLength>(static_cast<size_t>(length)));
  } else {
    return InvalidArgument("{} is \"{}\", a pre-tokenizer this version does not know", object.PlaceOf("type"), type);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::unique_ptr<PreTokenizer>>> ReadPreTokenizers(JsonObject& object) {
  Steps steps;
  ETD_RETURN_IF_ERROR(ReadByType(object, steps));
  ETD_RETURN_IF_ERROR(object.RejectUnknown());
  return steps;
}

}  // namespace etd::text
