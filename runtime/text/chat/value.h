// The values that templates compute with: Python's, as far as Jinja shows them. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_VALUE_H_
#define ETD_RUNTIME_TEXT_CHAT_VALUE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/text/chat/budget.h"

namespace etd::text {

enum class Kind {
  kUndefined, kNone, kBool, kInt, kFloat, kString,
  kList, kTuple, kDict, kRange, kDictView, kIterator,
  kNamespace, kMacro, kFunction, kLoop, kCycler, kJoiner,
};

// An immutable string. `markup` is what the filter `safe` makes: text that + and % escape their other operands for.
struct Str {
  Str(std::string t, bool is_markup, Budget* owner);
  ~Str();
  Str(const Str&) = delete;
  Str& operator=(const Str&) = delete;
  const std::string text;
  const bool ascii;
  const int64_t length;  // code points
  const bool markup;
  Budget* const budget;  // null for constants of the template
};
using StrPtr = std::shared_ptr<const Str>;

// Containers and callables live until the end of the rendering, in its Heap, so that cycles need no collector.
struct Object {
  virtual ~Object() = default;
};

// Cheap to copy: a scalar, a counted string or a pointer into the Heap.
class Value {
 public:
  Value() = default;  // undefined, without a message
  static Value None() { return Value(Kind::kNone, std::monostate()); }
  static Value Bool(bool v) { return Value(Kind::kBool, v); }
  static Value Int(int64_t v) { return Value(Kind::kInt, v); }
  static Value Float(double v) { return Value(Kind::kFloat, v); }
  static Value String(StrPtr v) { return Value(Kind::kString, std::move(v)); }
  static Value Of(Kind kind, Object* object) { return Value(kind, object); }

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool boolean() const { return std::get<bool>(data_); }
  int64_t integer() const { return std::get<int64_t>(data_); }
  double real() const { return std::get<double>(data_); }
  const Str& str() const { return *std::get<StrPtr>(data_); }
  const std::string& text() const { return str().text; }
  Object* object() const { return std::holds_alternative<Object*>(data_) ? std::get<Object*>(data_) : nullptr; }
  template <typename T>
  T& as() const {
    return *static_cast<T*>(std::get<Object*>(data_));
  }
  bool is_number() const { return kind_ == Kind::kBool || kind_ == Kind::kInt || kind_ == Kind::kFloat; }
  bool is_integral() const { return kind_ == Kind::kBool || kind_ == Kind::kInt; }
  // The number of a bool or int.
  int64_t as_integer() const { return kind_ == Kind::kBool ? (boolean() ? 1 : 0) : integer(); }
  double as_real() const { return kind_ == Kind::kFloat ? real() : static_cast<double>(as_integer()); }
  // Whether both are the same object, as Python's `is` for what templates can tell apart.
  bool Same(const Value& other) const;

 private:
  using Data = std::variant<std::monostate, bool, int64_t, double, StrPtr, Object*>;
  Value(Kind kind, Data data) : kind_(kind), data_(std::move(data)) {}
  Kind kind_ = Kind::kUndefined;
  Data data_;
};

using Result = absl::StatusOr<Value>;
using Values = std::vector<Value>;

struct CallArgs {
  Values positional;
  std::vector<std::pair<std::string, Value>> named;
};

struct UndefinedInfo : Object {
  std::string message;  // what an operation on it fails with
};

struct Sequence : Object {  // kList, kTuple
  Values items;
  int32_t depth = 1;
  bool group = false;  // a tuple made by groupby: .grouper and .list are its items
};

struct Dict : Object {
  std::vector<std::pair<Value, Value>> entries;  // in insertion order
  std::unordered_multimap<size_t, size_t> index;
  int32_t depth = 1;
};

struct Range : Object {
  int64_t start = 0;
  int64_t stop = 0;
  int64_t step = 1;
  int64_t size = 0;
};

struct DictView : Object {
  enum class Part { kKeys, kValues, kItems };
  Dict* dict = nullptr;
  Part part = Part::kKeys;
};

// What Python calls an iterator or generator: gives its items once, and computes them when first asked.
struct Iterator : Object {
  std::function<absl::StatusOr<Values>()> source;
  Values items;
  size_t next = 0;
};

struct NamespaceObject : Object {
  Dict* attributes = nullptr;
};

struct Function : Object {
  std::string name;
  std::function<Result(CallArgs&)> call;
};

struct Cycler : Object {
  Values items;
  size_t position = 0;
};

struct Joiner : Object {
  Value separator;
  bool used = false;
};

// Owns the objects of one rendering and makes all values. One thread.
class Heap {
 public:
  Heap() = default;
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;
  Budget& budget() { return budget_; }

  template <typename T>
  T* New() {
    budget_.Hold(static_cast<int64_t>(sizeof(T)) + 16);
    auto owned = std::make_unique<T>();
    T* object = owned.get();
    objects_.push_back(std::move(owned));
    return object;
  }
  Value String(std::string text, bool markup = false);
  Value Undefined(std::string message);
  // ResourceExhausted if the container nests too deeply.
  Result List(Values items) { return NewSequence(Kind::kList, std::move(items)); }
  Result Tuple(Values items) { return NewSequence(Kind::kTuple, std::move(items)); }
  Value NewIterator(std::function<absl::StatusOr<Values>()> source);
  Value NewFunction(std::string name, std::function<Result(CallArgs&)> call);
  Dict* NewDict() { return New<Dict>(); }

 private:
  Result NewSequence(Kind kind, Values items);
  Budget budget_;  // outlives the objects, which report to it
  std::vector<std::unique_ptr<Object>> objects_;
};

// "str", "int", "list" …: Python's name of the type, for messages.
std::string_view TypeName(const Value& value);
bool Truthy(const Value& value);
// Depth of nesting: 0 for anything but lists, tuples and dicts.
int32_t DepthOf(const Value& value);

// Python's ==.
absl::StatusOr<bool> Equal(Heap& heap, const Value& a, const Value& b);
// -1, 0 or 1 as Python's < orders them; InvalidArgument for types without order. NaN compares as `unordered` = 2.
absl::StatusOr<int> Compare(Heap& heap, const Value& a, const Value& b);
// InvalidArgument for lists and dicts, which cannot be keys.
absl::StatusOr<size_t> Hash(const Value& value);

// The value of `key`, or null.
absl::StatusOr<const Value*> Find(Heap& heap, const Dict& dict, const Value& key);
const Value* FindText(const Dict& dict, std::string_view key);
absl::Status Insert(Heap& heap, Dict* dict, const Value& key, const Value& value);

// len(): the number of items, or nothing if the type has no length.
std::optional<int64_t> LengthOf(const Value& value);
// list(value): all items. Consumes iterators. InvalidArgument if it cannot be iterated.
absl::StatusOr<Values> ItemsOf(Heap& heap, const Value& value);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_VALUE_H_
