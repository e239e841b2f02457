#include <cmath>

#include "runtime/text/chat/call_binding.h"
#include "runtime/text/chat/filters.h"
#include "runtime/text/chat/format_spec.h"
#include "runtime/text/chat/methods.h"
#include "runtime/text/chat/number_text.h"
#include "runtime/text/chat/operators.h"
#include "runtime/text/chat/text_form.h"

namespace etd::text {
namespace {

Result Abs(Interpreter&, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  if (input.is(Kind::kUndefined)) return UndefinedError(input);
  if (input.is(Kind::kFloat)) return Value::Float(std::abs(input.real()));
  if (!input.is_integral()) return InvalidArgument("abs needs a number, not a {}", TypeName(input));
  return Sign(input, input.as_integer() < 0);
}

Result Attr(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"name"}, 1));
  ETD_ASSIGN_OR_RETURN(const std::string name, bound.Text(0));
  if (input.is(Kind::kUndefined)) return UndefinedError(input);
  ETD_ASSIGN_OR_RETURN(const std::optional<Value> found, FindAttribute(in, input, name));
  if (found.has_value()) return *found;
  return in.heap().Undefined(fmt::format("a {} has no attribute '{}'", TypeName(input), name));
}

Result Default(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"default_value", "boolean"}));
  const bool missing = input.is(Kind::kUndefined) || (bound.Flag(1, false) && !Truthy(input));
  if (!missing) return input;
  return bound.has(0) ? bound[0] : in.heap().String("");
}

absl::StatusOr<std::optional<double>> RealOf(const Value& input) {
  if (input.is(Kind::kUndefined)) return UndefinedError(input);
  if (input.is_number()) return input.as_real();
  if (input.is(Kind::kString)) return ParseReal(input.text());
  return std::nullopt;
}

Result Float(Interpreter&, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"default"}));
  ETD_ASSIGN_OR_RETURN(const std::optional<double> real, RealOf(input));
  if (real.has_value()) return Value::Float(*real);
  return bound.has(0) ? bound[0] : Value::Float(0);
}

Result Truncated(double real) {
  if (!(std::abs(real) < 9.2e18)) return OutOfRange("a number does not fit 64 bits");
  return Value::Int(static_cast<int64_t>(real));
}

Result Int(Interpreter&, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"default", "base"}));
  ETD_ASSIGN_OR_RETURN(const int64_t base, bound.Integer(1, 10));
  if (input.is_integral()) return Value::Int(input.as_integer());
  if (input.is(Kind::kString)) {
    ETD_ASSIGN_OR_RETURN(const std::optional<int64_t> integer, ParseInteger(input.text(), base));
    if (integer.has_value()) return Value::Int(*integer);
  }
  ETD_ASSIGN_OR_RETURN(const std::optional<double> real, RealOf(input));
  if (real.has_value() && std::isfinite(*real)) return Truncated(*real);
  if (input.is(Kind::kFloat) && std::isinf(input.real())) return OutOfRange("infinity is no integer");
  return bound.has(0) ? bound[0] : Value::Int(0);
}

// Python's round(): to even on ties of the exact decimal value.
double RoundReal(double number, int64_t digits) {
  if (!std::isfinite(number) || digits > 330) return number;
  if (digits >= 0) {
    FormatSpec spec;
    spec.type = 'f';
    spec.precision = digits;
    return std::strtod(FormatReal(number, spec).c_str(), nullptr);
  }
  if (digits < -310) return std::copysign(0.0, number);
  const double scale = std::pow(10.0, static_cast<double>(-digits));
  return std::nearbyint(number / scale) * scale;
}

Result RoundInteger(int64_t number, int64_t digits) {
  if (digits >= 0) return Value::Int(number);
  if (digits < -18) return Value::Int(0);
  int64_t scale = 1;
  for (int64_t i = digits; i < 0; ++i) scale *= 10;
  int64_t rest = number % scale;
  if (rest < 0) rest += scale;
  int64_t low = 0;
  if (__builtin_sub_overflow(number, rest, &low)) return OutOfRange("a rounded number does not fit 64 bits");
  const int64_t twice = rest - (scale - rest);
  const bool up = twice > 0 || (twice == 0 && (low / scale) % 2 != 0);
  int64_t result = low;
  if (up && __builtin_add_overflow(low, scale, &result)) return OutOfRange("a rounded number does not fit 64 bits");
  return Value::Int(result);
}

Result Round(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"precision", "method"}));
  ETD_ASSIGN_OR_RETURN(const int64_t digits, bound.Integer(0, 0));
  ETD_ASSIGN_OR_RETURN(const std::string method, bound.Text(1, "common"));
  if (input.is(Kind::kUndefined)) return UndefinedError(input);
  if (!input.is_number()) return InvalidArgument("round needs a number, not a {}", TypeName(input));
  if (method == "common") {
    if (input.is_integral()) return RoundInteger(input.as_integer(), digits);
    return Value::Float(RoundReal(input.real(), digits));
  }
  if (method != "ceil" && method != "floor") return InvalidArgument("the method must be common, ceil or floor");
  ETD_ASSIGN_OR_RETURN(const Value scale, Arithmetic(in, ExprKind::kPower, Value::Int(10), Value::Int(digits)));
  const double scaled = input.as_real() * scale.as_real();
  ETD_ASSIGN_OR_RETURN(const Value whole, Truncated(method == "ceil" ? std::ceil(scaled) : std::floor(scaled)));
  return Arithmetic(in, ExprKind::kDivide, whole, scale);
}

Result FileSize(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"binary"}));
  ETD_ASSIGN_OR_RETURN(const std::optional<double> bytes, RealOf(input));
  if (!bytes.has_value()) return InvalidArgument("filesizeformat needs a number");
  const bool binary = bound.Flag(0, false);
  const double base = binary ? 1024 : 1000;
  if (*bytes == 1) return in.heap().String("1 Byte");
  if (*bytes < base) return in.heap().String(fmt::format("{} Bytes", static_cast<int64_t>(*bytes)));
  double unit = base;
  for (const char prefix : std::string_view("kMGTPEZY")) {
    unit *= base;
    if (*bytes >= unit && prefix != 'Y') continue;
    const char letter = binary && prefix == 'k' ? 'K' : prefix;
    return in.heap().String(fmt::format("{:.1f} {}{}B", base * *bytes / unit, letter, binary ? "i" : ""));
  }
  return in.heap().String("");
}

Result PrettyPrint(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  ETD_ASSIGN_OR_RETURN(std::string text, ToRepr(in.heap(), input));
  return in.heap().String(std::move(text));
}

absl::StatusOr<JsonStyle> StyleFrom(const Bound& bound) {
  JsonStyle style;
  style.ascii = bound.Flag(0, false);
  style.sort_keys = bound.Flag(3, false);
  if (!bound.none(1)) {
    style.pretty = true;
    style.item_separator.assign(1, ',');  // g++ 12 warns wrongly about = ","
    if (bound[1].is(Kind::kString)) {
      style.indent = bound[1].text();
    } else {
      ETD_ASSIGN_OR_RETURN(const int64_t width, bound.Integer(1, 0));
      if (width > 1000) return InvalidArgument("an indent of {} is too wide", width);
      style.indent.assign(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
    }
  }
  if (bound.none(2)) return style;
  const bool sequence = bound[2].is(Kind::kList) || bound[2].is(Kind::kTuple);
  if (!sequence || bound[2].as<Sequence>().items.size() != 2) {
    return InvalidArgument("separators must be two texts");
  }
  const Values& separators = bound[2].as<Sequence>().items;
  if (!separators[0].is(Kind::kString) || !separators[1].is(Kind::kString)) {
    return InvalidArgument("separators must be two texts");
  }
  style.item_separator = separators[0].text();
  style.key_separator = separators[1].text();
  return style;
}

Result ToJsonFilter(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"ensure_ascii", "indent", "separators", "sort_keys"}));
  ETD_ASSIGN_OR_RETURN(const JsonStyle style, StyleFrom(bound));
  ETD_ASSIGN_OR_RETURN(std::string text, ToJson(in.heap(), input, style));
  return in.heap().String(std::move(text));
}

}  // namespace

FilterFunction FindValueFilter(std::string_view name) {
  static constexpr std::pair<std::string_view, FilterFunction> kFilters[] = {
      {"abs", Abs},   {"attr", Attr}, {"d", Default},         {"default", Default}, {"filesizeformat", FileSize},
      {"float", Float}, {"int", Int}, {"pprint", PrettyPrint}, {"round", Round},    {"tojson", ToJsonFilter},
  };
  for (const auto& [known, filter] : kFilters) {
    if (known == name) return filter;
  }
  return nullptr;
}

}  // namespace etd::text
