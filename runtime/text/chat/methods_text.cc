#include <algorithm>

#include "runtime/text/chat/call_binding.h"
#include "runtime/text/chat/methods.h"
#include "runtime/text/chat/operators.h"
#include "runtime/text/chat/percent_format.h"
#include "runtime/text/chat/text_algorithms.h"
#include "runtime/text/chat/unicode.h"

namespace etd::text {
namespace {

Result Made(Interpreter& in, const Value& self, std::string text) {
  ETD_RETURN_IF_ERROR(in.heap().budget().CheckSize(static_cast<int64_t>(text.size())));
  ETD_RETURN_IF_ERROR(in.heap().budget().Step(static_cast<int64_t>(text.size())));
  return in.heap().String(std::move(text), self.str().markup);
}

Result MadeList(Interpreter& in, const Value& self, const std::vector<std::string>& parts) {
  Values items;
  for (const std::string& part : parts) items.push_back(in.heap().String(part, self.str().markup));
  return in.heap().List(std::move(items));
}

absl::Status NoArguments(const CallArgs& args) { return Bound::Bind(args, {}).status(); }

// Methods that map the whole text.
template <std::string (*kMapping)(std::string_view)>
Result Mapped(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(NoArguments(args));
  return Made(in, self, kMapping(self.text()));
}

template <bool kLeft, bool kRight>
Result StripMethod(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"chars"}));
  if (bound.none(0)) return Made(in, self, std::string(Strip(self.text(), nullptr, kLeft, kRight)));
  ETD_ASSIGN_OR_RETURN(const std::string chars, bound.Text(0));
  return Made(in, self, std::string(Strip(self.text(), &chars, kLeft, kRight)));
}

template <bool kRight>
Result SplitMethod(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"sep", "maxsplit"}));
  ETD_ASSIGN_OR_RETURN(const int64_t limit, bound.Integer(1, -1));
  if (bound.none(0)) return MadeList(in, self, SplitSpace(self.text(), limit, kRight));
  ETD_ASSIGN_OR_RETURN(const std::string separator, bound.Text(0));
  if (separator.empty()) return InvalidArgument("the separator of split is empty");
  return MadeList(in, self, SplitText(self.text(), separator, limit, kRight));
}

Result SplitLinesMethod(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"keepends"}));
  return MadeList(in, self, SplitLines(self.text(), bound.Flag(0, false)));
}

template <bool kRight>
Result Partition(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"sep"}, 1));
  ETD_ASSIGN_OR_RETURN(const std::string separator, bound.Text(0));
  if (separator.empty()) return InvalidArgument("the separator of partition is empty");
  const std::string& text = self.text();
  const size_t at = kRight ? text.rfind(separator) : text.find(separator);
  std::vector<std::string> parts;
  if (at == std::string::npos) {
    parts = kRight ? std::vector<std::string>{"", "", text} : std::vector<std::string>{text, "", ""};
  } else {
    parts = {text.substr(0, at), separator, text.substr(at + separator.size())};
  }
  Values items;
  for (std::string& part : parts) items.push_back(in.heap().String(std::move(part), self.str().markup));
  return in.heap().Tuple(std::move(items));
}

// text[start:end] of the arguments `first` and `first + 1`; nothing if start lies behind the end.
absl::StatusOr<std::optional<std::pair<size_t, size_t>>> Window(const Value& self, const Bound& bound, size_t first) {
  const int64_t length = self.str().length;
  const auto clamp = [length](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + length : i, 0, length); };
  int64_t start = 0;
  int64_t end = length;
  if (!bound.none(first)) {
    ETD_ASSIGN_OR_RETURN(start, bound.Integer(first, 0));
  }
  if (!bound.none(first + 1)) {
    ETD_ASSIGN_OR_RETURN(end, bound.Integer(first + 1, 0));
  }
  if (start > length || clamp(start) > clamp(end)) return std::nullopt;
  return std::pair(ByteOffset(self.text(), clamp(start)), ByteOffset(self.text(), clamp(end)));
}

template <bool kEnd>
Result StartsOrEnds(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"prefix", "start", "end"}, 1));
  Values choices = {bound[0]};
  if (bound[0].is(Kind::kTuple)) choices = bound[0].as<Sequence>().items;
  ETD_ASSIGN_OR_RETURN(const auto window, Window(self, bound, 1));
  ETD_RETURN_IF_ERROR(in.heap().budget().Step());
  for (const Value& choice : choices) {
    if (choice.is(Kind::kUndefined)) return UndefinedError(choice);
    if (!choice.is(Kind::kString)) {
      return InvalidArgument("a text can begin or end with a text, not with a {}", TypeName(choice));
    }
    if (!window.has_value()) continue;
    const std::string_view text = std::string_view(self.text()).substr(window->first, window->second - window->first);
    if (kEnd ? text.ends_with(choice.text()) : text.starts_with(choice.text())) return Value::Bool(true);
  }
  return Value::Bool(false);
}

enum class Search { kFind, kRightFind, kIndex, kRightIndex, kCount };

template <Search kWhat>
Result SearchMethod(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"sub", "start", "end"}, 1));
  ETD_ASSIGN_OR_RETURN(const std::string needle, bound.Text(0));
  ETD_ASSIGN_OR_RETURN(const auto window, Window(self, bound, 1));
  ETD_RETURN_IF_ERROR(in.heap().budget().Step(static_cast<int64_t>(self.text().size())));
  size_t found = std::string::npos;
  int64_t count = 0;
  if (window.has_value()) {
    const std::string_view text = std::string_view(self.text()).substr(0, window->second);
    if (kWhat == Search::kRightFind || kWhat == Search::kRightIndex) {
      found = text.rfind(needle);
      if (found != std::string::npos && found < window->first) found = std::string::npos;
    } else {
      found = text.find(needle, window->first);
    }
    if (kWhat == Search::kCount && needle.empty()) {
      count = CountCodePoints(text.substr(window->first)) + 1;
    } else if (kWhat == Search::kCount) {
      for (size_t at = found; at != std::string::npos; at = text.find(needle, at + needle.size())) ++count;
    }
  }
  if (kWhat == Search::kCount) return Value::Int(count);
  if (found != std::string::npos) return Value::Int(CountCodePoints(std::string_view(self.text()).substr(0, found)));
  if (kWhat == Search::kIndex || kWhat == Search::kRightIndex) return InvalidArgument("the text is not contained");
  return Value::Int(-1);
}

Result Replace(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"old", "new", "count"}, 2));
  ETD_ASSIGN_OR_RETURN(const std::string from, bound.Text(0));
  ETD_ASSIGN_OR_RETURN(std::string to, bound.Text(1));
  ETD_ASSIGN_OR_RETURN(const int64_t limit, bound.Integer(2, -1));
  if (self.str().markup && !bound[1].str().markup) to = EscapeHtml(to);
  ETD_ASSIGN_OR_RETURN(std::string text, ReplaceText(in.heap(), self.text(), from, to, limit));
  return Made(in, self, std::move(text));
}

Result JoinMethod(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"iterable"}, 1));
  ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), bound[0]));
  std::string text;
  for (size_t i = 0; i < items.size(); ++i) {
    const Value& item = items[i];
    if (!item.is(Kind::kString) && !self.str().markup) {
      return InvalidArgument("join needs texts; item {} is a {}", i, TypeName(item));
    }
    if (!item.is(Kind::kString)) return InvalidArgument("join needs texts");
    if (i > 0) text += self.text();
    text += self.str().markup && !item.str().markup ? EscapeHtml(item.text()) : item.text();
    ETD_RETURN_IF_ERROR(in.heap().budget().CheckSize(static_cast<int64_t>(text.size())));
  }
  return Made(in, self, std::move(text));
}

template <char kAlign>
Result PadMethod(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"width", "fillchar"}, 1));
  ETD_ASSIGN_OR_RETURN(const int64_t width, bound.Integer(0, 0));
  ETD_ASSIGN_OR_RETURN(const std::string fill, bound.Text(1, " "));
  if (CountCodePoints(fill) != 1) return InvalidArgument("the fill must be one character");
  ETD_ASSIGN_OR_RETURN(std::string text, PadText(in.heap(), self.text(), width, fill, kAlign));
  return Made(in, self, std::move(text));
}

Result ZeroFill(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"width"}, 1));
  ETD_ASSIGN_OR_RETURN(const int64_t width, bound.Integer(0, 0));
  const std::string& text = self.text();
  const bool sign = !text.empty() && (text[0] == '+' || text[0] == '-');
  ETD_ASSIGN_OR_RETURN(std::string filled, PadText(in.heap(), sign ? text.substr(1) : text, width - (sign ? 1 : 0), "0", '>'));
  return Made(in, self, sign ? text.substr(0, 1) + filled : filled);
}

template <bool kSuffix>
Result RemoveEnd(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {kSuffix ? "suffix" : "prefix"}, 1));
  ETD_ASSIGN_OR_RETURN(const std::string end, bound.Text(0));
  const std::string& text = self.text();
  if (kSuffix && text.ends_with(end)) return Made(in, self, text.substr(0, text.size() - end.size()));
  if (!kSuffix && text.starts_with(end)) return Made(in, self, text.substr(end.size()));
  return self;
}

Result ExpandTabs(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"tabsize"}));
  ETD_ASSIGN_OR_RETURN(const int64_t size, bound.Integer(0, 8));
  std::string out;
  int64_t column = 0;
  for (const char c : self.text()) {
    if (c == '\t') {
      const int64_t spaces = size > 0 ? size - column % size : 0;
      ETD_RETURN_IF_ERROR(in.heap().budget().CheckSize(static_cast<int64_t>(out.size()) + spaces));
      out.append(static_cast<size_t>(spaces), ' ');
      column += spaces;
      continue;
    }
    out.push_back(c);
    if (c == '\n' || c == '\r') column = 0;
    else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) ++column;
  }
  return Made(in, self, std::move(out));
}

// str.isxyz(): every character is of the class, and there is one.
template <bool (*kClass)(char32_t)>
Result AllAre(Interpreter&, const Value& self, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(NoArguments(args));
  const std::u32string text = ToCodePoints(self.text());
  return Value::Bool(!text.empty() && std::all_of(text.begin(), text.end(), kClass));
}

bool IsAlphaNumeric(char32_t c) { return IsAlpha(c) || IsDecimal(c) || IsDigit(c) || IsNumeric(c); }

Result IsPrintableText(Interpreter&, const Value& self, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(NoArguments(args));
  const std::u32string text = ToCodePoints(self.text());
  return Value::Bool(std::all_of(text.begin(), text.end(), IsPrintable));
}

Result IsAsciiText(Interpreter&, const Value& self, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(NoArguments(args));
  return Value::Bool(self.str().ascii);
}

Result IsIdentifierText(Interpreter&, const Value& self, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(NoArguments(args));
  const std::u32string text = ToCodePoints(self.text());
  return Value::Bool(!text.empty() && IsIdentifierStart(text[0]) &&
                     std::all_of(text.begin(), text.end(), IsIdentifierPart));
}

template <bool (*kCase)(std::string_view)>
Result CaseTest(Interpreter&, const Value& self, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(NoArguments(args));
  return Value::Bool(kCase(self.text()));
}

Result FormatMethod(Interpreter& in, const Value& self, const CallArgs& args) { return BraceFormat(in, self, args); }

Result FormatMap(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"mapping"}, 1));
  if (!bound[0].is(Kind::kDict)) return InvalidArgument("format_map needs a dict");
  CallArgs named;
  for (const auto& [key, value] : bound[0].as<Dict>().entries) {
    if (key.is(Kind::kString)) named.named.emplace_back(key.text(), value);
  }
  return BraceFormat(in, self, named);
}

Result StripTagsMethod(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(NoArguments(args));
  return in.heap().String(StripTags(self.text()));
}

}  // namespace

Method FindTextMethod(std::string_view name) {
  static constexpr std::pair<std::string_view, Method> kMethods[] = {
      {"capitalize", Mapped<Capitalize>},
      {"casefold", Mapped<FoldCase>},
      {"center", PadMethod<'^'>},
      {"count", SearchMethod<Search::kCount>},
      {"endswith", StartsOrEnds<true>},
      {"expandtabs", ExpandTabs},
      {"find", SearchMethod<Search::kFind>},
      {"format", FormatMethod},
      {"format_map", FormatMap},
      {"index", SearchMethod<Search::kIndex>},
      {"isalnum", AllAre<IsAlphaNumeric>},
      {"isalpha", AllAre<IsAlpha>},
      {"isascii", IsAsciiText},
      {"isdecimal", AllAre<IsDecimal>},
      {"isdigit", AllAre<IsDigit>},
      {"isidentifier", IsIdentifierText},
      {"islower", CaseTest<IsLowerText>},
      {"isnumeric", AllAre<IsNumeric>},
      {"isprintable", IsPrintableText},
      {"isspace", AllAre<IsSpace>},
      {"istitle", CaseTest<IsTitleText>},
      {"isupper", CaseTest<IsUpperText>},
      {"join", JoinMethod},
      {"ljust", PadMethod<'<'>},
      {"lower", Mapped<ToLower>},
      {"lstrip", StripMethod<true, false>},
      {"partition", Partition<false>},
      {"removeprefix", RemoveEnd<false>},
      {"removesuffix", RemoveEnd<true>},
      {"replace", Replace},
      {"rfind", SearchMethod<Search::kRightFind>},
      {"rindex", SearchMethod<Search::kRightIndex>},
      {"rjust", PadMethod<'>'>},
      {"rpartition", Partition<true>},
      {"rsplit", SplitMethod<true>},
      {"rstrip", StripMethod<false, true>},
      {"split", SplitMethod<false>},
      {"splitlines", SplitLinesMethod},
      {"startswith", StartsOrEnds<false>},
      {"strip", StripMethod<true, true>},
      {"striptags", StripTagsMethod},
      {"swapcase", Mapped<SwapCase>},
      {"title", Mapped<TitleCase>},
      {"upper", Mapped<ToUpper>},
      {"zfill", ZeroFill},
  };
  for (const auto& [known, method] : kMethods) {
    if (known == name) return method;
  }
  return nullptr;
}

}  // namespace etd::text
