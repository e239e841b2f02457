#include "runtime/text/tokenizer/scanners.h"

#include <array>
#include <cstdint>

#include "runtime/text/tokenizer/char_class.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {

const std::string_view kByteLevelPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

constexpr std::string_view kThreeDigitPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kOneDigitPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// The classes the patterns tell apart; kOther is [^\s\p{L}\p{N}].
enum Kind : uint8_t { kLetterKind, kNumberKind, kSpaceKind, kOther, kNone };

Kind KindOf(char32_t code_point) {
  const uint16_t flags = CharFlags(code_point);
  if ((flags & kLetter) != 0) return kLetterKind;
  if ((flags & kNumber) != 0) return kNumberKind;
  return (flags & kSpace) != 0 ? kSpaceKind : kOther;
}

std::array<Kind, 128> MakeAsciiKinds() {
  std::array<Kind, 128> kinds{};
  for (char32_t c = 0; c < 128; ++c) kinds[c] = KindOf(c);
  return kinds;
}

// A character of the text: its class and where it ends. kNone at the end of the text.
struct Char {
  Kind kind;
  size_t end;
};

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  Char At(size_t at) const {
    if (at >= text_.size()) return {kNone, at};
    const auto byte = static_cast<unsigned char>(text_[at]);
    if (byte < 128) return {Kinds()[byte], at + 1};
    size_t end = at;
    const Kind kind = KindOf(NextCodePoint(text_, end));
    return {kind, end};
  }

  // End of the run of `kind` from `at` on.
  size_t RunEnd(size_t at, Kind kind) const {
    for (Char c = At(at); c.kind == kind; c = At(at)) at = c.end;
    return at;
  }

  bool IsByte(size_t at, char byte) const { return at < text_.size() && text_[at] == byte; }
  bool IsNewline(size_t at) const { return IsByte(at, '\n') || IsByte(at, '\r'); }

 private:
  static const std::array<Kind, 128>& Kinds() {
    static const std::array<Kind, 128> kinds = MakeAsciiKinds();
    return kinds;
  }

  std::string_view text_;
};

// End of 's 't 're 've 'm 'll 'd at `at`, or 0.
size_t ContractionEnd(std::string_view text, size_t at, bool any_case) {
  if (text[at] != '\'' || at + 1 >= text.size()) return 0;
  const auto letter = [&](size_t i) {
    const char c = i < text.size() ? text[i] : '\0';
    return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  const char first = letter(at + 1), second = letter(at + 2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
  if ((first == 'r' || first == 'v') && second == 'e') return at + 3;
  if (first == 'l' && second == 'l') return at + 3;
  // U+017F is an s to case-insensitive matching.
  if (any_case && text.substr(at + 1, 2) == "\xC5\xBF") return at + 3;
  return 0;
}

// \s+(?!\S)|\s+ on the run [at, end) of spaces.
size_t SpacesEnd(std::string_view text, size_t at, size_t end) {
  if (end == text.size()) return end;
  const size_t last = PreviousStart(text, end);
  return last > at ? last : end;
}

size_t ScanByteLevel(std::string_view text, size_t at) {
  const Cursor cursor(text);
  if (const size_t end = ContractionEnd(text, at, false); end != 0) return end;
  const Char first = cursor.At(at);
  if (first.kind != kSpaceKind) return cursor.RunEnd(first.end, first.kind);
  if (text[at] == ' ') {
    const Char second = cursor.At(first.end);
    if (second.kind != kSpaceKind && second.kind != kNone) return cursor.RunEnd(second.end, second.kind);
  }
  return SpacesEnd(text, at, cursor.RunEnd(first.end, kSpaceKind));
}

// The family with up to `max_digits` numbers in a row.
size_t ScanWithDigits(std::string_view text, size_t at, int max_digits) {
  const Cursor cursor(text);
  if (const size_t end = ContractionEnd(text, at, true); end != 0) return end;
  const Char first = cursor.At(at);
  if (first.kind == kLetterKind) return cursor.RunEnd(first.end, kLetterKind);
  if (first.kind == kNumberKind) {
    size_t end = first.end;
    for (int digits = 1; digits < max_digits; ++digits) {
      const Char next = cursor.At(end);
      if (next.kind != kNumberKind) break;
      end = next.end;
    }
    return end;
  }
  const Char second = cursor.At(first.end);
  if (second.kind == kLetterKind && !cursor.IsNewline(at)) return cursor.RunEnd(second.end, kLetterKind);
  if (first.kind == kOther || (text[at] == ' ' && second.kind == kOther)) {
    size_t end = cursor.RunEnd(first.end, kOther);
    while (cursor.IsNewline(end)) ++end;
    return end;
  }
  const size_t run_end = cursor.RunEnd(first.end, kSpaceKind);
  // \s*[\r\n]+ ends behind the run's last newline.
  for (size_t end = run_end; end > at; --end) {
    if (cursor.IsNewline(end - 1)) return end;
  }
  return SpacesEnd(text, at, run_end);
}

size_t ScanThreeDigits(std::string_view text, size_t at) { return ScanWithDigits(text, at, 3); }
size_t ScanOneDigit(std::string_view text, size_t at) { return ScanWithDigits(text, at, 1); }

}  // namespace

Scanner FindScanner(std::string_view pattern) {
  if (pattern == kByteLevelPattern) return ScanByteLevel;
  if (pattern == kThreeDigitPattern) return ScanThreeDigits;
  if (pattern == kOneDigitPattern) return ScanOneDigit;
  return nullptr;
}

}  // namespace etd::text
