#include "runtime/text/chat/interpreter.h"

#include <algorithm>

#include "runtime/text/chat/globals.h"
#include "runtime/text/chat/text_form.h"

namespace etd::text {
namespace {

// What the variables of a scope may need, beside their values.
constexpr int64_t kScopeBytes = 256;

// Sets a variable of the interpreter for as long as it lives.
template <typename T>
class Scoped {
 public:
  Scoped(T* variable, T value) : variable_(variable), old_(std::exchange(*variable, value)) {}
  ~Scoped() { *variable_ = old_; }
  Scoped(const Scoped&) = delete;
  Scoped& operator=(const Scoped&) = delete;

 private:
  T* variable_;
  T old_;
};

}  // namespace

absl::StatusOr<std::string> Interpreter::Run(const Block& body, const std::vector<std::string>& hoisted,
                                             const Dict& arguments) {
  globals_ = NewScope(nullptr);
  AddGlobals(*this, globals_);
  for (const auto& [name, value] : arguments.entries) globals_->Set(name.text(), value);
  top_ = NewScope(globals_);
  for (const std::string& name : hoisted) top_->Set(name, heap_.Undefined(fmt::format("'{}' is undefined", name)));
  scope_ = top_;
  std::string out;
  out_ = &out;
  ETD_RETURN_IF_ERROR(RunBlock(body).status());
  return out;
}

Scope* Interpreter::NewScope(Scope* outer) {
  auto* scope = heap_.New<Scope>();
  scope->outer = outer;
  heap_.budget().Hold(kScopeBytes);
  return scope;
}

Value Interpreter::NewMacro(const MacroNode* node) {
  auto* macro = heap_.New<Macro>();
  macro->node = node;
  macro->closure = scope_;
  return Value::Of(Kind::kMacro, macro);
}

Interpreter::FlowResult Interpreter::RunBlock(const Block& block) {
  for (const StmtPtr& stmt : block) {
    ETD_ASSIGN_OR_RETURN(const Flow flow, RunStatement(*stmt));
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Interpreter::FlowResult Interpreter::RunStatement(const Stmt& stmt) {
  const Budget::Nested nested(&heap_.budget());
  ETD_RETURN_IF_ERROR(nested.status());
  ETD_RETURN_IF_ERROR(heap_.budget().Step());
  absl::Status status;
  switch (stmt.kind) {
    case StmtKind::kText:
      status = Append(stmt.text);
      break;
    case StmtKind::kPrint: {
      ETD_ASSIGN_OR_RETURN(const Value value, Eval(*stmt.expr));
      status = Print(value);
      break;
    }
    case StmtKind::kSet:
      status = RunSet(stmt);
      break;
    case StmtKind::kSetBlock:
      return RunSetBlock(stmt);
    case StmtKind::kFor:
      return RunFor(stmt);
    case StmtKind::kIf:
      return RunIf(stmt);
    case StmtKind::kMacro:
      scope_->Set(stmt.macro->name, NewMacro(stmt.macro.get()));
      break;
    case StmtKind::kCallBlock:
      status = RunCallBlock(stmt);
      break;
    case StmtKind::kFilterBlock:
      return RunFilterBlock(stmt);
    case StmtKind::kWith:
      return RunWith(stmt);
    case StmtKind::kScope:
      return RunInNewScope(stmt.body, scope_);
    case StmtKind::kBlock:
      return RunInNewScope(stmt.body, stmt.scoped ? scope_ : top_);
    case StmtKind::kBreak:
      return Flow::kBreak;
    case StmtKind::kContinue:
      return Flow::kContinue;
    case StmtKind::kRefuse:
      return InvalidArgument("line {}: {}", stmt.line, stmt.text);
  }
  ETD_RETURN_IF_ERROR(status);
  return Flow::kNext;
}

Interpreter::FlowResult Interpreter::RunIf(const Stmt& stmt) {
  for (const auto& [test, body] : stmt.branches) {
    ETD_ASSIGN_OR_RETURN(const Value value, Eval(*test));
    if (Truthy(value)) return RunBlock(body);
  }
  return RunBlock(stmt.other);
}

Interpreter::FlowResult Interpreter::RunInNewScope(const Block& block, Scope* outer) {
  const Scoped<Scope*> scope(&scope_, NewScope(outer));
  return RunBlock(block);
}

Interpreter::FlowResult Interpreter::RunFor(const Stmt& stmt) {
  ETD_ASSIGN_OR_RETURN(const Value iterable, Eval(*stmt.expr));
  ETD_ASSIGN_OR_RETURN(Values items, ItemsOf(heap_, iterable));
  if (!stmt.recursive) return RunLoop(stmt, std::move(items), 0);
  // What a recursive loop writes is a text of its own, as its inner runs are.
  std::string text;
  {
    const Scoped<std::string*> out(&out_, &text);
    ETD_RETURN_IF_ERROR(RunLoop(stmt, std::move(items), 0).status());
  }
  ETD_RETURN_IF_ERROR(Append(text));
  return Flow::kNext;
}

absl::StatusOr<std::optional<Value>> Interpreter::TakeItem(Loop* loop) {
  if (loop->ahead.has_value()) return std::exchange(loop->ahead, std::nullopt);
  while (loop->next < loop->source.size()) {
    Value item = loop->source[loop->next++];
    if (loop->stmt->test == nullptr || loop->tested) return item;
    const Scoped<Scope*> scope(&scope_, NewScope(loop->outer));  // `loop` is not known in the test
    ETD_RETURN_IF_ERROR(Assign(*loop->stmt->target, item));
    ETD_ASSIGN_OR_RETURN(const Value passes, Eval(*loop->stmt->test));
    if (Truthy(passes)) return item;
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<Value>> Interpreter::PeekItem(Loop* loop) {
  if (!loop->ahead.has_value()) {
    ETD_ASSIGN_OR_RETURN(loop->ahead, TakeItem(loop));
  }
  return loop->ahead;
}

absl::StatusOr<int64_t> Interpreter::LoopLength(Loop* loop) {
  if (loop->length.has_value()) return *loop->length;
  const std::optional<Value> ahead = std::exchange(loop->ahead, std::nullopt);
  Values rest;
  for (;;) {
    ETD_ASSIGN_OR_RETURN(std::optional<Value> item, TakeItem(loop));
    if (!item.has_value()) break;
    rest.push_back(*std::move(item));
  }
  loop->ahead = ahead;
  loop->length = static_cast<int64_t>(rest.size()) + loop->index + 1 + (ahead.has_value() ? 1 : 0);
  loop->source = std::move(rest);
  loop->next = 0;
  loop->tested = true;
  return *loop->length;
}

Interpreter::FlowResult Interpreter::RunLoop(const Stmt& stmt, Values items, int64_t depth) {
  Scope* const outer = scope_;
  auto* loop = heap_.New<Loop>();
  heap_.budget().Hold(static_cast<int64_t>(items.size() * sizeof(Value)));
  loop->source = std::move(items);
  loop->stmt = &stmt;
  loop->outer = outer;
  loop->depth = depth;
  bool ran_to_end = false;  // of any round; a round that breaks or continues does not count
  for (;;) {
    ETD_RETURN_IF_ERROR(heap_.budget().Step());
    ETD_ASSIGN_OR_RETURN(std::optional<Value> item, TakeItem(loop));
    if (!item.has_value()) break;
    ++loop->index;
    loop->previous = std::exchange(loop->current, *std::move(item));
    const Scoped<Scope*> scope(&scope_, NewScope(outer));
    scope_->Set("loop", Value::Of(Kind::kLoop, loop));
    ETD_RETURN_IF_ERROR(Assign(*stmt.target, loop->current));
    ETD_ASSIGN_OR_RETURN(const Flow flow, RunBlock(stmt.body));
    if (flow == Flow::kBreak) break;
    ran_to_end |= flow == Flow::kNext;
  }
  if (!ran_to_end) return RunInNewScope(stmt.other, outer);
  return Flow::kNext;
}

absl::Status Interpreter::RunSet(const Stmt& stmt) {
  ETD_RETURN_IF_ERROR(CheckNamespaces(*stmt.target));
  ETD_ASSIGN_OR_RETURN(const Value value, Eval(*stmt.expr));
  return Assign(*stmt.target, value);
}

Interpreter::FlowResult Interpreter::RunSetBlock(const Stmt& stmt) {
  std::string text;
  Scope* const inner = NewScope(scope_);
  Flow flow = Flow::kNext;
  {
    const Scoped<std::string*> out(&out_, &text);
    const Scoped<Scope*> scope(&scope_, inner);
    ETD_ASSIGN_OR_RETURN(flow, RunBlock(stmt.body));
  }
  if (flow != Flow::kNext) return flow;
  Value value = heap_.String(std::move(text));
  if (stmt.expr != nullptr) {
    const Scoped<Scope*> scope(&scope_, inner);
    ETD_ASSIGN_OR_RETURN(value, EvalFilter(*stmt.expr, &value));
  }
  ETD_RETURN_IF_ERROR(CheckNamespaces(*stmt.target));
  ETD_RETURN_IF_ERROR(Assign(*stmt.target, value));
  return Flow::kNext;
}

Interpreter::FlowResult Interpreter::RunFilterBlock(const Stmt& stmt) {
  std::string text;
  const Scoped<Scope*> scope(&scope_, NewScope(scope_));
  {
    const Scoped<std::string*> out(&out_, &text);
    ETD_ASSIGN_OR_RETURN(const Flow flow, RunBlock(stmt.body));
    if (flow != Flow::kNext) return flow;
  }
  const Value input = heap_.String(std::move(text));
  ETD_ASSIGN_OR_RETURN(const Value filtered, EvalFilter(*stmt.expr, &input));
  ETD_RETURN_IF_ERROR(Print(filtered));
  return Flow::kNext;
}

Interpreter::FlowResult Interpreter::RunWith(const Stmt& stmt) {
  Scope* const inner = NewScope(scope_);
  for (size_t i = 0; i < stmt.targets.size(); ++i) {
    ETD_ASSIGN_OR_RETURN(const Value value, Eval(*stmt.exprs[i]));
    const Scoped<Scope*> scope(&scope_, inner);
    ETD_RETURN_IF_ERROR(Assign(*stmt.targets[i], value));
  }
  const Scoped<Scope*> scope(&scope_, inner);
  return RunBlock(stmt.body);
}

absl::Status Interpreter::RunCallBlock(const Stmt& stmt) {
  const Value caller = NewMacro(stmt.macro.get());
  ETD_ASSIGN_OR_RETURN(const Value result, EvalCall(*stmt.expr, &caller));
  return Print(result);
}

absl::Status Interpreter::Append(std::string_view text) {
  ETD_RETURN_IF_ERROR(heap_.budget().Step(static_cast<int64_t>(text.size())));
  ETD_RETURN_IF_ERROR(heap_.budget().CheckSize(static_cast<int64_t>(out_->size() + text.size())));
  out_->append(text);
  return absl::OkStatus();
}

absl::Status Interpreter::Print(const Value& value) {
  if (value.is(Kind::kString)) return Append(value.text());
  ETD_ASSIGN_OR_RETURN(const std::string text, ToText(heap_, value));
  return Append(text);
}

absl::Status Interpreter::CheckNamespaces(const Expr& target) {
  if (target.kind == ExprKind::kTuple) {
    for (const ExprPtr& part : target.items) ETD_RETURN_IF_ERROR(CheckNamespaces(*part));
  }
  if (target.kind != ExprKind::kAttribute) return absl::OkStatus();
  const Value* object = scope_->Find(target.name);
  if (object != nullptr && object->is(Kind::kNamespace)) return absl::OkStatus();
  return InvalidArgument("line {}: only attributes of a namespace can be assigned, and {} is none", target.line,
                         target.name);
}

absl::Status Interpreter::Assign(const Expr& target, const Value& value) {
  if (target.kind == ExprKind::kName) {
    scope_->Set(target.name, value);
    return absl::OkStatus();
  }
  if (target.kind == ExprKind::kAttribute) {
    const Value* object = scope_->Find(target.name);
    if (object == nullptr || !object->is(Kind::kNamespace)) return CheckNamespaces(target);
    return Insert(heap_, object->as<NamespaceObject>().attributes, heap_.String(target.attribute), value);
  }
  ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(heap_, value));
  if (items.size() != target.items.size()) {
    return InvalidArgument("line {}: {} values cannot be assigned to {} names", target.line, items.size(),
                           target.items.size());
  }
  for (size_t i = 0; i < items.size(); ++i) ETD_RETURN_IF_ERROR(Assign(*target.items[i], items[i]));
  return absl::OkStatus();
}

Result Interpreter::Call(const Value& callee, CallArgs args) {
  const Budget::Nested nested(&heap_.budget());
  ETD_RETURN_IF_ERROR(nested.status());
  ETD_RETURN_IF_ERROR(heap_.budget().Step());
  switch (callee.kind()) {
    case Kind::kFunction:
      return callee.as<Function>().call(args);
    case Kind::kMacro:
      return CallMacro(callee.as<Macro>(), std::move(args));
    case Kind::kLoop:
      return CallLoop(callee.as<Loop>(), std::move(args));
    case Kind::kJoiner: {
      auto& joiner = callee.as<Joiner>();
      return std::exchange(joiner.used, true) ? joiner.separator : heap_.String("");
    }
    case Kind::kUndefined:
      return UndefinedError(callee);
    default:
      return InvalidArgument("a value of type {} cannot be called", TypeName(callee));
  }
}

absl::Status Interpreter::BindParameters(const Macro& macro, CallArgs* args) {
  const MacroNode& node = *macro.node;
  const size_t without_default = node.parameters.size() - node.defaults.size();
  for (size_t i = 0; i < node.parameters.size(); ++i) {
    const std::string& name = node.parameters[i];
    if (i < args->positional.size()) {
      scope_->Set(name, args->positional[i]);
      continue;
    }
    const auto named = std::find_if(args->named.begin(), args->named.end(),
                                    [&name](const auto& entry) { return entry.first == name; });
    if (named != args->named.end()) {
      scope_->Set(name, named->second);
      args->named.erase(named);
    } else if (i >= without_default) {
      scope_->Set(name, heap_.Undefined(fmt::format("'{}' is undefined", name)));
      ETD_ASSIGN_OR_RETURN(Value value, Eval(*node.defaults[i - without_default]));
      scope_->Set(name, std::move(value));
    } else {
      scope_->Set(name, heap_.Undefined(fmt::format("parameter '{}' was not provided", name)));
    }
  }
  return absl::OkStatus();
}

absl::Status Interpreter::BindSpecials(const Macro& macro, CallArgs* args) {
  const MacroNode& node = *macro.node;
  if (node.uses_caller) {
    const auto caller = std::find_if(args->named.begin(), args->named.end(),
                                     [](const auto& entry) { return entry.first == "caller"; });
    Value value = heap_.Undefined("No caller defined");
    if (caller != args->named.end()) {
      if (!caller->second.is(Kind::kNone)) value = caller->second;
      args->named.erase(caller);
    }
    scope_->Set("caller", std::move(value));
  }
  if (node.uses_kwargs) {
    Dict* kwargs = heap_.NewDict();
    for (const auto& [name, value] : args->named) {
      ETD_RETURN_IF_ERROR(Insert(heap_, kwargs, heap_.String(name), value));
    }
    scope_->Set("kwargs", Value::Of(Kind::kDict, kwargs));
  } else if (!args->named.empty()) {
    return InvalidArgument("the macro {} has no parameter {}", node.name, args->named[0].first);
  }
  const size_t taken = std::min(node.parameters.size(), args->positional.size());
  Values rest(args->positional.begin() + static_cast<ptrdiff_t>(taken), args->positional.end());
  if (node.uses_varargs) {
    ETD_ASSIGN_OR_RETURN(Value varargs, heap_.Tuple(std::move(rest)));
    scope_->Set("varargs", std::move(varargs));
  } else if (!rest.empty()) {
    return InvalidArgument("the macro {} takes not more than {} arguments", node.name, node.parameters.size());
  }
  return absl::OkStatus();
}

Result Interpreter::CallMacro(const Macro& macro, CallArgs args) {
  std::string text;
  const Scoped<Scope*> scope(&scope_, NewScope(macro.closure));
  const Scoped<std::string*> out(&out_, &text);
  ETD_RETURN_IF_ERROR(BindParameters(macro, &args));
  ETD_RETURN_IF_ERROR(BindSpecials(macro, &args));
  ETD_RETURN_IF_ERROR(RunBlock(macro.node->body).status());
  return heap_.String(std::move(text));
}

Result Interpreter::CallLoop(const Loop& loop, CallArgs args) {
  if (!loop.stmt->recursive) return InvalidArgument("only a loop marked recursive can be called");
  if (args.positional.size() != 1 || !args.named.empty()) return InvalidArgument("loop() takes one argument");
  ETD_ASSIGN_OR_RETURN(Values items, ItemsOf(heap_, args.positional[0]));
  std::string text;
  const Scoped<Scope*> scope(&scope_, loop.outer);
  const Scoped<std::string*> out(&out_, &text);
  ETD_RETURN_IF_ERROR(RunLoop(*loop.stmt, std::move(items), loop.depth + 1).status());
  return heap_.String(std::move(text));
}

}  // namespace etd::text
