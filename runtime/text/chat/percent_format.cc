#include "runtime/text/chat/percent_format.h"

#include <cmath>

#include "runtime/text/chat/format_spec.h"
#include "runtime/text/chat/operators.h"
#include "runtime/text/chat/text_form.h"
#include "runtime/text/chat/unicode.h"

namespace etd::text {
namespace {

class PercentFormatter {
 public:
  PercentFormatter(Interpreter& interpreter, const Value& text, const Value& arguments)
      : heap_(interpreter.heap()), text_(text.text()), markup_(text.str().markup), arguments_(arguments) {}

  absl::StatusOr<std::string> Run() {
    std::string out;
    for (size_t at = 0; at < text_.size();) {
      const size_t percent = text_.find('%', at);
      out.append(text_, at, percent - at);
      if (percent == std::string::npos) break;
      at = percent + 1;
      ETD_RETURN_IF_ERROR(One(&at, &out));
      ETD_RETURN_IF_ERROR(heap_.budget().Step());
      ETD_RETURN_IF_ERROR(heap_.budget().CheckSize(static_cast<int64_t>(out.size())));
    }
    if (used_ < MustUse()) return InvalidArgument("not all arguments are used by the format");
    return out;
  }

 private:
  // How many arguments may not be left over. What Python can subscript might be meant for names, and may.
  size_t MustUse() const {
    switch (arguments_.kind()) {
      case Kind::kTuple:
        return arguments_.as<Sequence>().items.size();
      case Kind::kList:
      case Kind::kDict:
      case Kind::kRange:
      case Kind::kUndefined:
        return 0;
      default:
        return 1;
    }
  }

  Result NextArgument() {
    if (arguments_.is(Kind::kTuple)) {
      const Values& items = arguments_.as<Sequence>().items;
      if (used_ < items.size()) return items[used_++];
    } else if (used_++ == 0) {
      return arguments_;
    }
    return InvalidArgument("the format needs more arguments");
  }

  absl::StatusOr<int64_t> Number(size_t* at) {
    if (*at < text_.size() && text_[*at] == '*') {
      ++*at;
      ETD_ASSIGN_OR_RETURN(const Value value, NextArgument());
      if (!value.is_integral()) return InvalidArgument("a * in a format needs an integer");
      return value.as_integer();
    }
    int64_t number = 0;
    for (; *at < text_.size() && text_[*at] >= '0' && text_[*at] <= '9'; ++*at) {
      number = number * 10 + (text_[*at] - '0');
      if (number > kMaxStringBytes) return InvalidArgument("a width or precision is too large");
    }
    return number;
  }

  absl::Status One(size_t* at, std::string* out) {
    if (*at < text_.size() && text_[*at] == '%') {
      out->push_back('%');
      ++*at;
      return absl::OkStatus();
    }
    std::optional<Value> argument;
    if (*at < text_.size() && text_[*at] == '(') {
      const size_t close = text_.find(')', *at);
      if (close == std::string::npos) return InvalidArgument("a name in the format is not closed");
      if (!arguments_.is(Kind::kDict)) return InvalidArgument("a format with names needs a dict");
      const std::string name = text_.substr(*at + 1, close - *at - 1);
      const Value* value = FindText(arguments_.as<Dict>(), name);
      if (value == nullptr) return InvalidArgument("the format names '{}', which is not given", name);
      argument = *value;
      *at = close + 1;
    }
    FormatSpec spec;
    bool left = false;
    for (; *at < text_.size() && std::string_view("#0- +").find(text_[*at]) != std::string_view::npos; ++*at) {
      const char flag = text_[*at];
      left |= flag == '-';
      spec.alternate |= flag == '#';
      if (flag == '0') spec.fill = '0';
      if (flag == '+' || (flag == ' ' && spec.sign != '+')) spec.sign = flag;
    }
    ETD_ASSIGN_OR_RETURN(spec.width, Number(at));
    if (spec.width < 0) {
      left = true;
      spec.width = -spec.width;
    }
    if (*at < text_.size() && text_[*at] == '.') {
      ++*at;
      ETD_ASSIGN_OR_RETURN(spec.precision, Number(at));
      spec.precision = std::max<int64_t>(spec.precision, 0);
      if (spec.precision > 1000) return InvalidArgument("a precision is too large");
    }
    while (*at < text_.size() && std::string_view("hlL").find(text_[*at]) != std::string_view::npos) ++*at;
    if (*at >= text_.size()) return InvalidArgument("the format ends within a field");
    spec.type = text_[(*at)++];
    if (left) spec.fill = ' ';
    spec.align = left ? '<' : (spec.fill == '0' ? '=' : '>');
    if (!argument.has_value()) {
      ETD_ASSIGN_OR_RETURN(argument, NextArgument());
    }
    ETD_ASSIGN_OR_RETURN(const std::string field, Field(*argument, spec));
    *out += field;
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Field(const Value& value, FormatSpec spec) {
    const char type = spec.type;
    if (type == 's' || type == 'r' || type == 'a') {
      ETD_ASSIGN_OR_RETURN(std::string text, type == 's' ? ToText(heap_, value) : ToRepr(heap_, value));
      if (markup_ && !(value.is(Kind::kString) && value.str().markup)) text = EscapeHtml(text);
      return Text(std::move(text), spec);
    }
    if (type == 'c') {
      if (value.is(Kind::kString) && value.str().length == 1) return Text(value.text(), spec);
      if (!value.is_integral()) return InvalidArgument("%c needs a character or an integer");
      std::string text;
      const int64_t code_point = value.as_integer();
      if (code_point < 0 || code_point > 0x10ffff || (code_point >= 0xd800 && code_point < 0xe000)) {
        return InvalidArgument("{} is no character", code_point);
      }
      AppendUtf8(static_cast<char32_t>(code_point), &text);
      return Text(std::move(text), spec);
    }
    if (value.is(Kind::kUndefined)) return UndefinedError(value);
    if (!value.is_number()) return InvalidArgument("%{} needs a number, not a {}", type, TypeName(value));
    if (std::string_view("diu").find(type) != std::string_view::npos) return Decimal(value, spec);
    if (std::string_view("xXo").find(type) != std::string_view::npos && value.is_integral()) {
      return FormatValue(heap_, Value::Int(value.as_integer()), spec);
    }
    if (std::string_view("eEfFgG").find(type) != std::string_view::npos) {
      return FormatValue(heap_, Value::Float(value.as_real()), spec);
    }
    return InvalidArgument("the format %{} is not understood", type);
  }

  absl::StatusOr<std::string> Text(std::string text, FormatSpec spec) {
    if (spec.precision >= 0) text.resize(ByteOffset(text, spec.precision));
    spec.fill = ' ';
    return Pad(heap_, text, spec, '>');
  }

  absl::StatusOr<std::string> Decimal(const Value& value, FormatSpec spec) {
    int64_t number = 0;
    if (value.is_integral()) {
      number = value.as_integer();
    } else if (std::abs(value.real()) < 9e18) {
      number = static_cast<int64_t>(value.real());
    } else {
      return OutOfRange("a number is too large for %d");
    }
    spec.type = 'd';
    const int64_t digits = std::exchange(spec.precision, -1);
    if (digits <= 0) return FormatValue(heap_, Value::Int(number), spec);
    FormatSpec inner;
    inner.fill = '0';
    inner.align = '=';
    inner.sign = spec.sign;
    inner.width = digits + (number < 0 || spec.sign != '-' ? 1 : 0);
    ETD_ASSIGN_OR_RETURN(const std::string text, FormatValue(heap_, Value::Int(number), inner));
    return Pad(heap_, text, spec, '>');
  }

  Heap& heap_;
  const std::string& text_;
  const bool markup_;
  const Value arguments_;
  size_t used_ = 0;
};

class BraceFormatter {
 public:
  BraceFormatter(Interpreter& interpreter, bool markup, const CallArgs& args)
      : interpreter_(interpreter), heap_(interpreter.heap()), markup_(markup), args_(args) {}

  absl::StatusOr<std::string> Run(std::string_view text, int depth) {
    if (depth > 2) return InvalidArgument("the fields of a format are nested too deeply");
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const char c = text[at];
      if ((c == '{' || c == '}') && at + 1 < text.size() && text[at + 1] == c) {
        out.push_back(c);
        at += 2;
      } else if (c == '}') {
        return InvalidArgument("a single '}}' stands in the format");
      } else if (c != '{') {
        out.push_back(c);
        ++at;
      } else {
        const size_t end = FieldEnd(text, at + 1);
        if (end == std::string_view::npos) return InvalidArgument("a field of the format is not closed");
        ETD_ASSIGN_OR_RETURN(const std::string field, Field(text.substr(at + 1, end - at - 1), depth));
        out += field;
        at = end + 1;
        ETD_RETURN_IF_ERROR(heap_.budget().Step(static_cast<int64_t>(field.size())));
        ETD_RETURN_IF_ERROR(heap_.budget().CheckSize(static_cast<int64_t>(out.size())));
      }
    }
    return out;
  }

 private:
  static size_t FieldEnd(std::string_view text, size_t at) {
    int depth = 0;
    for (; at < text.size(); ++at) {
      if (text[at] == '{') ++depth;
      if (text[at] == '}' && depth-- == 0) return at;
    }
    return std::string_view::npos;
  }

  absl::StatusOr<std::string> Field(std::string_view field, int depth) {
    size_t name_end = 0;
    bool bracket = false;
    for (; name_end < field.size(); ++name_end) {
      const char c = field[name_end];
      if (c == '[') bracket = true;
      if (c == ']') bracket = false;
      if (!bracket && (c == '!' || c == ':')) break;
    }
    ETD_ASSIGN_OR_RETURN(Value value, Resolve(field.substr(0, name_end)));
    std::string_view rest = field.substr(name_end);
    if (!rest.empty() && rest[0] == '!') {
      if (rest.size() < 2 || (rest.size() > 2 && rest[2] != ':')) {
        return InvalidArgument("a conversion in the format is not understood");
      }
      if (rest[1] != 's' && rest[1] != 'r') return InvalidArgument("the conversion !{} is not understood", rest[1]);
      ETD_ASSIGN_OR_RETURN(std::string text, rest[1] == 'r' ? ToRepr(heap_, value) : ToText(heap_, value));
      value = heap_.String(std::move(text));
      rest = rest.substr(2);
    }
    FormatSpec spec;
    if (!rest.empty()) {
      ETD_ASSIGN_OR_RETURN(const std::string spec_text, Run(rest.substr(1), depth + 1));
      ETD_ASSIGN_OR_RETURN(spec, ParseFormatSpec(spec_text));
    }
    ETD_ASSIGN_OR_RETURN(const std::string text, FormatValue(heap_, value, spec));
    return markup_ && !(value.is(Kind::kString) && value.str().markup) ? EscapeHtml(text) : text;
  }

  static bool IsNumber(std::string_view text) {
    return !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == std::string_view::npos;
  }

  Result First(std::string_view name) {
    if (name.empty() || IsNumber(name)) {
      if (name.empty() ? numbered_ : next_ > 0) return InvalidArgument("a format numbers all fields or none");
      numbered_ |= !name.empty();
      const size_t index = name.empty() ? next_++ : static_cast<size_t>(std::stoul(std::string(name)));
      if (index >= args_.positional.size()) return InvalidArgument("the format needs argument {}", index);
      return args_.positional[index];
    }
    for (const auto& [known, value] : args_.named) {
      if (known == name) return value;
    }
    return InvalidArgument("the format names '{}', which is not given", name);
  }

  Result Resolve(std::string_view path) {
    size_t end = std::min(path.find_first_of(".["), path.size());
    ETD_ASSIGN_OR_RETURN(Value value, First(path.substr(0, end)));
    while (end < path.size()) {
      if (path[end] == '.') {
        const size_t next = std::min(path.find_first_of(".[", end + 1), path.size());
        ETD_ASSIGN_OR_RETURN(value, interpreter_.GetAttribute(value, path.substr(end + 1, next - end - 1)));
        end = next;
      } else if (path[end] == '[') {
        const size_t close = path.find(']', end);
        if (close == std::string_view::npos) return InvalidArgument("an index in the format is not closed");
        const std::string_view key = path.substr(end + 1, close - end - 1);
        const Value index = IsNumber(key) ? Value::Int(std::stoll(std::string(key))) : heap_.String(std::string(key));
        ETD_ASSIGN_OR_RETURN(value, interpreter_.GetItem(value, index));
        end = close + 1;
      } else {
        return InvalidArgument("the field '{}' of the format is not understood", path);
      }
    }
    return value;
  }

  Interpreter& interpreter_;
  Heap& heap_;
  const bool markup_;
  const CallArgs& args_;
  size_t next_ = 0;  // of the fields without a number
  bool numbered_ = false;
};

}  // namespace

Result PercentFormat(Interpreter& interpreter, const Value& text, const Value& arguments) {
  ETD_ASSIGN_OR_RETURN(std::string out, PercentFormatter(interpreter, text, arguments).Run());
  return interpreter.heap().String(std::move(out), text.str().markup);
}

Result BraceFormat(Interpreter& interpreter, const Value& text, const CallArgs& args) {
  const bool markup = text.str().markup;
  ETD_ASSIGN_OR_RETURN(std::string out, BraceFormatter(interpreter, markup, args).Run(text.text(), 0));
  return interpreter.heap().String(std::move(out), markup);
}

}  // namespace etd::text
