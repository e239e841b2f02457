// The functions that every template can call. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_GLOBALS_H_
#define ETD_RUNTIME_TEXT_CHAT_GLOBALS_H_

#include "runtime/text/chat/interpreter.h"

namespace etd::text {

// range, dict, namespace, cycler, joiner, lipsum (refused), raise_exception and strftime_now.
void AddGlobals(Interpreter& interpreter, Scope* scope);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_GLOBALS_H_
