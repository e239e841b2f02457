// Runs the syntax tree. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_INTERPRETER_H_
#define ETD_RUNTIME_TEXT_CHAT_INTERPRETER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/text/chat/ast.h"
#include "runtime/text/chat/interpreter_objects.h"
#include "runtime/text/chat/value.h"

namespace etd::text {

// One rendering. One thread.
class Interpreter {
 public:
  explicit Interpreter(WallTime now) : now_(now) {}

  Heap& heap() { return heap_; }
  WallTime now() const { return now_; }
  // Renders with the variables of `arguments`; `hoisted` are the names that hoisting.h finds in `body`.
  absl::StatusOr<std::string> Run(const Block& body, const std::vector<std::string>& hoisted, const Dict& arguments);

  // What filters and methods call back.
  Result Call(const Value& callee, CallArgs args);
  Result ApplyFilter(std::string_view name, const Value& input, CallArgs args);
  absl::StatusOr<bool> ApplyTest(std::string_view name, const Value& input, CallArgs args);
  // obj.name and obj[key], as Jinja's sandbox resolves them.
  Result GetAttribute(const Value& object, std::string_view name);
  Result GetItem(const Value& object, const Value& key);
  // The next item of the loop that passes its test, or nothing at the end.
  absl::StatusOr<std::optional<Value>> TakeItem(Loop* loop);
  absl::StatusOr<std::optional<Value>> PeekItem(Loop* loop);
  absl::StatusOr<int64_t> LoopLength(Loop* loop);

 private:
  enum class Flow { kNext, kBreak, kContinue };
  using FlowResult = absl::StatusOr<Flow>;

  FlowResult RunBlock(const Block& block);
  FlowResult RunStatement(const Stmt& stmt);
  FlowResult RunIf(const Stmt& stmt);
  FlowResult RunFor(const Stmt& stmt);
  FlowResult RunLoop(const Stmt& stmt, Values items, int64_t depth);
  absl::Status RunSet(const Stmt& stmt);
  FlowResult RunSetBlock(const Stmt& stmt);
  FlowResult RunFilterBlock(const Stmt& stmt);
  FlowResult RunWith(const Stmt& stmt);
  absl::Status RunCallBlock(const Stmt& stmt);
  FlowResult RunInNewScope(const Block& block, Scope* outer);
  absl::Status Print(const Value& value);
  absl::Status Append(std::string_view text);
  absl::Status Assign(const Expr& target, const Value& value);
  absl::Status CheckNamespaces(const Expr& target);

  Result Eval(const Expr& expr);
  Result EvalName(const Expr& expr);
  Result EvalConditional(const Expr& expr);
  Result EvalSequence(const Expr& expr);
  Result EvalDict(const Expr& expr);
  Result EvalSlice(const Expr& expr);
  Result EvalCall(const Expr& expr, const Value* caller);
  Result EvalFilter(const Expr& expr, const Value* block_text);
  Result EvalTest(const Expr& expr);
  Result EvalConcat(const Expr& expr);
  Result EvalCompare(const Expr& expr);
  Result EvalBinary(const Expr& expr);
  absl::StatusOr<CallArgs> EvalArguments(const Arguments& arguments);

  Result CallMacro(const Macro& macro, CallArgs args);
  absl::Status BindParameters(const Macro& macro, CallArgs* args);
  absl::Status BindSpecials(const Macro& macro, CallArgs* args);
  Result CallLoop(const Loop& loop, CallArgs args);
  Scope* NewScope(Scope* outer);
  Value NewMacro(const MacroNode* node);

  const WallTime now_;
  Heap heap_;
  Scope* globals_ = nullptr;   // built-in functions and the arguments
  Scope* top_ = nullptr;       // what the template assigns outside of loops and macros
  Scope* scope_ = nullptr;     // where names are looked up now
  std::string* out_ = nullptr;  // where text goes now
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_INTERPRETER_H_
