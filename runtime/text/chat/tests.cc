#include "runtime/text/chat/tests.h"

#include "runtime/text/chat/call_binding.h"
#include "runtime/text/chat/filters.h"
#include "runtime/text/chat/operators.h"
#include "runtime/text/chat/text_algorithms.h"
#include "runtime/text/chat/text_form.h"

namespace etd::text {
namespace {

using TestResult = absl::StatusOr<bool>;

template <bool (*kTest)(const Value&)>
TestResult Simple(Interpreter&, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  return kTest(input);
}

template <Kind kKind>
bool IsKind(const Value& v) {
  return v.is(kKind);
}
bool IsDefined(const Value& v) { return !v.is(Kind::kUndefined); }
bool IsTrue(const Value& v) { return v.is(Kind::kBool) && v.boolean(); }
bool IsFalse(const Value& v) { return v.is(Kind::kBool) && !v.boolean(); }
bool IsNumber(const Value& v) { return v.is_number(); }
bool IsEscaped(const Value& v) { return v.is(Kind::kString) && v.str().markup; }
bool IsSequence(const Value& v) { return LengthOf(v).has_value() && !v.is(Kind::kDictView); }
bool IsIterable(const Value& v) {
  return LengthOf(v).has_value() || v.is(Kind::kIterator) || v.is(Kind::kLoop);
}
bool IsCallable(const Value& v) {
  return v.is(Kind::kFunction) || v.is(Kind::kMacro) || v.is(Kind::kLoop) || v.is(Kind::kJoiner) ||
         v.is(Kind::kUndefined);
}

Result Modulo(Interpreter& in, const Value& input, const Value& by) {
  return Arithmetic(in, ExprKind::kModulo, input, by);
}

template <int64_t kRest>
TestResult Parity(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  ETD_ASSIGN_OR_RETURN(const Value rest, Modulo(in, input, Value::Int(2)));
  return Equal(in.heap(), rest, Value::Int(kRest));
}

TestResult DivisibleBy(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"num"}, 1));
  ETD_ASSIGN_OR_RETURN(const Value rest, Modulo(in, input, bound[0]));
  return Equal(in.heap(), rest, Value::Int(0));
}

template <bool (*kCase)(std::string_view)>
TestResult HasCase(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  ETD_ASSIGN_OR_RETURN(const std::string text, ToText(in.heap(), input));
  return kCase(text);
}

template <CompareOp kOp>
TestResult Compares(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"other"}, 1));
  return CompareWith(in, kOp, input, bound[0]);
}

TestResult SameAs(Interpreter&, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"other"}, 1));
  return input.Same(bound[0]);
}

TestResult IsFilterName(Interpreter&, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  return input.is(Kind::kString) && FindFilter(input.text()) != nullptr;
}

TestResult IsTestName(Interpreter&, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  return input.is(Kind::kString) && FindTest(input.text()) != nullptr;
}

}  // namespace

TestFunction FindTest(std::string_view name) {
  static constexpr std::pair<std::string_view, TestFunction> kTests[] = {
      {"odd", Parity<1>},
      {"even", Parity<0>},
      {"divisibleby", DivisibleBy},
      {"defined", Simple<IsDefined>},
      {"undefined", Simple<IsKind<Kind::kUndefined>>},
      {"filter", IsFilterName},
      {"test", IsTestName},
      {"none", Simple<IsKind<Kind::kNone>>},
      {"boolean", Simple<IsKind<Kind::kBool>>},
      {"false", Simple<IsFalse>},
      {"true", Simple<IsTrue>},
      {"integer", Simple<IsKind<Kind::kInt>>},
      {"float", Simple<IsKind<Kind::kFloat>>},
      {"lower", HasCase<IsLowerText>},
      {"upper", HasCase<IsUpperText>},
      {"string", Simple<IsKind<Kind::kString>>},
      {"mapping", Simple<IsKind<Kind::kDict>>},
      {"number", Simple<IsNumber>},
      {"sequence", Simple<IsSequence>},
      {"iterable", Simple<IsIterable>},
      {"callable", Simple<IsCallable>},
      {"sameas", SameAs},
      {"escaped", Simple<IsEscaped>},
      {"in", Compares<CompareOp::kIn>},
      {"==", Compares<CompareOp::kEqual>},
      {"eq", Compares<CompareOp::kEqual>},
      {"equalto", Compares<CompareOp::kEqual>},
      {"!=", Compares<CompareOp::kNotEqual>},
      {"ne", Compares<CompareOp::kNotEqual>},
      {">", Compares<CompareOp::kGreater>},
      {"gt", Compares<CompareOp::kGreater>},
      {"greaterthan", Compares<CompareOp::kGreater>},
      {"ge", Compares<CompareOp::kGreaterEqual>},
      {">=", Compares<CompareOp::kGreaterEqual>},
      {"<", Compares<CompareOp::kLess>},
      {"lt", Compares<CompareOp::kLess>},
      {"lessthan", Compares<CompareOp::kLess>},
      {"<=", Compares<CompareOp::kLessEqual>},
      {"le", Compares<CompareOp::kLessEqual>},
  };
  for (const auto& [known, test] : kTests) {
    if (known == name) return test;
  }
  return nullptr;
}

}  // namespace etd::text
