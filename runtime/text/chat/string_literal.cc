#include "runtime/text/chat/string_literal.h"

#include <charconv>

#include "runtime/text/chat/unicode.h"

namespace etd::text {
namespace {

constexpr std::string_view kSimpleEscapes = "\\'\"abfnrtv";
constexpr std::string_view kSimpleMeanings = "\\'\"\a\b\f\n\r\t\v";

absl::StatusOr<char32_t> HexCodePoint(std::string_view digits, size_t wanted) {
  uint32_t code_point = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code_point, 16);
  if (digits.size() != wanted || error != std::errc() || end != digits.data() + digits.size()) {
    return InvalidArgument("an escape in the string needs {} hexadecimal digits", wanted);
  }
  if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point < 0xe000)) {
    return InvalidArgument("an escape in the string is no character: {:x}", code_point);
  }
  return static_cast<char32_t>(code_point);
}

// One escape whose backslash stands before `*at`; moves behind it.
absl::Status UnescapeOne(std::string_view literal, size_t* at, std::string* out) {
  const char c = literal[*at];
  if (const size_t simple = kSimpleEscapes.find(c); simple != std::string_view::npos) {
    out->push_back(kSimpleMeanings[simple]);
    ++*at;
  } else if (c == '\n') {
    ++*at;
  } else if (c >= '0' && c <= '7') {
    char32_t code_point = 0;
    for (int digits = 0; digits < 3 && *at < literal.size() && literal[*at] >= '0' && literal[*at] <= '7'; ++digits) {
      code_point = code_point * 8 + static_cast<char32_t>(literal[(*at)++] - '0');
    }
    AppendUtf8(code_point, out);
  } else if (c == 'x' || c == 'u' || c == 'U') {
    const size_t wanted = c == 'x' ? 2 : (c == 'u' ? 4 : 8);
    ETD_ASSIGN_OR_RETURN(const char32_t code_point, HexCodePoint(literal.substr(*at + 1, wanted), wanted));
    AppendUtf8(code_point, out);
    *at += 1 + wanted;
  } else if (c == 'N') {
    return InvalidArgument("escapes by Unicode name (\\N) are not understood; use \\u with the number");
  } else {
    out->push_back('\\');
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> UnescapeLiteral(std::string_view literal) {
  std::string out;
  out.reserve(literal.size());
  for (size_t i = 0; i < literal.size();) {
    if (literal[i] != '\\') {
      out.push_back(literal[i++]);
      continue;
    }
    ++i;
    ETD_RETURN_IF_ERROR(UnescapeOne(literal, &i, &out));
  }
  return out;
}

}  // namespace etd::text
