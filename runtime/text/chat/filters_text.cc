#include <algorithm>

#include "runtime/text/chat/call_binding.h"
#include "runtime/text/chat/filters.h"
#include "runtime/text/chat/operators.h"
#include "runtime/text/chat/percent_format.h"
#include "runtime/text/chat/text_algorithms.h"
#include "runtime/text/chat/text_form.h"
#include "runtime/text/chat/unicode.h"
#include "runtime/text/chat/word_wrap.h"

namespace etd::text {
namespace {

bool IsMarkup(const Value& value) { return value.is(Kind::kString) && value.str().markup; }

// The input as text; markup stays markup.
Result Soft(Interpreter& in, const Value& input) {
  if (input.is(Kind::kString)) return input;
  ETD_ASSIGN_OR_RETURN(std::string text, ToText(in.heap(), input));
  return in.heap().String(std::move(text));
}

template <std::string (*kMapping)(std::string_view)>
Result Mapped(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  ETD_ASSIGN_OR_RETURN(const Value text, Soft(in, input));
  ETD_RETURN_IF_ERROR(in.heap().budget().Step(static_cast<int64_t>(text.text().size())));
  return in.heap().String(kMapping(text.text()), text.str().markup);
}

Result String(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  return Soft(in, input);
}

Result Trim(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"chars"}));
  ETD_ASSIGN_OR_RETURN(const Value text, Soft(in, input));
  std::string chars;
  if (!bound.none(0)) {
    ETD_ASSIGN_OR_RETURN(chars, bound.Text(0));
  }
  const std::string_view trimmed = Strip(text.text(), bound.none(0) ? nullptr : &chars, true, true);
  return in.heap().String(std::string(trimmed), text.str().markup);
}

Result Replace(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"old", "new", "count"}, 2));
  ETD_ASSIGN_OR_RETURN(const std::string text, ToText(in.heap(), input));
  ETD_ASSIGN_OR_RETURN(const std::string from, ToText(in.heap(), bound[0]));
  ETD_ASSIGN_OR_RETURN(const std::string to, ToText(in.heap(), bound[1]));
  int64_t limit = -1;
  if (!bound.none(2)) {
    ETD_ASSIGN_OR_RETURN(limit, bound.Integer(2, -1));
  }
  ETD_ASSIGN_OR_RETURN(std::string out, ReplaceText(in.heap(), text, from, to, limit));
  return in.heap().String(std::move(out));
}

Result Center(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"width"}));
  ETD_ASSIGN_OR_RETURN(const int64_t width, bound.Integer(0, 80));
  ETD_ASSIGN_OR_RETURN(const Value text, Soft(in, input));
  ETD_ASSIGN_OR_RETURN(std::string out, PadText(in.heap(), text.text(), width, " ", '^'));
  return in.heap().String(std::move(out), text.str().markup);
}

// Words begin after white space, a dash or an opening bracket.
std::string FilterTitle(std::string_view text) {
  std::string out;
  std::string word;
  const auto flush = [&] {
    if (word.empty()) return;
    size_t next = 0;
    NextCodePoint(word, &next);
    out += ToUpper(std::string_view(word).substr(0, next)) + ToLower(std::string_view(word).substr(next));
    word.clear();
  };
  bool in_break = false;
  for (const char32_t c : ToCodePoints(text)) {
    const bool breaks = IsSpace(c) || std::u32string_view(U"-({[<").find(c) != std::u32string_view::npos;
    if (breaks != in_break) flush();
    in_break = breaks;
    AppendUtf8(c, &word);
  }
  flush();
  return out;
}

Result Indent(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"width", "first", "blank"}));
  std::string indent(4, ' ');
  if (bound.has(0) && bound[0].is(Kind::kString)) {
    indent = bound[0].text();
  } else if (bound.has(0)) {
    ETD_ASSIGN_OR_RETURN(const int64_t width, bound.Integer(0, 4));
    ETD_RETURN_IF_ERROR(in.heap().budget().CheckSize(width));
    indent.assign(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
  }
  if (input.is(Kind::kUndefined)) return UndefinedError(input);
  if (!input.is(Kind::kString)) return InvalidArgument("indent needs a text, not a {}", TypeName(input));
  const std::vector<std::string> lines = SplitLines(input.text() + "\n", false);
  const bool blank = bound.Flag(2, false);
  std::string out = bound.Flag(1, false) ? indent : "";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += "\n";
    if (i > 0 && (blank || !lines[i].empty())) out += indent;
    out += lines[i];
    ETD_RETURN_IF_ERROR(in.heap().budget().Step(static_cast<int64_t>(indent.size() + lines[i].size())));
    ETD_RETURN_IF_ERROR(in.heap().budget().CheckSize(static_cast<int64_t>(out.size())));
  }
  return in.heap().String(std::move(out), input.str().markup);
}

Result Truncate(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"length", "killwords", "end", "leeway"}));
  ETD_ASSIGN_OR_RETURN(const int64_t length, bound.Integer(0, 255));
  ETD_ASSIGN_OR_RETURN(const std::string end, bound.Text(2, "..."));
  int64_t leeway = 5;
  if (!bound.none(3)) {
    ETD_ASSIGN_OR_RETURN(leeway, bound.Integer(3, 5));
  }
  const int64_t end_length = CountCodePoints(end);
  if (length < end_length) return InvalidArgument("truncate needs a length of at least {}", end_length);
  if (leeway < 0) return InvalidArgument("the leeway of truncate cannot be negative");
  const std::optional<int64_t> size = LengthOf(input);
  if (size.has_value() && *size <= length + leeway) return input;
  if (!input.is(Kind::kString)) return InvalidArgument("truncate needs a text, not a {}", TypeName(input));
  std::string kept = input.text().substr(0, ByteOffset(input.text(), length - end_length));
  if (!bound.Flag(1, false)) {
    const size_t space = kept.rfind(' ');
    if (space != std::string::npos) kept.resize(space);
  }
  return in.heap().String(kept + end, input.str().markup);
}

Result WordWrap(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound,
                       Bound::Bind(args, {"width", "break_long_words", "wrapstring", "break_on_hyphens"}));
  ETD_ASSIGN_OR_RETURN(const int64_t width, bound.Integer(0, 79));
  if (width <= 0) return InvalidArgument("the width of wordwrap must be above 0");
  std::string separator = "\n";
  if (!bound.none(2)) {
    ETD_ASSIGN_OR_RETURN(separator, bound.Text(2));
  }
  if (input.is(Kind::kUndefined)) return UndefinedError(input);
  if (!input.is(Kind::kString)) return InvalidArgument("wordwrap needs a text, not a {}", TypeName(input));
  ETD_RETURN_IF_ERROR(in.heap().budget().Step(static_cast<int64_t>(input.text().size()) * 16));
  std::string out;
  bool first_line = true;
  for (const std::string& paragraph : SplitLines(input.text(), false)) {
    if (!std::exchange(first_line, false)) out += separator;
    bool first = true;
    for (const std::string& line : WrapParagraph(paragraph, width, bound.Flag(1, true), bound.Flag(3, true))) {
      if (!std::exchange(first, false)) out += separator;
      out += line;
      ETD_RETURN_IF_ERROR(in.heap().budget().CheckSize(static_cast<int64_t>(out.size())));
    }
  }
  return in.heap().String(std::move(out));
}

Result WordCount(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  ETD_ASSIGN_OR_RETURN(const Value text, Soft(in, input));
  int64_t count = 0;
  bool inside = false;
  for (const char32_t c : ToCodePoints(text.text())) {
    const bool word = c == '_' || IsAlpha(c) || IsNumeric(c);
    count += word && !inside ? 1 : 0;
    inside = word;
  }
  return Value::Int(count);
}

Result Format(Interpreter& in, const Value& input, const CallArgs& args) {
  if (!args.positional.empty() && !args.named.empty()) {
    return InvalidArgument("format takes arguments by position or by name, not both");
  }
  ETD_ASSIGN_OR_RETURN(const Value text, Soft(in, input));
  if (args.named.empty()) {
    ETD_ASSIGN_OR_RETURN(const Value tuple, in.heap().Tuple(args.positional));
    return PercentFormat(in, text, tuple);
  }
  Dict* dict = in.heap().NewDict();
  for (const auto& [name, value] : args.named) {
    ETD_RETURN_IF_ERROR(Insert(in.heap(), dict, in.heap().String(name), value));
  }
  return PercentFormat(in, text, Value::Of(Kind::kDict, dict));
}

Result Safe(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  ETD_ASSIGN_OR_RETURN(std::string text, ToText(in.heap(), input));
  return in.heap().String(std::move(text), true);
}

template <bool kForce>
Result Escape(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  if (!kForce && IsMarkup(input)) return input;
  ETD_ASSIGN_OR_RETURN(const std::string text, ToText(in.heap(), input));
  return in.heap().String(EscapeHtml(text), true);
}

Result StripTagsFilter(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  ETD_ASSIGN_OR_RETURN(const std::string text, ToText(in.heap(), input));
  return in.heap().String(StripTags(text));
}

std::string QuoteUrl(std::string_view text, bool query) {
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || std::string_view("_.-~").find(c) != std::string_view::npos || (c == '/' && !query)) {
      out.push_back(c);
    } else if (c == ' ' && query) {
      out.push_back('+');
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

Result UrlEncode(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  const bool iterable = LengthOf(input).has_value() || input.is(Kind::kIterator);
  if (input.is(Kind::kString) || !iterable) {
    ETD_ASSIGN_OR_RETURN(const std::string text, ToText(in.heap(), input));
    return in.heap().String(QuoteUrl(text, false));
  }
  std::vector<std::pair<Value, Value>> pairs;
  if (input.is(Kind::kDict)) {
    pairs = input.as<Dict>().entries;
  } else {
    ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), input));
    for (const Value& item : items) {
      ETD_ASSIGN_OR_RETURN(const Values pair, ItemsOf(in.heap(), item));
      if (pair.size() != 2) return InvalidArgument("urlencode needs pairs");
      pairs.emplace_back(pair[0], pair[1]);
    }
  }
  std::string out;
  for (const auto& [key, value] : pairs) {
    ETD_ASSIGN_OR_RETURN(const std::string key_text, ToText(in.heap(), key));
    ETD_ASSIGN_OR_RETURN(const std::string value_text, ToText(in.heap(), value));
    if (!out.empty()) out += "&";
    out += QuoteUrl(key_text, true) + "=" + QuoteUrl(value_text, true);
  }
  return in.heap().String(std::move(out));
}

Result XmlAttributes(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"autospace"}));
  if (input.is(Kind::kUndefined)) return UndefinedError(input);
  if (!input.is(Kind::kDict)) return InvalidArgument("xmlattr needs a dict, not a {}", TypeName(input));
  std::string out;
  for (const auto& [key, value] : input.as<Dict>().entries) {
    if (value.is(Kind::kNone) || value.is(Kind::kUndefined)) continue;
    if (!key.is(Kind::kString)) return InvalidArgument("the names of attributes must be texts");
    if (key.text().find_first_of(" \t\n\r\f\v/>=") != std::string::npos) {
      return InvalidArgument("'{}' cannot be the name of an attribute", key.text());
    }
    ETD_ASSIGN_OR_RETURN(const std::string text, ToText(in.heap(), value));
    if (!out.empty()) out += " ";
    out += EscapeHtml(key.text()) + "=\"" + (IsMarkup(value) ? text : EscapeHtml(text)) + "\"";
  }
  if (!out.empty() && bound.Flag(0, true)) out.insert(0, 1, ' ');
  return in.heap().String(std::move(out));
}

Result Urlize(Interpreter&, const Value&, const CallArgs&) {
  return InvalidArgument("urlize makes HTML links, which a chat template has no use for");
}

}  // namespace

FilterFunction FindTextFilter(std::string_view name) {
  static constexpr std::pair<std::string_view, FilterFunction> kFilters[] = {
      {"capitalize", Mapped<Capitalize>},
      {"center", Center},
      {"e", Escape<false>},
      {"escape", Escape<false>},
      {"forceescape", Escape<true>},
      {"format", Format},
      {"indent", Indent},
      {"lower", Mapped<ToLower>},
      {"replace", Replace},
      {"safe", Safe},
      {"string", String},
      {"striptags", StripTagsFilter},
      {"title", Mapped<FilterTitle>},
      {"trim", Trim},
      {"truncate", Truncate},
      {"upper", Mapped<ToUpper>},
      {"urlencode", UrlEncode},
      {"urlize", Urlize},
      {"wordcount", WordCount},
      {"wordwrap", WordWrap},
      {"xmlattr", XmlAttributes},
  };
  for (const auto& [known, filter] : kFilters) {
    if (known == name) return filter;
  }
  return nullptr;
}

}  // namespace etd::text
