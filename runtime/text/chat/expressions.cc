#include <algorithm>

#include "runtime/text/chat/filters.h"
#include "runtime/text/chat/interpreter.h"
#include "runtime/text/chat/operators.h"
#include "runtime/text/chat/tests.h"
#include "runtime/text/chat/text_form.h"

namespace etd::text {

Result Interpreter::Eval(const Expr& expr) {
  const Budget::Nested nested(&heap_.budget());
  ETD_RETURN_IF_ERROR(nested.status());
  ETD_RETURN_IF_ERROR(heap_.budget().Step());
  switch (expr.kind) {
    case ExprKind::kConst:
      return expr.value;
    case ExprKind::kName:
      return EvalName(expr);
    case ExprKind::kAttribute: {
      ETD_ASSIGN_OR_RETURN(const Value object, Eval(*expr.items[0]));
      return GetAttribute(object, expr.name);
    }
    case ExprKind::kItem: {
      ETD_ASSIGN_OR_RETURN(const Value object, Eval(*expr.items[0]));
      ETD_ASSIGN_OR_RETURN(const Value key, Eval(*expr.items[1]));
      return GetItem(object, key);
    }
    case ExprKind::kSlice:
      return EvalSlice(expr);
    case ExprKind::kCall:
      return EvalCall(expr, nullptr);
    case ExprKind::kFilter:
      return EvalFilter(expr, nullptr);
    case ExprKind::kTest:
      return EvalTest(expr);
    case ExprKind::kTuple:
    case ExprKind::kList:
      return EvalSequence(expr);
    case ExprKind::kDict:
      return EvalDict(expr);
    case ExprKind::kConditional:
      return EvalConditional(expr);
    case ExprKind::kConcat:
      return EvalConcat(expr);
    case ExprKind::kCompare:
      return EvalCompare(expr);
    default:
      return EvalBinary(expr);
  }
}

Result Interpreter::EvalName(const Expr& expr) {
  if (const Value* value = scope_->Find(expr.name)) return *value;
  return heap_.Undefined(fmt::format("line {}: '{}' is undefined", expr.line, expr.name));
}

Result Interpreter::EvalConditional(const Expr& expr) {
  ETD_ASSIGN_OR_RETURN(const Value test, Eval(*expr.items[1]));
  if (Truthy(test)) return Eval(*expr.items[0]);
  if (expr.items[2] != nullptr) return Eval(*expr.items[2]);
  return heap_.Undefined(fmt::format("line {}: the inline if has no else, and its test is false", expr.line));
}

Result Interpreter::EvalSequence(const Expr& expr) {
  Values items;
  items.reserve(expr.items.size());
  for (const ExprPtr& item : expr.items) {
    ETD_ASSIGN_OR_RETURN(Value value, Eval(*item));
    items.push_back(std::move(value));
  }
  return expr.kind == ExprKind::kList ? heap_.List(std::move(items)) : heap_.Tuple(std::move(items));
}

Result Interpreter::EvalDict(const Expr& expr) {
  Dict* dict = heap_.NewDict();
  for (size_t i = 0; i + 1 < expr.items.size(); i += 2) {
    ETD_ASSIGN_OR_RETURN(const Value key, Eval(*expr.items[i]));
    ETD_ASSIGN_OR_RETURN(const Value value, Eval(*expr.items[i + 1]));
    ETD_RETURN_IF_ERROR(Insert(heap_, dict, key, value));
  }
  return Value::Of(Kind::kDict, dict);
}

Result Interpreter::EvalSlice(const Expr& expr) {
  Value parts[4] = {Value::None(), Value::None(), Value::None(), Value::None()};
  for (size_t i = 0; i < 4; ++i) {
    if (expr.items[i] == nullptr) continue;
    ETD_ASSIGN_OR_RETURN(parts[i], Eval(*expr.items[i]));
  }
  auto result = Slice(heap_, parts[0], parts[1], parts[2], parts[3]);
  if (!result.ok()) return Annotate(result.status(), fmt::format("line {}", expr.line));
  return result;
}

absl::StatusOr<CallArgs> Interpreter::EvalArguments(const Arguments& arguments) {
  CallArgs args;
  args.positional.reserve(arguments.positional.size());
  for (const ExprPtr& expr : arguments.positional) {
    ETD_ASSIGN_OR_RETURN(Value value, Eval(*expr));
    args.positional.push_back(std::move(value));
  }
  if (arguments.star != nullptr) {
    ETD_ASSIGN_OR_RETURN(const Value more, Eval(*arguments.star));
    ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(heap_, more));
    args.positional.insert(args.positional.end(), items.begin(), items.end());
  }
  for (const auto& [name, expr] : arguments.named) {
    ETD_ASSIGN_OR_RETURN(Value value, Eval(*expr));
    args.named.emplace_back(name, std::move(value));
  }
  if (arguments.double_star == nullptr) return args;
  ETD_ASSIGN_OR_RETURN(const Value more, Eval(*arguments.double_star));
  if (!more.is(Kind::kDict)) return InvalidArgument("what follows ** must be a dict, not a {}", TypeName(more));
  for (const auto& [key, value] : more.as<Dict>().entries) {
    if (!key.is(Kind::kString)) return InvalidArgument("the keys of what follows ** must be strings");
    for (const auto& [name, known] : args.named) {
      if (name == key.text()) return InvalidArgument("the argument {} is given twice", name);
    }
    args.named.emplace_back(key.text(), value);
  }
  return args;
}

Result Interpreter::EvalCall(const Expr& expr, const Value* caller) {
  ETD_ASSIGN_OR_RETURN(const Value callee, Eval(*expr.items[0]));
  ETD_ASSIGN_OR_RETURN(CallArgs args, EvalArguments(expr.arguments));
  if (caller != nullptr) args.named.emplace_back("caller", *caller);
  auto result = Call(callee, std::move(args));
  if (result.ok() || callee.is(Kind::kMacro) || callee.is(Kind::kUndefined)) return result;
  return Annotate(result.status(), fmt::format("line {}", expr.line));
}

Result Interpreter::EvalFilter(const Expr& expr, const Value* block_text) {
  Value input;
  if (expr.items[0] == nullptr) {
    input = block_text == nullptr ? Value() : *block_text;
  } else if (expr.items[0]->kind == ExprKind::kFilter) {
    ETD_ASSIGN_OR_RETURN(input, EvalFilter(*expr.items[0], block_text));
  } else {
    ETD_ASSIGN_OR_RETURN(input, Eval(*expr.items[0]));
  }
  ETD_RETURN_IF_ERROR(heap_.budget().Step());
  ETD_ASSIGN_OR_RETURN(CallArgs args, EvalArguments(expr.arguments));
  auto result = ApplyFilter(expr.name, input, std::move(args));
  if (!result.ok()) return Annotate(result.status(), fmt::format("line {}, filter {}", expr.line, expr.name));
  return result;
}

Result Interpreter::EvalTest(const Expr& expr) {
  ETD_ASSIGN_OR_RETURN(const Value input, Eval(*expr.items[0]));
  ETD_ASSIGN_OR_RETURN(CallArgs args, EvalArguments(expr.arguments));
  auto passes = ApplyTest(expr.name, input, std::move(args));
  if (!passes.ok()) return Annotate(passes.status(), fmt::format("line {}, test {}", expr.line, expr.name));
  return Value::Bool(*passes);
}

Result Interpreter::ApplyFilter(std::string_view name, const Value& input, CallArgs args) {
  const FilterFunction filter = FindFilter(name);
  if (filter == nullptr) return InvalidArgument("there is no filter named {}", name);
  ETD_RETURN_IF_ERROR(heap_.budget().Step());
  return filter(*this, input, args);
}

absl::StatusOr<bool> Interpreter::ApplyTest(std::string_view name, const Value& input, CallArgs args) {
  const TestFunction test = FindTest(name);
  if (test == nullptr) return InvalidArgument("there is no test named {}", name);
  ETD_RETURN_IF_ERROR(heap_.budget().Step());
  return test(*this, input, args);
}

Result Interpreter::EvalConcat(const Expr& expr) {
  std::string text;
  for (const ExprPtr& item : expr.items) {
    ETD_ASSIGN_OR_RETURN(const Value value, Eval(*item));
    ETD_ASSIGN_OR_RETURN(const std::string part, ToText(heap_, value));
    ETD_RETURN_IF_ERROR(heap_.budget().Step(static_cast<int64_t>(part.size())));
    ETD_RETURN_IF_ERROR(heap_.budget().CheckSize(static_cast<int64_t>(text.size() + part.size())));
    text += part;
  }
  return heap_.String(std::move(text));
}

Result Interpreter::EvalCompare(const Expr& expr) {
  ETD_ASSIGN_OR_RETURN(Value left, Eval(*expr.items[0]));
  for (size_t i = 0; i < expr.operators.size(); ++i) {
    ETD_ASSIGN_OR_RETURN(Value right, Eval(*expr.items[i + 1]));
    auto holds = CompareWith(*this, expr.operators[i], left, right);
    if (!holds.ok()) return Annotate(holds.status(), fmt::format("line {}", expr.line));
    if (!*holds) return Value::Bool(false);
    left = std::move(right);
  }
  return Value::Bool(true);
}

Result Interpreter::EvalBinary(const Expr& expr) {
  ETD_ASSIGN_OR_RETURN(const Value left, Eval(*expr.items[0]));
  if (expr.kind == ExprKind::kNot) return Value::Bool(!Truthy(left));
  if (expr.kind == ExprKind::kAnd) return Truthy(left) ? Eval(*expr.items[1]) : Result(left);
  if (expr.kind == ExprKind::kOr) return Truthy(left) ? Result(left) : Eval(*expr.items[1]);
  Result result = Value();
  if (expr.kind == ExprKind::kNegate || expr.kind == ExprKind::kPlus) {
    result = Sign(left, expr.kind == ExprKind::kNegate);
  } else {
    ETD_ASSIGN_OR_RETURN(const Value right, Eval(*expr.items[1]));
    result = Arithmetic(*this, expr.kind, left, right);
  }
  if (!result.ok()) return Annotate(result.status(), fmt::format("line {}", expr.line));
  return result;
}

}  // namespace etd::text
