// Python's format specifications, for str.format and the % operator. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_FORMAT_SPEC_H_
#define ETD_RUNTIME_TEXT_CHAT_FORMAT_SPEC_H_

#include <string>
#include <string_view>

#include "runtime/text/chat/value.h"

namespace etd::text {

struct FormatSpec {
  char32_t fill = ' ';
  char align = 0;  // one of < > ^ = or 0
  char sign = '-';  // one of + - and space
  bool alternate = false;
  int64_t width = 0;
  char grouping = 0;  // , or _
  int64_t precision = -1;
  char type = 0;
};

// Parses what stands behind the colon of a replacement field.
absl::StatusOr<FormatSpec> ParseFormatSpec(std::string_view text);
// format(value, spec).
absl::StatusOr<std::string> FormatValue(Heap& heap, const Value& value, const FormatSpec& spec);
// A number by a type of e E f F g G % (or 0: like repr for a float).
std::string FormatReal(double number, const FormatSpec& spec);
// `text` filled up to spec.width code points; `default_align` applies if the spec names none.
absl::StatusOr<std::string> Pad(Heap& heap, std::string_view text, const FormatSpec& spec, char default_align);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_FORMAT_SPEC_H_
