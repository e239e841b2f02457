#include "runtime/text/chat/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>

#include "runtime/text/chat/case_tables.h"

namespace etd::text {
namespace {

size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

utf8proc_category_t Category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

// Characters that do not separate a letter from the rest of its word, where the form of a sigma is decided.
bool IsCaseIgnorable(char32_t c) {
  switch (Category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return std::u32string_view(U"'.:^`\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a")
                 .find(c) != std::u32string_view::npos;
  }
}

bool IsCased(char32_t c) { return IsUpper(c) || IsLower(c) || IsTitle(c); }

// Whether the capital sigma at `at` ends a word.
bool IsFinalSigma(std::u32string_view text, size_t at) {
  size_t before = at;
  while (before > 0 && IsCaseIgnorable(text[before - 1])) --before;
  if (before == 0 || !IsCased(text[before - 1])) return false;
  size_t after = at + 1;
  while (after < text.size() && IsCaseIgnorable(text[after])) ++after;
  return after == text.size() || !IsCased(text[after]);
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    if (lead < 0xc2 || lead > 0xf4) return false;
    const size_t length = SequenceLength(lead);
    if (text.size() - i < length) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    size_t offset = i;
    const char32_t c = NextCodePoint(text, &offset);
    if ((length == 3 && c < 0x800) || (length == 4 && c < 0x10000) || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
      return false;
    }
    i += length;
  }
  return true;
}

bool IsAsciiText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

int64_t CountCodePoints(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
}

char32_t NextCodePoint(std::string_view text, size_t* offset) {
  const auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[*offset + i])); };
  const char32_t lead = byte(0);
  const size_t length = std::min(SequenceLength(static_cast<unsigned char>(lead)), text.size() - *offset);
  char32_t c = lead;
  if (length == 2) c = ((lead & 0x1f) << 6) | (byte(1) & 0x3f);
  if (length == 3) c = ((lead & 0x0f) << 12) | ((byte(1) & 0x3f) << 6) | (byte(2) & 0x3f);
  if (length == 4) {
    c = ((lead & 0x07) << 18) | ((byte(1) & 0x3f) << 12) | ((byte(2) & 0x3f) << 6) | (byte(3) & 0x3f);
  }
  *offset += length;
  return c;
}

size_t ByteOffset(std::string_view text, int64_t index) {
  size_t offset = 0;
  while (index > 0 && offset < text.size()) {
    offset += SequenceLength(static_cast<unsigned char>(text[offset]));
    --index;
  }
  return std::min(offset, text.size());
}

void AppendUtf8(char32_t c, std::string* out) {
  const auto put = [out](char32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6));
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3f));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

std::u32string ToCodePoints(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t offset = 0; offset < text.size();) out.push_back(NextCodePoint(text, &offset));
  return out;
}

std::string FromCodePoints(std::u32string_view code_points) {
  std::string out;
  for (const char32_t c : code_points) AppendUtf8(c, &out);
  return out;
}

bool IsSpace(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x1f);
  return c == 0x85 || c == 0x2028 || c == 0x2029 || Category(c) == UTF8PROC_CATEGORY_ZS;
}

bool IsPrintable(char32_t c) {
  if (c < 0x80) return c >= 0x20 && c < 0x7f;
  switch (Category(c)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

bool IsAlpha(char32_t c) {
  const utf8proc_category_t category = Category(c);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool IsDecimal(char32_t c) { return Category(c) == UTF8PROC_CATEGORY_ND; }
bool IsDigit(char32_t c) { return IsDecimal(c) || IsOtherDigit(c); }
bool IsNumeric(char32_t c) {
  const utf8proc_category_t category = Category(c);
  return (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) || IsOtherNumeric(c);
}
bool IsUpper(char32_t c) { return Category(c) == UTF8PROC_CATEGORY_LU || IsOtherUppercase(c); }
bool IsLower(char32_t c) { return Category(c) == UTF8PROC_CATEGORY_LL || IsOtherLowercase(c); }
bool IsTitle(char32_t c) { return Category(c) == UTF8PROC_CATEGORY_LT; }
bool IsIdentifierStart(char32_t c) { return c == '_' || IsAlpha(c) || Category(c) == UTF8PROC_CATEGORY_NL; }
bool IsIdentifierPart(char32_t c) {
  if (IsIdentifierStart(c) || IsDecimal(c)) return true;
  const utf8proc_category_t category = Category(c);
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_PC;
}

std::string ToUpper(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t offset = 0; offset < text.size();) {
    const char32_t c = NextCodePoint(text, &offset);
    if (c < 0x80) {
      out.push_back(static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c));
    } else if (const SpecialCase* special = FindSpecialCase(c)) {
      out += FromCodePoints(special->upper);
    } else {
      AppendUtf8(static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))), &out);
    }
  }
  return out;
}

std::string ToLower(std::string_view text) {
  std::string out(text);
  if (IsAsciiText(text)) {
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
  }
  out.clear();
  const std::u32string from = ToCodePoints(text);
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] == 0x130) {
      out += "i\xcc\x87";  // the dotted I keeps its dot
    } else if (from[i] == 0x3a3) {
      AppendUtf8(IsFinalSigma(from, i) ? 0x3c2 : 0x3c3, &out);
    } else {
      AppendUtf8(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(from[i]))), &out);
    }
  }
  return out;
}

std::string FoldCase(std::string_view text) {
  utf8proc_uint8_t* folded = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &folded, UTF8PROC_CASEFOLD);
  std::string out(text);
  if (size >= 0) out.assign(reinterpret_cast<const char*>(folded), static_cast<size_t>(size));
  std::free(folded);  // allocated by the library with malloc
  return out;
}

std::string ToTitle(char32_t c) {
  if (const SpecialCase* special = FindSpecialCase(c)) return FromCodePoints(special->title);
  std::string out;
  AppendUtf8(static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))), &out);
  return out;
}

std::string_view Strip(std::string_view text, const std::string* chars, bool left, bool right) {
  const std::u32string set = chars != nullptr ? ToCodePoints(*chars) : std::u32string();
  const auto strips = [&](char32_t c) { return chars != nullptr ? set.find(c) != std::u32string::npos : IsSpace(c); };
  while (left && !text.empty()) {
    size_t next = 0;
    if (!strips(NextCodePoint(text, &next))) break;
    text.remove_prefix(next);
  }
  while (right && !text.empty()) {
    size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xc0) == 0x80) --last;
    size_t offset = last;
    if (!strips(NextCodePoint(text, &offset))) break;
    text = text.substr(0, last);
  }
  return text;
}

}  // namespace etd::text
