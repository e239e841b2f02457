#include <algorithm>

#include "runtime/text/chat/call_binding.h"
#include "runtime/text/chat/filters.h"
#include "runtime/text/chat/sorting.h"
#include "runtime/text/chat/text_algorithms.h"
#include "runtime/text/chat/unicode.h"

namespace etd::text {
namespace {

// The sort key of an item: a list of its comma-separated attributes.
Result SortKey(Interpreter& in, const Value& item, const Value& attribute, bool lower) {
  Values parts;
  if (attribute.is(Kind::kString)) {
    for (const std::string& path : SplitText(attribute.text(), ",", -1, false)) {
      ETD_ASSIGN_OR_RETURN(Value part, ReadAttribute(in, item, in.heap().String(path), lower, nullptr));
      parts.push_back(std::move(part));
    }
  } else {
    ETD_ASSIGN_OR_RETURN(Value part, ReadAttribute(in, item, attribute, lower, nullptr));
    parts.push_back(std::move(part));
  }
  return in.heap().List(std::move(parts));
}

Result Sort(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"reverse", "case_sensitive", "attribute"}));
  const Value attribute = bound.none(2) ? Value::None() : bound[2];
  const bool lower = !bound.Flag(1, false);
  ETD_ASSIGN_OR_RETURN(Values items, ItemsOf(in.heap(), input));
  ETD_RETURN_IF_ERROR(SortBy(
      in.heap(), &items, [&](const Value& item) { return SortKey(in, item, attribute, lower); },
      bound.Flag(0, false)));
  return in.heap().List(std::move(items));
}

Result DictSort(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"case_sensitive", "by", "reverse"}));
  ETD_ASSIGN_OR_RETURN(const std::string by, bound.Text(1, "key"));
  if (by != "key" && by != "value") return InvalidArgument("dictsort sorts by key or value, not by {}", by);
  if (input.is(Kind::kUndefined)) return UndefinedError(input);
  if (!input.is(Kind::kDict)) return InvalidArgument("dictsort needs a dict, not a {}", TypeName(input));
  const bool lower = !bound.Flag(0, false);
  auto entries = input.as<Dict>().entries;
  const auto key = [&](const std::pair<Value, Value>& entry) -> Result {
    return ReadAttribute(in, by == "key" ? entry.first : entry.second, Value::None(), lower, nullptr);
  };
  ETD_RETURN_IF_ERROR(SortBy(in.heap(), &entries, key, bound.Flag(2, false)));
  Values pairs;
  for (auto& [k, v] : entries) {
    ETD_ASSIGN_OR_RETURN(Value pair, in.heap().Tuple({k, v}));
    pairs.push_back(std::move(pair));
  }
  return in.heap().List(std::move(pairs));
}

Result Unique(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"case_sensitive", "attribute"}));
  const bool lower = !bound.Flag(0, false);
  const Value attribute = bound.none(1) ? Value::None() : bound[1];
  return in.heap().NewIterator([&in, input, lower, attribute]() -> absl::StatusOr<Values> {
    ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), input));
    Dict* seen = in.heap().NewDict();
    Values out;
    for (const Value& item : items) {
      ETD_ASSIGN_OR_RETURN(const Value key, ReadAttribute(in, item, attribute, lower, nullptr));
      ETD_ASSIGN_OR_RETURN(const Value* known, Find(in.heap(), *seen, key));
      if (known != nullptr) continue;
      ETD_RETURN_IF_ERROR(Insert(in.heap(), seen, key, Value::None()));
      out.push_back(item);
    }
    return out;
  });
}

template <int kSign>
Result Extreme(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"case_sensitive", "attribute"}));
  const bool lower = !bound.Flag(0, false);
  const Value attribute = bound.none(1) ? Value::None() : bound[1];
  ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), input));
  if (items.empty()) return in.heap().Undefined("the sequence is empty, there is nothing to choose from");
  Value best = items[0];
  ETD_ASSIGN_OR_RETURN(Value best_key, ReadAttribute(in, best, attribute, lower, nullptr));
  for (size_t i = 1; i < items.size(); ++i) {
    ETD_ASSIGN_OR_RETURN(Value key, ReadAttribute(in, items[i], attribute, lower, nullptr));
    ETD_ASSIGN_OR_RETURN(const int order, Compare(in.heap(), key, best_key));
    if (order != kSign) continue;
    best = items[i];
    best_key = std::move(key);
  }
  return best;
}

Result GroupBy(Interpreter& in, const Value& input, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"attribute", "default", "case_sensitive"}, 1));
  const bool lower = !bound.Flag(2, false);
  const Value* fallback = bound.none(1) ? nullptr : &bound[1];
  ETD_ASSIGN_OR_RETURN(Values items, ItemsOf(in.heap(), input));
  const auto key_of = [&](const Value& item) { return ReadAttribute(in, item, bound[0], lower, fallback); };
  ETD_RETURN_IF_ERROR(SortBy(in.heap(), &items, key_of, false));
  std::vector<std::pair<Value, Values>> groups;
  for (const Value& item : items) {
    ETD_ASSIGN_OR_RETURN(Value key, key_of(item));
    bool same = false;
    if (!groups.empty()) {
      ETD_ASSIGN_OR_RETURN(same, Equal(in.heap(), groups.back().first, key));
    }
    if (!same) groups.emplace_back(std::move(key), Values());
    groups.back().second.push_back(item);
  }
  Values out;
  for (auto& [key, members] : groups) {
    ETD_ASSIGN_OR_RETURN(Value grouper, ReadAttribute(in, members[0], bound[0], false, fallback));
    ETD_ASSIGN_OR_RETURN(Value list, in.heap().List(std::move(members)));
    ETD_ASSIGN_OR_RETURN(Value group, in.heap().Tuple({std::move(grouper), std::move(list)}));
    group.as<Sequence>().group = true;
    out.push_back(std::move(group));
  }
  return in.heap().List(std::move(out));
}

}  // namespace

FilterFunction FindOrderFilter(std::string_view name) {
  static constexpr std::pair<std::string_view, FilterFunction> kFilters[] = {
      {"dictsort", DictSort}, {"groupby", GroupBy}, {"max", Extreme<1>},
      {"min", Extreme<-1>},   {"sort", Sort},       {"unique", Unique},
  };
  for (const auto& [known, filter] : kFilters) {
    if (known == name) return filter;
  }
  return nullptr;
}

FilterFunction FindFilter(std::string_view name) {
  for (const auto find : {FindTextFilter, FindSequenceFilter, FindOrderFilter, FindValueFilter}) {
    if (const FilterFunction filter = find(name)) return filter;
  }
  return nullptr;
}

}  // namespace etd::text
