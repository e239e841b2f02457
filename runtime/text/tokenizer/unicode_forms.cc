#include "runtime/text/tokenizer/unicode_forms.h"

#include <utf8proc.h>

#include <vector>

#include "runtime/text/tokenizer/char_class.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

int Options(UnicodeForm form) {
  switch (form) {
    case UnicodeForm::kNfc:
      return UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    case UnicodeForm::kNfd:
      return UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
    case UnicodeForm::kNfkc:
      return UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    case UnicodeForm::kNfkd:
      return UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
  }
  return 0;
}

// `text` has no inert characters.
void AppendForm(std::string_view text, UnicodeForm form, std::string& out) {
  if (text.empty()) return;
  if (IsAscii(text)) {
    out += text;
    return;
  }
  const auto options = static_cast<utf8proc_option_t>(Options(form));
  const auto decompose = [&](std::vector<utf8proc_int32_t>& buffer) {
    return utf8proc_decompose(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                              static_cast<utf8proc_ssize_t>(text.size()), buffer.data(),
                              static_cast<utf8proc_ssize_t>(buffer.size()), options);
  };
  std::vector<utf8proc_int32_t> buffer(text.size());
  utf8proc_ssize_t count = decompose(buffer);
  if (count > static_cast<utf8proc_ssize_t>(buffer.size())) {
    buffer.resize(static_cast<size_t>(count));
    count = decompose(buffer);
  }
  // Never on valid UTF-8 and the buffer asked for.
  if (count < 0) return;
  count = utf8proc_normalize_utf32(buffer.data(), count, options);
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    AppendUtf8(static_cast<char32_t>(buffer[static_cast<size_t>(i)]), out);
  }
}

// Inert characters neither change nor let anything across, so what stands between them is normalised by itself.
void AppendFormBetweenInert(std::string_view text, UnicodeForm form, std::string& out) {
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t code_point = NextCodePoint(text, at);
    if (code_point < 0x700 || !IsNormalizationInert(code_point)) continue;
    AppendForm(text.substr(done, begin - done), form, out);
    out += text.substr(begin, at - begin);
    done = at;
  }
  AppendForm(text.substr(done), form, out);
}

// Only a character that is unsafe, with the safe one before it, can change: most text is copied.
std::string ToNfc(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  size_t copied = 0;         // text before is in `out`
  size_t last_safe = 0;      // start of the last safe character
  size_t unsafe_from = std::string_view::npos;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    if (!HasFlag(NextCodePoint(text, at), kNfcUnsafe)) {
      if (unsafe_from != std::string_view::npos) {
        out += text.substr(copied, unsafe_from - copied);
        AppendFormBetweenInert(text.substr(unsafe_from, begin - unsafe_from), UnicodeForm::kNfc, out);
        copied = begin;
        unsafe_from = std::string_view::npos;
      }
      last_safe = begin;
    } else if (unsafe_from == std::string_view::npos) {
      unsafe_from = last_safe;
    }
  }
  const size_t tail = unsafe_from == std::string_view::npos ? text.size() : unsafe_from;
  out += text.substr(copied, tail - copied);
  AppendFormBetweenInert(text.substr(tail), UnicodeForm::kNfc, out);
  return out;
}

struct CaseRun {
  char32_t first;
  char32_t last;
  char32_t lower_of_first;
};

// Younger than utf8proc's tables.
constexpr CaseRun kYoungLowercase[] = {
    {0x1C89, 0x1C89, 0x1C8A}, {0xA7CB, 0xA7CB, 0x0264}, {0xA7CC, 0xA7CC, 0xA7CD},    {0xA7CE, 0xA7CE, 0xA7CF},
    {0xA7D2, 0xA7D2, 0xA7D3}, {0xA7D4, 0xA7D4, 0xA7D5}, {0xA7DA, 0xA7DA, 0xA7DB},    {0xA7DC, 0xA7DC, 0x019B},
    {0x10D50, 0x10D65, 0x10D70}, {0x16EA0, 0x16EB8, 0x16EBB}};

char32_t Lower(char32_t code_point) {
  for (const CaseRun& run : kYoungLowercase) {
    if (code_point >= run.first && code_point <= run.last) return run.lower_of_first + (code_point - run.first);
  }
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point)));
}

}  // namespace

std::string ToUnicodeForm(std::string_view text, UnicodeForm form) {
  if (form == UnicodeForm::kNfc) return ToNfc(text);
  std::string out;
  out.reserve(text.size());
  AppendFormBetweenInert(text, form, out);
  return out;
}

bool IsSurelyNfc(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
    } else if (HasFlag(NextCodePoint(text, at), kNfcUnsafe)) {
      return false;
    }
  }
  return true;
}

std::string ToLowercase(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const char32_t code_point = NextCodePoint(text, at);
    if (code_point < 0x80) {
      out.push_back(static_cast<char>(code_point >= 'A' && code_point <= 'Z' ? code_point + 32 : code_point));
    } else if (code_point == 0x130) {
      out += "i\xCC\x87";  // The one letter whose lowercase is two characters.
    } else {
      AppendUtf8(Lower(code_point), out);
    }
  }
  return out;
}

size_t GraphemeEnd(std::string_view text, size_t begin) {
  size_t at = begin;
  auto previous = static_cast<utf8proc_int32_t>(NextCodePoint(text, at));
  utf8proc_int32_t state = 0;
  while (at < text.size()) {
    size_t next = at;
    const auto current = static_cast<utf8proc_int32_t>(NextCodePoint(text, next));
    if (utf8proc_grapheme_break_stateful(previous, current, &state)) break;
    previous = current;
    at = next;
  }
  return at;
}

}  // namespace etd::text
