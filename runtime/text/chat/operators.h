// Python's operators on values. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_OPERATORS_H_
#define ETD_RUNTIME_TEXT_CHAT_OPERATORS_H_

#include "runtime/text/chat/interpreter.h"

namespace etd::text {

// left `op` right for kAdd … kPower. InvalidArgument for types that do not go together, division by 0, integer overflow.
Result Arithmetic(Interpreter& interpreter, ExprKind op, const Value& left, const Value& right);
// -value or +value.
Result Sign(const Value& value, bool negate);
absl::StatusOr<bool> CompareWith(Interpreter& interpreter, CompareOp op, const Value& left, const Value& right);
// item in container.
absl::StatusOr<bool> Contains(Heap& heap, const Value& container, const Value& item);
// value[start:stop:step]; None for a part that is missing.
Result Slice(Heap& heap, const Value& value, const Value& start, const Value& stop, const Value& step);
// The item at a position, negative from the end; nothing if there is none.
std::optional<Value> ItemAt(Heap& heap, const Value& value, int64_t index);
// Text with the five characters that HTML needs escaped; markup stays as it is.
std::string EscapeHtml(const std::string& text);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_OPERATORS_H_
