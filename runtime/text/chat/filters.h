// The filters behind `|`. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_FILTERS_H_
#define ETD_RUNTIME_TEXT_CHAT_FILTERS_H_

#include <string_view>

#include "runtime/text/chat/interpreter.h"

namespace etd::text {

using FilterFunction = Result (*)(Interpreter&, const Value& input, const CallArgs& args);
// Null for an unknown name.
FilterFunction FindFilter(std::string_view name);

// By what the filters work on.
FilterFunction FindTextFilter(std::string_view name);
FilterFunction FindSequenceFilter(std::string_view name);
FilterFunction FindOrderFilter(std::string_view name);
FilterFunction FindValueFilter(std::string_view name);

// The attribute (a path like "a.b.0", a number, or None for the item itself) of an item, as map, sort and others read
// it: with `lower`, texts in lower case; `fallback` replaces what is undefined.
Result ReadAttribute(Interpreter& in, const Value& item, const Value& attribute, bool lower, const Value* fallback);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_FILTERS_H_
