// UTF-8 on text that is known to be valid, and the check that makes it so.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_UTF8_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace etd::text {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

// What the bytes at the start of `bytes` are.
struct Utf8Prefix {
  enum Kind {
    kCharacter,  // `length` bytes are one character
    kInvalid,    // `length` bytes can never become one: one replacement character
    kIncomplete  // all bytes given are the start of a character whose rest is missing
  };
  Kind kind;
  size_t length;
};
// `bytes` is not empty.
Utf8Prefix ClassifyUtf8(std::string_view bytes);

// Offset of the first byte that is not part of a valid character, or npos.
size_t FindInvalidUtf8(std::string_view text);

void AppendUtf8(char32_t code_point, std::string& out);

// Length of the character that starts with `lead`, in valid UTF-8.
inline size_t Utf8Length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// The character at `offset` of valid UTF-8; `offset` moves behind it.
inline char32_t NextCodePoint(std::string_view text, size_t& offset) {
  const auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[offset + i])); };
  const char32_t lead = byte(0);
  if (lead < 0x80) {
    offset += 1;
    return lead;
  }
  char32_t code_point;
  if (lead < 0xE0) {
    code_point = (lead & 0x1F) << 6 | (byte(1) & 0x3F);
    offset += 2;
  } else if (lead < 0xF0) {
    code_point = (lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    offset += 3;
  } else {
    code_point = (lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    offset += 4;
  }
  return code_point;
}

// Start of the character that ends at `end` (> 0) of valid UTF-8.
inline size_t PreviousStart(std::string_view text, size_t end) {
  do {
    --end;
  } while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  return end;
}

bool IsAscii(std::string_view text);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_UTF8_H_
