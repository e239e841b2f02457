// Values that belong to the interpreter: scopes, macros and loops. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_INTERPRETER_OBJECTS_H_
#define ETD_RUNTIME_TEXT_CHAT_INTERPRETER_OBJECTS_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/text/chat/ast.h"
#include "runtime/text/chat/value.h"

namespace etd::text {

// The variables of one frame; a name that is not here is looked for in the frame around it.
struct Scope : Object {
  Scope* outer = nullptr;
  std::vector<std::pair<std::string, Value>> variables;

  const Value* FindHere(std::string_view name) const {
    for (const auto& [known, value] : variables) {
      if (known == name) return &value;
    }
    return nullptr;
  }
  const Value* Find(std::string_view name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
      if (const Value* value = scope->FindHere(name)) return value;
    }
    return nullptr;
  }
  void Set(std::string_view name, Value value) {
    for (auto& [known, old] : variables) {
      if (known == name) {
        old = std::move(value);
        return;
      }
    }
    variables.emplace_back(std::string(name), std::move(value));
  }
};

struct Macro : Object {
  const MacroNode* node = nullptr;  // part of the template, which outlives the rendering
  Scope* closure = nullptr;
};

// The variable `loop` of a running for statement. Items are tested and taken one by one, since the body of one round may
// change what the test of the next one sees; asking for the next item or the length looks ahead.
struct Loop : Object {
  Values source;    // what is left to go through, from `next` on
  size_t next = 0;
  const Stmt* stmt = nullptr;
  bool tested = false;  // the items in `source` have passed the test already
  Scope* outer = nullptr;
  std::optional<Value> ahead;  // an item that was looked at but not reached
  Value current;
  Value previous;
  int64_t index = -1;  // from 0
  int64_t depth = 0;   // from 0
  std::optional<int64_t> length;
  std::optional<Values> last_changed;
};

// The error of using an undefined value.
inline absl::Status UndefinedError(const Value& value) {
  const auto* info = static_cast<const UndefinedInfo*>(value.object());
  return InvalidArgument("{}", info == nullptr ? std::string("an undefined value is used") : info->message);
}

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_INTERPRETER_OBJECTS_H_
