// The methods of Python's built-in types that a sandboxed template may call. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_METHODS_H_
#define ETD_RUNTIME_TEXT_CHAT_METHODS_H_

#include <optional>
#include <string_view>

#include "runtime/text/chat/interpreter.h"

namespace etd::text {

// A method that is bound to its object when it is looked up.
using Method = Result (*)(Interpreter&, const Value& self, const CallArgs& args);

// The method of a str, list, tuple, dict, int or float, or null.
Method FindTextMethod(std::string_view name);
Method FindContainerMethod(Kind kind, std::string_view name);
// Whether `name` is a method that would change the object, which the sandbox forbids.
bool IsForbiddenMethod(Kind kind, std::string_view name);
// value.name for everything but items of dicts and namespaces: methods and fixed attributes. Nothing if there is none.
absl::StatusOr<std::optional<Value>> FindAttribute(Interpreter& interpreter, const Value& value, std::string_view name);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_METHODS_H_
