// Values as text: str(), repr() and JSON. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_TEXT_FORM_H_
#define ETD_RUNTIME_TEXT_CHAT_TEXT_FORM_H_

#include <string>
#include <string_view>

#include "runtime/text/chat/value.h"

namespace etd::text {

// Python's str(value) and repr(value).
absl::StatusOr<std::string> ToText(Heap& heap, const Value& value);
absl::StatusOr<std::string> ToRepr(Heap& heap, const Value& value);
// repr() of a float: the shortest digits that give the same number.
std::string FloatText(double number);
std::string QuoteText(std::string_view text);

struct JsonStyle {
  bool ascii = false;     // escape what is not ASCII
  bool pretty = false;    // one item a line, with `indent` for each level
  std::string indent;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
};
// What Python's json.dumps gives. InvalidArgument for values that JSON has no form for.
absl::StatusOr<std::string> ToJson(Heap& heap, const Value& value, const JsonStyle& style);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_TEXT_FORM_H_
