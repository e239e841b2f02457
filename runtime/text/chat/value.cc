#include "runtime/text/chat/value.h"

#include <algorithm>
#include <cmath>

#include "runtime/text/chat/interpreter_objects.h"
#include "runtime/text/chat/unicode.h"

namespace etd::text {
namespace {

constexpr size_t kSmallDict = 8;  // up to here a search goes through the entries

int64_t Footprint(size_t items) { return static_cast<int64_t>(items * sizeof(Value)); }

size_t Mix(size_t a, size_t b) { return a ^ (b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2)); }

size_t HashReal(double number) {
  if (number == std::floor(number) && std::abs(number) < 9e18) {
    return std::hash<int64_t>()(static_cast<int64_t>(number));
  }
  return std::hash<double>()(number);
}

int Sign(int64_t a, int64_t b) { return a < b ? -1 : (a > b ? 1 : 0); }

// Exact for an int64 against a double, which a conversion to double is not.
int CompareNumbers(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return Sign(a.as_integer(), b.as_integer());
  if (a.is(Kind::kFloat) && b.is(Kind::kFloat)) {
    if (std::isnan(a.real()) || std::isnan(b.real())) return 2;
    return a.real() < b.real() ? -1 : (a.real() > b.real() ? 1 : 0);
  }
  if (a.is(Kind::kFloat)) {
    const int swapped = CompareNumbers(b, a);
    return swapped == 2 ? 2 : -swapped;
  }
  const double real = b.real();
  if (std::isnan(real)) return 2;
  if (real >= 0x1p63) return -1;
  if (real < -0x1p63) return 1;
  const auto whole = static_cast<int64_t>(real);
  if (const int order = Sign(a.as_integer(), whole); order != 0) return order;
  const double rest = real - static_cast<double>(whole);
  return rest > 0 ? -1 : (rest < 0 ? 1 : 0);
}

absl::StatusOr<bool> EqualSequences(Heap& heap, const Values& a, const Values& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    ETD_ASSIGN_OR_RETURN(const bool same, Equal(heap, a[i], b[i]));
    if (!same) return false;
  }
  return true;
}

absl::StatusOr<bool> EqualDicts(Heap& heap, const Dict& a, const Dict& b) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    ETD_ASSIGN_OR_RETURN(const Value* other, Find(heap, b, key));
    if (other == nullptr) return false;
    ETD_ASSIGN_OR_RETURN(const bool same, Equal(heap, value, *other));
    if (!same) return false;
  }
  return true;
}

bool IsContainer(const Value& value) {
  return value.is(Kind::kList) || value.is(Kind::kTuple) || value.is(Kind::kDict);
}

}  // namespace

Str::Str(std::string t, bool is_markup, Budget* owner)
    : text(std::move(t)), ascii(IsAsciiText(text)), length(CountCodePoints(text)), markup(is_markup), budget(owner) {
  if (budget != nullptr) budget->Hold(static_cast<int64_t>(text.capacity() + sizeof(Str)));
}

Str::~Str() {
  if (budget != nullptr) budget->Release(static_cast<int64_t>(text.capacity() + sizeof(Str)));
}

bool Value::Same(const Value& other) const {
  if (kind_ != other.kind_) return false;
  switch (kind_) {
    case Kind::kNone:
      return true;
    case Kind::kBool:
      return boolean() == other.boolean();
    case Kind::kInt:
      return integer() == other.integer();
    case Kind::kFloat:
      return false;
    case Kind::kString:
      return text() == other.text();
    default:
      return object() != nullptr && object() == other.object();
  }
}

Value Heap::String(std::string text, bool markup) {
  return Value::String(std::make_shared<const Str>(std::move(text), markup, &budget_));
}

Value Heap::Undefined(std::string message) {
  auto* info = New<UndefinedInfo>();
  info->message = std::move(message);
  budget_.Hold(static_cast<int64_t>(info->message.size()));
  return Value::Of(Kind::kUndefined, info);
}

Result Heap::NewSequence(Kind kind, Values items) {
  auto* sequence = New<Sequence>();
  for (const Value& item : items) sequence->depth = std::max(sequence->depth, DepthOf(item) + 1);
  if (sequence->depth > kMaxContainerDepth) {
    return ResourceExhausted("The chat template nests lists and dicts more than {} deep.", kMaxContainerDepth);
  }
  budget_.Hold(Footprint(items.size()));
  ETD_RETURN_IF_ERROR(budget_.Step(static_cast<int64_t>(items.size()) * 8));
  sequence->items = std::move(items);
  return Value::Of(kind, sequence);
}

Value Heap::NewIterator(std::function<absl::StatusOr<Values>()> source) {
  auto* iterator = New<Iterator>();
  iterator->source = std::move(source);
  return Value::Of(Kind::kIterator, iterator);
}

Value Heap::NewFunction(std::string name, std::function<Result(CallArgs&)> call) {
  auto* function = New<Function>();
  function->name = std::move(name);
  function->call = std::move(call);
  return Value::Of(Kind::kFunction, function);
}

std::string_view TypeName(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined: return "Undefined";
    case Kind::kNone: return "NoneType";
    case Kind::kBool: return "bool";
    case Kind::kInt: return "int";
    case Kind::kFloat: return "float";
    case Kind::kString: return value.str().markup ? "Markup" : "str";
    case Kind::kList: return "list";
    case Kind::kTuple: return "tuple";
    case Kind::kDict: return "dict";
    case Kind::kRange: return "range";
    case Kind::kDictView: return "dict view";
    case Kind::kIterator: return "generator";
    case Kind::kNamespace: return "namespace";
    case Kind::kMacro: return "macro";
    case Kind::kFunction: return "function";
    case Kind::kLoop: return "loop";
    case Kind::kCycler: return "cycler";
    case Kind::kJoiner: return "joiner";
  }
  return "value";
}

bool Truthy(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
      return value.boolean();
    case Kind::kInt:
      return value.integer() != 0;
    case Kind::kFloat:
      return value.real() != 0;
    default:
      return LengthOf(value).value_or(1) != 0;
  }
}

int32_t DepthOf(const Value& value) {
  if (value.is(Kind::kList) || value.is(Kind::kTuple)) return value.as<Sequence>().depth;
  return value.is(Kind::kDict) ? value.as<Dict>().depth : 0;
}

absl::StatusOr<bool> Equal(Heap& heap, const Value& a, const Value& b) {
  Budget::Nested nested(&heap.budget());
  if (IsContainer(a)) ETD_RETURN_IF_ERROR(nested.status());
  ETD_RETURN_IF_ERROR(heap.budget().Step());
  if (a.is_number() && b.is_number()) return CompareNumbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    case Kind::kString:
      return a.text() == b.text();
    case Kind::kList:
    case Kind::kTuple:
      return EqualSequences(heap, a.as<Sequence>().items, b.as<Sequence>().items);
    case Kind::kDict:
      return EqualDicts(heap, a.as<Dict>(), b.as<Dict>());
    case Kind::kRange: {
      const Range& x = a.as<Range>();
      const Range& y = b.as<Range>();
      return x.size == y.size && (x.size == 0 || (x.start == y.start && (x.size == 1 || x.step == y.step)));
    }
    default:
      return a.object() == b.object();
  }
}

absl::StatusOr<int> Compare(Heap& heap, const Value& a, const Value& b) {
  Budget::Nested nested(&heap.budget());
  ETD_RETURN_IF_ERROR(nested.status());
  ETD_RETURN_IF_ERROR(heap.budget().Step());
  if (a.is_number() && b.is_number()) return CompareNumbers(a, b);
  if (a.is(Kind::kString) && b.is(Kind::kString)) {
    const int order = a.text().compare(b.text());  // UTF-8 sorts as its code points do
    return order < 0 ? -1 : (order > 0 ? 1 : 0);
  }
  if ((a.is(Kind::kList) || a.is(Kind::kTuple)) && a.kind() == b.kind()) {
    const Values& x = a.as<Sequence>().items;
    const Values& y = b.as<Sequence>().items;
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
      ETD_ASSIGN_OR_RETURN(const bool same, Equal(heap, x[i], y[i]));
      if (!same) return Compare(heap, x[i], y[i]);
    }
    return Sign(static_cast<int64_t>(x.size()), static_cast<int64_t>(y.size()));
  }
  if (a.is(Kind::kUndefined) || b.is(Kind::kUndefined)) return UndefinedError(a.is(Kind::kUndefined) ? a : b);
  return InvalidArgument("values of type {} and {} have no order", TypeName(a), TypeName(b));
}

absl::StatusOr<size_t> Hash(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return size_t{3};
    case Kind::kNone:
      return size_t{7};
    case Kind::kBool:
    case Kind::kInt:
      return std::hash<int64_t>()(value.as_integer());
    case Kind::kFloat:
      return HashReal(value.real());
    case Kind::kString:
      return std::hash<std::string>()(value.text());
    case Kind::kTuple: {
      size_t hash = 11;
      for (const Value& item : value.as<Sequence>().items) {
        ETD_ASSIGN_OR_RETURN(const size_t part, Hash(item));
        hash = Mix(hash, part);
      }
      return hash;
    }
    case Kind::kList:
    case Kind::kDict:
    case Kind::kDictView:
      return InvalidArgument("a value of type {} cannot be a key", TypeName(value));
    default:
      return std::hash<const void*>()(value.object());
  }
}

absl::StatusOr<const Value*> Find(Heap& heap, const Dict& dict, const Value& key) {
  if (key.is(Kind::kString)) return FindText(dict, key.text());
  ETD_ASSIGN_OR_RETURN(const size_t hash, Hash(key));
  if (dict.index.empty()) {
    for (const auto& [known, value] : dict.entries) {
      ETD_ASSIGN_OR_RETURN(const bool same, Equal(heap, known, key));
      if (same) return &value;
    }
    return nullptr;
  }
  const auto [begin, end] = dict.index.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    const auto& [known, value] = dict.entries[it->second];
    ETD_ASSIGN_OR_RETURN(const bool same, Equal(heap, known, key));
    if (same) return &value;
  }
  return nullptr;
}

const Value* FindText(const Dict& dict, std::string_view key) {
  const auto matches = [&](const Value& known) { return known.is(Kind::kString) && known.text() == key; };
  if (dict.index.empty()) {
    for (const auto& [known, value] : dict.entries) {
      if (matches(known)) return &value;
    }
    return nullptr;
  }
  const auto [begin, end] = dict.index.equal_range(std::hash<std::string_view>()(key));
  for (auto it = begin; it != end; ++it) {
    if (matches(dict.entries[it->second].first)) return &dict.entries[it->second].second;
  }
  return nullptr;
}

absl::Status Insert(Heap& heap, Dict* dict, const Value& key, const Value& value) {
  dict->depth = std::max({dict->depth, DepthOf(value) + 1, DepthOf(key) + 1});
  if (dict->depth > kMaxContainerDepth) {
    return ResourceExhausted("The chat template nests lists and dicts more than {} deep.", kMaxContainerDepth);
  }
  ETD_ASSIGN_OR_RETURN(const Value* known, Find(heap, *dict, key));
  if (known != nullptr) {
    *const_cast<Value*>(known) = value;
    return absl::OkStatus();
  }
  ETD_ASSIGN_OR_RETURN(const size_t hash, Hash(key));
  heap.budget().Hold(Footprint(2));
  dict->entries.emplace_back(key, value);
  if (dict->entries.size() == kSmallDict + 1) {
    for (size_t i = 0; i < dict->entries.size(); ++i) {
      ETD_ASSIGN_OR_RETURN(const size_t entry_hash, Hash(dict->entries[i].first));
      dict->index.emplace(entry_hash, i);
    }
  } else if (dict->entries.size() > kSmallDict) {
    dict->index.emplace(hash, dict->entries.size() - 1);
  }
  return absl::OkStatus();
}

std::optional<int64_t> LengthOf(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return 0;
    case Kind::kString:
      return value.str().length;
    case Kind::kList:
    case Kind::kTuple:
      return static_cast<int64_t>(value.as<Sequence>().items.size());
    case Kind::kDict:
      return static_cast<int64_t>(value.as<Dict>().entries.size());
    case Kind::kRange:
      return value.as<Range>().size;
    case Kind::kDictView:
      return static_cast<int64_t>(value.as<DictView>().dict->entries.size());
    default:
      return std::nullopt;
  }
}

namespace {

absl::StatusOr<Values> ItemsOfView(Heap& heap, const Dict& dict, DictView::Part part) {
  Values items;
  items.reserve(dict.entries.size());
  for (const auto& [key, value] : dict.entries) {
    if (part != DictView::Part::kItems) {
      items.push_back(part == DictView::Part::kKeys ? key : value);
      continue;
    }
    ETD_ASSIGN_OR_RETURN(Value pair, heap.Tuple({key, value}));
    items.push_back(std::move(pair));
  }
  return items;
}

Values CharactersOf(Heap& heap, const Str& str) {
  Values items;
  items.reserve(static_cast<size_t>(str.length));
  for (size_t offset = 0; offset < str.text.size();) {
    const size_t begin = offset;
    NextCodePoint(str.text, &offset);
    items.push_back(heap.String(str.text.substr(begin, offset - begin)));
  }
  return items;
}

}  // namespace

absl::StatusOr<Values> ItemsOf(Heap& heap, const Value& value) {
  ETD_RETURN_IF_ERROR(heap.budget().Step(8 * LengthOf(value).value_or(0)));
  switch (value.kind()) {
    case Kind::kUndefined:
      return Values();
    case Kind::kString:
      return CharactersOf(heap, value.str());
    case Kind::kList:
    case Kind::kTuple:
      return value.as<Sequence>().items;
    case Kind::kDict:
      return ItemsOfView(heap, value.as<Dict>(), DictView::Part::kKeys);
    case Kind::kDictView:
      return ItemsOfView(heap, *value.as<DictView>().dict, value.as<DictView>().part);
    case Kind::kRange: {
      const Range& range = value.as<Range>();
      Values items;
      for (int64_t i = 0; i < range.size; ++i) items.push_back(Value::Int(range.start + i * range.step));
      return items;
    }
    case Kind::kIterator: {
      auto& iterator = value.as<Iterator>();
      if (iterator.source) {
        const auto source = std::exchange(iterator.source, nullptr);
        ETD_ASSIGN_OR_RETURN(iterator.items, source());
      }
      Values rest(iterator.items.begin() + static_cast<ptrdiff_t>(iterator.next), iterator.items.end());
      iterator.items.clear();
      iterator.next = 0;
      return rest;
    }
    default:
      return InvalidArgument("a value of type {} cannot be iterated over", TypeName(value));
  }
}

}  // namespace etd::text
