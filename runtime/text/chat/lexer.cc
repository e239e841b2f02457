#include "runtime/text/chat/lexer.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "runtime/text/chat/string_literal.h"
#include "runtime/text/chat/unicode.h"

namespace etd::text {
namespace {

bool IsDigitByte(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string source) : source_(std::move(source)) {}

  absl::StatusOr<std::vector<Token>> Run() {
    while (position_ < source_.size()) ETD_RETURN_IF_ERROR(LexText());
    Add(TokenKind::kEnd);
    return std::move(tokens_);
  }

 private:
  absl::Status LexText();
  absl::Status LexComment();
  absl::Status LexRaw();
  absl::Status LexTag(bool block);
  absl::StatusOr<bool> LexTagEnd(bool block);
  absl::Status LexNumber();
  absl::Status LexStringToken();
  absl::Status LexName();
  absl::Status LexOperator();

  bool At(std::string_view text, size_t position) const { return source_.compare(position, text.size(), text) == 0; }
  bool At(std::string_view text) const { return At(text, position_); }
  size_t SkipSpace(size_t position) const {
    while (position < source_.size()) {
      size_t next = position;
      if (!IsSpace(NextCodePoint(source_, &next))) break;
      position = next;
    }
    return position;
  }
  void MoveTo(size_t position) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<ptrdiff_t>(position_),
                                         source_.begin() + static_cast<ptrdiff_t>(position), '\n'));
    line_starting_ = position > position_ ? source_[position - 1] == '\n' : line_starting_;
    position_ = position;
  }
  void SkipNewline() {
    if (At("\n")) MoveTo(position_ + 1);
  }
  Token& Add(TokenKind kind, std::string text = "") {
    tokens_.push_back({kind, line_, std::move(text)});
    return tokens_.back();
  }
  std::string_view StripBefore(std::string_view text, char sign, bool variable) const;
  bool MatchRaw(size_t* body) const;

  const std::string source_;
  size_t position_ = 0;
  int line_ = 1;
  bool line_starting_ = true;  // the text before `position_` is empty or ends a line
  std::vector<char> open_;     // closing brackets that are still due in this tag
  std::vector<Token> tokens_;
};

// What is left of the text before a tag whose opening is followed by `sign` ('-', '+' or 0).
std::string_view Lexer::StripBefore(std::string_view text, char sign, bool variable) const {
  if (sign == '-') return Strip(text, nullptr, false, true);
  if (sign == '+' || variable) return text;
  const size_t newline = text.rfind('\n');
  const size_t line = newline == std::string_view::npos ? 0 : newline + 1;
  if (line == 0 && !line_starting_) return text;
  return Strip(text.substr(line), nullptr, true, false).empty() ? text.substr(0, line) : text;
}

char SignAt(std::string_view source, size_t position) {
  if (position >= source.size()) return 0;
  return source[position] == '-' || source[position] == '+' ? source[position] : '\0';
}

absl::Status Lexer::LexText() {
  size_t tag = position_;
  for (;; ++tag) {
    tag = source_.find('{', tag);
    if (tag == std::string::npos || tag + 1 >= source_.size()) {
      Add(TokenKind::kText, source_.substr(position_));
      MoveTo(source_.size());
      return absl::OkStatus();
    }
    const char kind = source_[tag + 1];
    if (kind == '%' || kind == '{' || kind == '#') break;
  }
  const char kind = source_[tag + 1];
  const char sign = SignAt(source_, tag + 2);
  const std::string_view text =
      StripBefore(std::string_view(source_).substr(position_, tag - position_), sign, kind == '{');
  if (!text.empty()) Add(TokenKind::kText, std::string(text));
  MoveTo(tag);
  size_t raw_body = 0;
  if (kind == '%' && MatchRaw(&raw_body)) {
    MoveTo(raw_body);
    return LexRaw();
  }
  MoveTo(tag + 2 + (sign != 0 ? 1 : 0));
  if (kind == '#') return LexComment();
  return LexTag(kind == '%');
}

absl::Status Lexer::LexComment() {
  if (position_ == source_.size()) return absl::OkStatus();  // Jinja, too, lets an opening at the very end pass
  const size_t end = source_.find("#}", position_);
  if (end == std::string::npos) return InvalidArgument("line {}: the comment is not closed with '#}}'", line_);
  const char sign = end > position_ ? SignAt(source_, end - 1) : '\0';
  MoveTo(end + 2);
  if (sign == '-') {
    MoveTo(SkipSpace(position_));
  } else if (sign != '+') {
    SkipNewline();
  }
  return absl::OkStatus();
}

bool Lexer::MatchRaw(size_t* body) const {
  size_t at = position_ + 2;
  if (SignAt(source_, at) != 0) ++at;
  at = SkipSpace(at);
  if (!At("raw", at)) return false;
  at = SkipSpace(at + 3);
  if (At("-%}", at)) {
    *body = SkipSpace(at + 3);
    return true;
  }
  *body = at + 2;
  return At("%}", at);
}

absl::Status Lexer::LexRaw() {
  for (size_t tag = source_.find("{%", position_); tag != std::string::npos; tag = source_.find("{%", tag + 1)) {
    const char sign = SignAt(source_, tag + 2);
    size_t at = SkipSpace(tag + 2 + (sign != 0 ? 1 : 0));
    if (!At("endraw", at)) continue;
    at = SkipSpace(at + 6);
    const char end_sign = SignAt(source_, at);
    if (end_sign != 0) ++at;
    if (!At("%}", at)) continue;
    const std::string_view text =
        StripBefore(std::string_view(source_).substr(position_, tag - position_), sign, false);
    if (!text.empty()) Add(TokenKind::kText, std::string(text));
    MoveTo(at + 2);
    if (end_sign == '-') {
      MoveTo(SkipSpace(position_));
    } else if (end_sign == 0) {
      SkipNewline();
    }
    return absl::OkStatus();
  }
  return InvalidArgument("line {}: the raw block is not closed with endraw", line_);
}

// Whether the tag ends here; moves behind its end.
absl::StatusOr<bool> Lexer::LexTagEnd(bool block) {
  if (!open_.empty()) return false;
  const std::string_view end = block ? "%}" : "}}";
  const char sign = SignAt(source_, position_);
  if (sign == '-' && At(end, position_ + 1)) {
    MoveTo(SkipSpace(position_ + 3));
    return true;
  }
  if (sign == '+' && block && At(end, position_ + 1)) {
    MoveTo(position_ + 3);
    return true;
  }
  if (!At(end)) return false;
  MoveTo(position_ + 2);
  if (block) SkipNewline();
  return true;
}

absl::Status Lexer::LexTag(bool block) {
  const int first_line = line_;
  Add(block ? TokenKind::kBlockBegin : TokenKind::kVariableBegin);
  open_.clear();
  while (position_ < source_.size()) {
    const size_t content = SkipSpace(position_);
    if (content != position_) {
      MoveTo(content);
      continue;
    }
    const size_t end_token = tokens_.size();
    ETD_ASSIGN_OR_RETURN(const bool ended, LexTagEnd(block));
    if (ended) {
      tokens_.insert(tokens_.begin() + static_cast<ptrdiff_t>(end_token),
                     {block ? TokenKind::kBlockEnd : TokenKind::kVariableEnd, line_, ""});
      return absl::OkStatus();
    }
    const char c = source_[position_];
    if (IsDigitByte(c)) {
      ETD_RETURN_IF_ERROR(LexNumber());
    } else if (c == '"' || c == '\'') {
      ETD_RETURN_IF_ERROR(LexStringToken());
    } else {
      size_t next = position_;
      const char32_t code_point = NextCodePoint(source_, &next);
      ETD_RETURN_IF_ERROR(IsIdentifierStart(code_point) ? LexName() : LexOperator());
    }
  }
  return InvalidArgument("line {}: the tag is not closed with '{}'", first_line, block ? "%}" : "}}");
}

absl::Status Lexer::LexName() {
  size_t end = position_;
  while (end < source_.size()) {
    size_t next = end;
    if (!IsIdentifierPart(NextCodePoint(source_, &next))) break;
    end = next;
  }
  Add(TokenKind::kName, source_.substr(position_, end - position_));
  MoveTo(end);
  return absl::OkStatus();
}

absl::Status Lexer::LexOperator() {
  constexpr std::string_view kOperators[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                             "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
  for (const std::string_view op : kOperators) {
    if (!At(op)) continue;
    const char c = op[0];
    if (c == '(' || c == '[' || c == '{') open_.push_back(c == '(' ? ')' : (c == '[' ? ']' : '}'));
    if (c == ')' || c == ']' || c == '}') {
      if (open_.empty() || open_.back() != c) return InvalidArgument("line {}: unexpected '{}'", line_, op);
      open_.pop_back();
    }
    Add(TokenKind::kOperator, std::string(op));
    MoveTo(position_ + op.size());
    return absl::OkStatus();
  }
  size_t next = position_;
  NextCodePoint(source_, &next);
  return InvalidArgument("line {}: unexpected character '{}'", line_, source_.substr(position_, next - position_));
}

absl::Status Lexer::LexStringToken() {
  const char quote = source_[position_];
  size_t end = position_ + 1;
  while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
  if (end >= source_.size()) return InvalidArgument("line {}: the string is not closed with {}", line_, quote);
  auto text = UnescapeLiteral(std::string_view(source_).substr(position_ + 1, end - position_ - 1));
  if (!text.ok()) return Annotate(text.status(), fmt::format("line {}", line_));
  Add(TokenKind::kString, *std::move(text));
  MoveTo(end + 1);
  return absl::OkStatus();
}

// Digits with single underscores between them; returns the end.
size_t DigitsEnd(std::string_view source, size_t at, std::string_view digits) {
  size_t end = at;
  while (end < source.size()) {
    const size_t digit = source[end] == '_' && end > at ? end + 1 : end;
    if (digit >= source.size() || digits.find(source[digit]) == std::string_view::npos) break;
    end = digit + 1;
  }
  return end;
}

absl::Status Lexer::LexNumber() {
  constexpr std::string_view kDecimal = "0123456789";
  const std::string_view source = source_;
  const bool after_dot = position_ > 0 && source[position_ - 1] == '.';
  size_t end = DigitsEnd(source, position_, kDecimal);
  bool real = false;
  if (!after_dot) {
    size_t real_end = end;
    if (real_end + 1 < source.size() && source[real_end] == '.' && IsDigitByte(source[real_end + 1])) {
      real_end = DigitsEnd(source, real_end + 1, kDecimal);
      real = true;
    }
    if (real_end < source.size() && (source[real_end] == 'e' || source[real_end] == 'E')) {
      const size_t digits = real_end + (SignAt(source, real_end + 1) != 0 ? 2 : 1);
      if (digits < source.size() && IsDigitByte(source[digits])) {
        real_end = DigitsEnd(source, digits, kDecimal);
        real = true;
      }
    }
    if (real) end = real_end;
  }
  int base = 10;
  size_t begin = position_;
  if (!real && source[position_] == '0' && position_ + 1 < source.size()) {
    const char prefix = static_cast<char>(source[position_ + 1] | 0x20);
    base = prefix == 'x' ? 16 : (prefix == 'o' ? 8 : (prefix == 'b' ? 2 : 10));
    const std::string_view digits =
        base == 16 ? "0123456789abcdefABCDEF" : std::string_view("01234567").substr(0, base == 8 ? 8 : 2);
    const size_t based = position_ + 2 + (At("_", position_ + 2) ? 1 : 0);
    const size_t based_end = base == 10 ? 0 : DigitsEnd(source, based, digits);
    if (base != 10 && based_end > based) {
      begin = based;
      end = based_end;
    } else {
      base = 10;
      end = DigitsEnd(source, position_, "0");
    }
  }
  std::string digits(source.substr(begin, end - begin));
  std::erase(digits, '_');
  Token& token = Add(real ? TokenKind::kFloat : TokenKind::kInteger);
  const char* last = digits.data() + digits.size();
  if (real) {
    token.real = std::strtod(digits.c_str(), nullptr);
  } else if (std::from_chars(digits.data(), last, token.integer, base).ec != std::errc()) {
    return InvalidArgument("line {}: the number {} is too large", line_, digits);
  }
  MoveTo(end);
  return absl::OkStatus();
}

// Line ends as "\n", and without the last one.
std::string NormalizeSource(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out.push_back('\n');
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out.push_back(source[i]);
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

}  // namespace

absl::StatusOr<std::vector<Token>> Tokenize(std::string_view source) {
  if (!IsValidUtf8(source)) return InvalidArgument("the template is not valid UTF-8");
  return Lexer(NormalizeSource(source)).Run();
}

}  // namespace etd::text
