// Text by code point, as Python's str sees it. Inside this folder only. All functions take and give valid UTF-8.
#ifndef ETD_RUNTIME_TEXT_CHAT_UNICODE_H_
#define ETD_RUNTIME_TEXT_CHAT_UNICODE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace etd::text {

bool IsValidUtf8(std::string_view text);
bool IsAsciiText(std::string_view text);
// Code points in `text`.
int64_t CountCodePoints(std::string_view text);
// The code point that starts at `*offset`, which moves to the next one.
char32_t NextCodePoint(std::string_view text, size_t* offset);
// Byte offset of code point `index`; text.size() if there are not so many.
size_t ByteOffset(std::string_view text, int64_t index);
void AppendUtf8(char32_t code_point, std::string* out);
std::u32string ToCodePoints(std::string_view text);
std::string FromCodePoints(std::u32string_view code_points);

// Python's str predicates and mappings, with full (not only one to one) case mapping.
bool IsSpace(char32_t c);
bool IsPrintable(char32_t c);
bool IsAlpha(char32_t c);
bool IsDecimal(char32_t c);
bool IsDigit(char32_t c);
bool IsNumeric(char32_t c);
bool IsUpper(char32_t c);
bool IsLower(char32_t c);
bool IsTitle(char32_t c);
bool IsIdentifierStart(char32_t c);
bool IsIdentifierPart(char32_t c);
std::string ToUpper(std::string_view text);
std::string ToLower(std::string_view text);
std::string FoldCase(std::string_view text);
// The title case of one code point, which may be several.
std::string ToTitle(char32_t c);

// What str.strip() removes: `chars` null means white space.
std::string_view Strip(std::string_view text, const std::string* chars, bool left, bool right);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_UNICODE_H_
