#include "runtime/text/chat/text_form.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "runtime/text/chat/interpreter_objects.h"
#include "runtime/text/chat/sorting.h"
#include "runtime/text/chat/unicode.h"

namespace etd::text {
namespace {

absl::Status AppendRepr(Heap& heap, const Value& value, std::string* out);

absl::Status AppendItems(Heap& heap, const Values& items, std::string* out) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) *out += ", ";
    ETD_RETURN_IF_ERROR(AppendRepr(heap, items[i], out));
  }
  return absl::OkStatus();
}

absl::Status AppendDict(Heap& heap, const Dict& dict, std::string* out) {
  *out += "{";
  for (size_t i = 0; i < dict.entries.size(); ++i) {
    if (i > 0) *out += ", ";
    ETD_RETURN_IF_ERROR(AppendRepr(heap, dict.entries[i].first, out));
    *out += ": ";
    ETD_RETURN_IF_ERROR(AppendRepr(heap, dict.entries[i].second, out));
  }
  *out += "}";
  return absl::OkStatus();
}

absl::Status AppendView(Heap& heap, const Value& value, std::string* out) {
  constexpr std::string_view kNames[] = {"dict_keys", "dict_values", "dict_items"};
  ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(heap, value));
  *out += fmt::format("{}([", kNames[static_cast<size_t>(value.as<DictView>().part)]);
  ETD_RETURN_IF_ERROR(AppendItems(heap, items, out));
  *out += "])";
  return absl::OkStatus();
}

absl::Status AppendRepr(Heap& heap, const Value& value, std::string* out) {
  const Budget::Nested nested(&heap.budget());
  ETD_RETURN_IF_ERROR(nested.status());
  const size_t before = out->size();
  switch (value.kind()) {
    case Kind::kUndefined:
      *out += "Undefined";
      break;
    case Kind::kNone:
      *out += "None";
      break;
    case Kind::kBool:
      *out += value.boolean() ? "True" : "False";
      break;
    case Kind::kInt:
      *out += std::to_string(value.integer());
      break;
    case Kind::kFloat:
      *out += FloatText(value.real());
      break;
    case Kind::kString:
      *out += value.str().markup ? "Markup(" + QuoteText(value.text()) + ")" : QuoteText(value.text());
      break;
    case Kind::kList:
      *out += "[";
      ETD_RETURN_IF_ERROR(AppendItems(heap, value.as<Sequence>().items, out));
      *out += "]";
      break;
    case Kind::kTuple:
      *out += "(";
      ETD_RETURN_IF_ERROR(AppendItems(heap, value.as<Sequence>().items, out));
      *out += value.as<Sequence>().items.size() == 1 ? ",)" : ")";
      break;
    case Kind::kDict:
      ETD_RETURN_IF_ERROR(AppendDict(heap, value.as<Dict>(), out));
      break;
    case Kind::kDictView:
      ETD_RETURN_IF_ERROR(AppendView(heap, value, out));
      break;
    case Kind::kRange: {
      const Range& range = value.as<Range>();
      *out += range.step == 1 ? fmt::format("range({}, {})", range.start, range.stop)
                              : fmt::format("range({}, {}, {})", range.start, range.stop, range.step);
      break;
    }
    case Kind::kNamespace:
      *out += "<Namespace ";
      ETD_RETURN_IF_ERROR(AppendDict(heap, *value.as<NamespaceObject>().attributes, out));
      *out += ">";
      break;
    case Kind::kMacro: {
      const std::string& name = value.as<Macro>().node->name;
      *out += name.empty() ? "<Macro anonymous>" : fmt::format("<Macro {}>", QuoteText(name));
      break;
    }
    case Kind::kFunction:
      *out += fmt::format("<function {}>", value.as<Function>().name);
      break;
    default:
      *out += fmt::format("<{} object>", TypeName(value));
  }
  ETD_RETURN_IF_ERROR(heap.budget().CheckSize(static_cast<int64_t>(out->size())));
  return heap.budget().Step(static_cast<int64_t>(out->size() - before));
}

void AppendEscape(char32_t c, std::string* out) {
  if (c < 0x100) {
    *out += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
  } else if (c < 0x10000) {
    *out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
  } else {
    *out += fmt::format("\\U{:08x}", static_cast<uint32_t>(c));
  }
}

class JsonWriter {
 public:
  JsonWriter(Heap& heap, const JsonStyle& style) : heap_(heap), style_(style) {}

  absl::Status Write(const Value& value);
  std::string Take() { return std::move(out_); }

 private:
  absl::Status WriteList(const Values& items);
  absl::Status WriteDict(const Dict& dict);
  absl::Status WriteScalar(const Value& value);
  absl::StatusOr<std::string> KeyText(const Value& key);
  void WriteText(std::string_view text);
  void Open(char bracket) {
    out_.push_back(bracket);
    ++level_;
  }
  void Close(char bracket, bool empty) {
    --level_;
    if (!empty) NewLine();
    out_.push_back(bracket);
  }
  void NewLine() {
    if (!style_.pretty) return;
    out_.push_back('\n');
    for (int i = 0; i < level_; ++i) out_ += style_.indent;
  }
  void Separate(bool first) {
    if (!first) out_ += style_.item_separator;
    NewLine();
  }

  Heap& heap_;
  const JsonStyle& style_;
  std::string out_;
  int level_ = 0;
};

void JsonWriter::WriteText(std::string_view text) {
  out_.push_back('"');
  for (size_t offset = 0; offset < text.size();) {
    const size_t begin = offset;
    const char32_t c = NextCodePoint(text, &offset);
    constexpr std::string_view kShort = "\"\\\n\r\t\f\b";
    constexpr std::string_view kLetters = "\"\\nrtfb";
    const size_t known = c < 0x80 ? kShort.find(static_cast<char>(c)) : std::string_view::npos;
    if (known != std::string_view::npos) {
      out_.push_back('\\');
      out_.push_back(kLetters[known]);
    } else if (c < 0x20 || (style_.ascii && c > 0x7e && c < 0x10000 && c != 0x7f)) {
      out_ += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    } else if (style_.ascii && c >= 0x10000) {
      out_ += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((static_cast<uint32_t>(c) - 0x10000) >> 10),
                          0xdc00 + (static_cast<uint32_t>(c) & 0x3ff));
    } else {
      out_.append(text.substr(begin, offset - begin));
    }
  }
  out_.push_back('"');
}

absl::Status JsonWriter::WriteScalar(const Value& value) {
  switch (value.kind()) {
    case Kind::kNone:
      out_ += "null";
      return absl::OkStatus();
    case Kind::kBool:
      out_ += value.boolean() ? "true" : "false";
      return absl::OkStatus();
    case Kind::kInt:
      out_ += std::to_string(value.integer());
      return absl::OkStatus();
    case Kind::kFloat:
      if (std::isfinite(value.real())) {
        out_ += FloatText(value.real());
      } else {
        out_ += std::isnan(value.real()) ? "NaN" : (value.real() > 0 ? "Infinity" : "-Infinity");
      }
      return absl::OkStatus();
    case Kind::kString:
      WriteText(value.text());
      return absl::OkStatus();
    default:
      return InvalidArgument("a value of type {} has no JSON form", TypeName(value));
  }
}

absl::Status JsonWriter::Write(const Value& value) {
  const Budget::Nested nested(&heap_.budget());
  ETD_RETURN_IF_ERROR(nested.status());
  const size_t before = out_.size();
  if (value.is(Kind::kList) || value.is(Kind::kTuple)) {
    ETD_RETURN_IF_ERROR(WriteList(value.as<Sequence>().items));
  } else if (value.is(Kind::kDict)) {
    ETD_RETURN_IF_ERROR(WriteDict(value.as<Dict>()));
  } else {
    ETD_RETURN_IF_ERROR(WriteScalar(value));
  }
  ETD_RETURN_IF_ERROR(heap_.budget().CheckSize(static_cast<int64_t>(out_.size())));
  return heap_.budget().Step(static_cast<int64_t>(out_.size() - before));
}

absl::Status JsonWriter::WriteList(const Values& items) {
  Open('[');
  for (size_t i = 0; i < items.size(); ++i) {
    Separate(i == 0);
    ETD_RETURN_IF_ERROR(Write(items[i]));
  }
  Close(']', items.empty());
  return absl::OkStatus();
}

absl::StatusOr<std::string> JsonWriter::KeyText(const Value& key) {
  if (key.is(Kind::kString)) return key.text();
  if (!key.is_number() && !key.is(Kind::kNone)) {
    return InvalidArgument("a JSON key must be a text or number, not a {}", TypeName(key));
  }
  JsonWriter writer(heap_, style_);
  ETD_RETURN_IF_ERROR(writer.WriteScalar(key));
  return writer.Take();
}

absl::Status JsonWriter::WriteDict(const Dict& dict) {
  std::vector<std::pair<Value, Value>> sorted;
  if (style_.sort_keys) {
    sorted = dict.entries;
    ETD_RETURN_IF_ERROR(SortBy(heap_, &sorted, [](const auto& entry) -> Result { return entry.first; }, false));
  }
  const auto& entries = style_.sort_keys ? sorted : dict.entries;
  Open('{');
  for (size_t i = 0; i < entries.size(); ++i) {
    Separate(i == 0);
    ETD_ASSIGN_OR_RETURN(const std::string key, KeyText(entries[i].first));
    WriteText(key);
    out_ += style_.key_separator;
    ETD_RETURN_IF_ERROR(Write(entries[i].second));
  }
  Close('}', entries.empty());
  return absl::OkStatus();
}

}  // namespace

std::string FloatText(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  char buffer[40];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), number, std::chars_format::scientific);
  const std::string scientific(buffer, end);
  const size_t e = scientific.find('e');
  const int exponent = std::atoi(scientific.c_str() + e + 1);
  if (exponent < -4 || exponent >= 16) {
    return scientific.substr(0, e) + fmt::format("e{}{:02d}", exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  const auto [fixed_end, fixed_error] = std::to_chars(buffer, buffer + sizeof(buffer), number, std::chars_format::fixed);
  std::string fixed(buffer, fixed_end);
  if (fixed.find('.') == std::string::npos) fixed += ".0";
  return fixed;
}

std::string QuoteText(std::string_view text) {
  const bool double_quotes = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  const char quote = double_quotes ? '"' : '\'';
  std::string out(1, quote);
  for (size_t offset = 0; offset < text.size();) {
    const size_t begin = offset;
    const char32_t c = NextCodePoint(text, &offset);
    if (c == '\n' || c == '\r' || c == '\t') {
      out += c == '\n' ? "\\n" : (c == '\r' ? "\\r" : "\\t");
    } else if (c == '\\' || c == static_cast<char32_t>(quote)) {
      out.push_back('\\');
      out.push_back(static_cast<char>(c));
    } else if (!IsPrintable(c)) {
      AppendEscape(c, &out);
    } else {
      out.append(text.substr(begin, offset - begin));
    }
  }
  out.push_back(quote);
  return out;
}

absl::StatusOr<std::string> ToText(Heap& heap, const Value& value) {
  if (value.is(Kind::kString)) return value.text();
  if (value.is(Kind::kUndefined)) return std::string();
  return ToRepr(heap, value);
}

absl::StatusOr<std::string> ToRepr(Heap& heap, const Value& value) {
  std::string out;
  ETD_RETURN_IF_ERROR(AppendRepr(heap, value, &out));
  return out;
}

absl::StatusOr<std::string> ToJson(Heap& heap, const Value& value, const JsonStyle& style) {
  JsonWriter writer(heap, style);
  ETD_RETURN_IF_ERROR(writer.Write(value));
  return writer.Take();
}

}  // namespace etd::text
