// text % arguments and text.format(arguments). Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_PERCENT_FORMAT_H_
#define ETD_RUNTIME_TEXT_CHAT_PERCENT_FORMAT_H_

#include "runtime/text/chat/interpreter.h"

namespace etd::text {

// `arguments` is a tuple, a dict for %(name)s, or one value.
Result PercentFormat(Interpreter& interpreter, const Value& text, const Value& arguments);
Result BraceFormat(Interpreter& interpreter, const Value& text, const CallArgs& args);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_PERCENT_FORMAT_H_
