#include <algorithm>

#include "runtime/text/chat/call_binding.h"
#include "runtime/text/chat/filters.h"
#include "runtime/text/chat/operators.h"
#include "runtime/text/chat/text_form.h"
#include "runtime/text/chat/unicode.h"

namespace etd::text {
namespace {

Result First(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  if (input.is(Kind::kIterator)) {
    ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), input));
    if (items.empty()) return in.heap().Undefined("no first item, the sequence is empty");
    auto& iterator = input.as<Iterator>();
    iterator.items.assign(items.begin() + 1, items.end());
    return items[0];
  }
  ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), input));
  return items.empty() ? in.heap().Undefined("no first item, the sequence is empty") : items[0];
}

Result Last(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  if (input.is(Kind::kIterator)) return InvalidArgument("the end of a generator cannot be reached; use list before");
  ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), input));
  return items.empty() ? in.heap().Undefined("no last item, the sequence is empty") : items.back();
}

Result Length(Interpreter&, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  const std::optional<int64_t> length = LengthOf(input);
  if (!length.has_value()) return InvalidArgument("a value of type {} has no length", TypeName(input));
  return Value::Int(*length);
}

Result List(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  ETD_ASSIGN_OR_RETURN(Values items, ItemsOf(in.heap(), input));
  return in.heap().List(std::move(items));
}

Result Reverse(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  if (input.is(Kind::kString)) return Slice(in.heap(), input, Value::None(), Value::None(), Value::Int(-1));
  ETD_ASSIGN_OR_RETURN(Values items, ItemsOf(in.heap(), input));
  std::reverse(items.begin(), items.end());
  if (input.is(Kind::kIterator) || input.is(Kind::kUndefined)) return in.heap().List(std::move(items));
  return in.heap().NewIterator([items = std::move(items)]() -> absl::StatusOr<Values> { return items; });
}

Result Join(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"d", "attribute"}));
  std::string separator;
  if (bound.has(0)) {
    ETD_ASSIGN_OR_RETURN(separator, ToText(in.heap(), bound[0]));
  }
  ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), input));
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += separator;
    Value item = items[i];
    if (!bound.none(1)) {
      ETD_ASSIGN_OR_RETURN(item, ReadAttribute(in, item, bound[1], false, nullptr));
    }
    ETD_ASSIGN_OR_RETURN(const std::string text, ToText(in.heap(), item));
    out += text;
    ETD_RETURN_IF_ERROR(in.heap().budget().Step(static_cast<int64_t>(text.size() + separator.size())));
    ETD_RETURN_IF_ERROR(in.heap().budget().CheckSize(static_cast<int64_t>(out.size())));
  }
  return in.heap().String(std::move(out));
}

Result ItemsFilter(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  if (!input.is(Kind::kDict) && !input.is(Kind::kUndefined)) {
    return in.heap().NewIterator([input]() -> absl::StatusOr<Values> {
      return InvalidArgument("items needs a dict, not a {}", TypeName(input));
    });
  }
  return in.heap().NewIterator([&in, input]() -> absl::StatusOr<Values> {
    Values pairs;
    if (input.is(Kind::kUndefined)) return pairs;
    for (const auto& [key, value] : input.as<Dict>().entries) {
      ETD_ASSIGN_OR_RETURN(Value pair, in.heap().Tuple({key, value}));
      pairs.push_back(std::move(pair));
    }
    return pairs;
  });
}

absl::StatusOr<Values> MapItems(Interpreter& in, const Value& input, CallArgs args) {
  Values out;
  if (!Truthy(input)) return out;
  const bool by_attribute = args.positional.empty() && !args.named.empty() &&
                            std::any_of(args.named.begin(), args.named.end(),
                                        [](const auto& entry) { return entry.first == "attribute"; });
  Value attribute;
  Value fallback = Value::None();
  std::string filter;
  if (by_attribute) {
    ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"attribute", "default"}));
    attribute = bound[0];
    if (bound.has(1)) fallback = bound[1];
  } else {
    if (args.positional.empty()) return InvalidArgument("map needs the name of a filter");
    ETD_ASSIGN_OR_RETURN(filter, ToText(in.heap(), args.positional[0]));
    args.positional.erase(args.positional.begin());
  }
  ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), input));
  for (const Value& item : items) {
    ETD_ASSIGN_OR_RETURN(Value mapped, by_attribute ? ReadAttribute(in, item, attribute, false,
                                                                    fallback.is(Kind::kNone) ? nullptr : &fallback)
                                                    : in.ApplyFilter(filter, item, args));
    out.push_back(std::move(mapped));
  }
  return out;
}

Result Map(Interpreter& in, const Value& input, const CallArgs& args) {
  return in.heap().NewIterator([&in, input, args] { return MapItems(in, input, args); });
}

absl::StatusOr<Values> SelectItems(Interpreter& in, const Value& input, CallArgs args, bool wanted, bool attribute) {
  Values out;
  if (!Truthy(input)) return out;
  Value path = Value::None();
  if (attribute) {
    if (args.positional.empty()) return InvalidArgument("the name of the attribute is missing");
    path = args.positional[0];
    args.positional.erase(args.positional.begin());
  }
  std::string test;
  const bool has_test = !args.positional.empty();
  if (has_test) {
    ETD_ASSIGN_OR_RETURN(test, ToText(in.heap(), args.positional[0]));
    args.positional.erase(args.positional.begin());
  }
  ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), input));
  for (const Value& item : items) {
    ETD_ASSIGN_OR_RETURN(const Value tested, ReadAttribute(in, item, path, false, nullptr));
    bool passes = Truthy(tested);
    if (has_test) {
      ETD_ASSIGN_OR_RETURN(passes, in.ApplyTest(test, tested, args));
    }
    if (passes == wanted) out.push_back(item);
  }
  return out;
}

template <bool kWanted, bool kAttribute>
Result Select(Interpreter& in, const Value& input, const CallArgs& args) {
  return in.heap().NewIterator([&in, input, args] { return SelectItems(in, input, args, kWanted, kAttribute); });
}

Result Batch(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"linecount", "fill_with"}, 1));
  ETD_ASSIGN_OR_RETURN(const int64_t size, bound.Integer(0, 0));
  const Value fill = bound.none(1) ? Value::None() : bound[1];
  return in.heap().NewIterator([&in, input, size, fill]() -> absl::StatusOr<Values> {
    ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), input));
    std::vector<Values> rows;
    if (!items.empty()) rows.emplace_back();
    for (const Value& item : items) {
      if (static_cast<int64_t>(rows.back().size()) == size) rows.emplace_back();
      rows.back().push_back(item);
    }
    ETD_RETURN_IF_ERROR(in.heap().budget().CheckSize(size));
    while (!rows.empty() && !fill.is(Kind::kNone) && static_cast<int64_t>(rows.back().size()) < size) {
      ETD_RETURN_IF_ERROR(in.heap().budget().Step());
      rows.back().push_back(fill);
    }
    Values out;
    for (Values& row : rows) {
      ETD_ASSIGN_OR_RETURN(Value list, in.heap().List(std::move(row)));
      out.push_back(std::move(list));
    }
    return out;
  });
}

Result SliceFilter(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"slices", "fill_with"}, 1));
  ETD_ASSIGN_OR_RETURN(const int64_t slices, bound.Integer(0, 0));
  const Value fill = bound.none(1) ? Value::None() : bound[1];
  return in.heap().NewIterator([&in, input, slices, fill]() -> absl::StatusOr<Values> {
    ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), input));
    if (slices == 0) return InvalidArgument("slice needs a number of slices above 0");
    Values out;
    const auto size = static_cast<int64_t>(items.size());
    auto at = items.begin();
    for (int64_t i = 0; i < slices; ++i) {
      ETD_RETURN_IF_ERROR(in.heap().budget().Step());
      const bool longer = i < size % slices;
      const int64_t count = size / slices + (longer ? 1 : 0);
      Values part(at, at + count);
      at += count;
      if (!longer && !fill.is(Kind::kNone)) part.push_back(fill);
      ETD_ASSIGN_OR_RETURN(Value list, in.heap().List(std::move(part)));
      out.push_back(std::move(list));
    }
    return out;
  });
}

Result Sum(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"attribute", "start"}));
  Value total = bound.has(1) ? bound[1] : Value::Int(0);
  if (total.is(Kind::kString)) return InvalidArgument("sum adds no texts; use join");
  ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), input));
  for (const Value& item : items) {
    Value term = item;
    if (!bound.none(0)) {
      ETD_ASSIGN_OR_RETURN(term, ReadAttribute(in, item, bound[0], false, nullptr));
    }
    ETD_ASSIGN_OR_RETURN(total, Arithmetic(in, ExprKind::kAdd, total, term));
  }
  return total;
}

Result Random(Interpreter&, const Value&, const CallArgs&) {
  return InvalidArgument("chat templates have no randomness: the same messages must give the same prompt");
}

}  // namespace

Result ReadAttribute(Interpreter& in, const Value& item, const Value& attribute, bool lower, const Value* fallback) {
  Value value = item;
  const auto step = [&](const Value& key) -> absl::Status {
    ETD_ASSIGN_OR_RETURN(value, in.GetItem(value, key));
    if (fallback != nullptr && value.is(Kind::kUndefined)) value = *fallback;
    return absl::OkStatus();
  };
  if (attribute.is(Kind::kString)) {
    std::string_view rest = attribute.text();
    for (;;) {
      const size_t dot = rest.find('.');
      const std::string part(rest.substr(0, dot));
      const bool number = !part.empty() && part.size() < 18 && part.find_first_not_of("0123456789") == std::string::npos;
      ETD_RETURN_IF_ERROR(step(number ? Value::Int(std::stoll(part)) : in.heap().String(part)));
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
  } else if (!attribute.is(Kind::kNone)) {
    ETD_RETURN_IF_ERROR(step(attribute));
  }
  if (lower && value.is(Kind::kString)) return in.heap().String(ToLower(value.text()));
  return value;
}

FilterFunction FindSequenceFilter(std::string_view name) {
  static constexpr std::pair<std::string_view, FilterFunction> kFilters[] = {
      {"batch", Batch},
      {"count", Length},
      {"first", First},
      {"items", ItemsFilter},
      {"join", Join},
      {"last", Last},
      {"length", Length},
      {"list", List},
      {"map", Map},
      {"random", Random},
      {"reject", Select<false, false>},
      {"rejectattr", Select<false, true>},
      {"reverse", Reverse},
      {"select", Select<true, false>},
      {"selectattr", Select<true, true>},
      {"slice", SliceFilter},
      {"sum", Sum},
  };
  for (const auto& [known, filter] : kFilters) {
    if (known == name) return filter;
  }
  return nullptr;
}

}  // namespace etd::text
