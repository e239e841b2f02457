// The tests behind `is`. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_TESTS_H_
#define ETD_RUNTIME_TEXT_CHAT_TESTS_H_

#include <string_view>

#include "runtime/text/chat/interpreter.h"

namespace etd::text {

using TestFunction = absl::StatusOr<bool> (*)(Interpreter&, const Value& input, const CallArgs& args);
// Null for an unknown name.
TestFunction FindTest(std::string_view name);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_TESTS_H_
