// What utf8proc does not tell about characters: case mappings to several characters, and properties beyond the general
// category. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_CASE_TABLES_H_
#define ETD_RUNTIME_TEXT_CHAT_CASE_TABLES_H_

#include <string_view>

namespace etd::text {

struct CodePointRange {
  char32_t first;
  char32_t last;  // included
};

struct SpecialCase {
  char32_t from;
  std::u32string_view upper;
  std::u32string_view title;
};

// Lower and upper case characters outside the categories Ll and Lu.
bool IsOtherLowercase(char32_t c);
bool IsOtherUppercase(char32_t c);
// Digits outside Nd (such as superscripts), numbers outside Nd, Nl and No (such as ideographs).
bool IsOtherDigit(char32_t c);
bool IsOtherNumeric(char32_t c);
// The mapping of a character whose upper or title case has more than one character, or null.
const SpecialCase* FindSpecialCase(char32_t c);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_CASE_TABLES_H_
