#include <algorithm>
#include <cmath>

#include "runtime/text/chat/call_binding.h"
#include "runtime/text/chat/methods.h"
#include "runtime/text/chat/operators.h"

namespace etd::text {
namespace {

Result DictGet(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"key", "default"}, 1));
  ETD_ASSIGN_OR_RETURN(const Value* found, Find(in.heap(), self.as<Dict>(), bound[0]));
  if (found != nullptr) return *found;
  return bound.has(1) ? bound[1] : Value::None();
}

template <DictView::Part kPart>
Result DictPart(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  auto* view = in.heap().New<DictView>();
  view->dict = &self.as<Dict>();
  view->part = kPart;
  return Value::Of(Kind::kDictView, view);
}

Result Copy(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  if (self.is(Kind::kList)) return in.heap().List(self.as<Sequence>().items);
  Dict* copy = in.heap().NewDict();
  for (const auto& [key, value] : self.as<Dict>().entries) ETD_RETURN_IF_ERROR(Insert(in.heap(), copy, key, value));
  return Value::Of(Kind::kDict, copy);
}

Result Count(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"value"}, 1));
  ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), self));
  int64_t count = 0;
  for (const Value& item : items) {
    ETD_ASSIGN_OR_RETURN(const bool same, Equal(in.heap(), item, bound[0]));
    count += same ? 1 : 0;
  }
  return Value::Int(count);
}

Result Index(Interpreter& in, const Value& self, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"value", "start", "stop"}, 1));
  ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(in.heap(), self));
  const auto size = static_cast<int64_t>(items.size());
  ETD_ASSIGN_OR_RETURN(int64_t start, bound.Integer(1, 0));
  ETD_ASSIGN_OR_RETURN(int64_t stop, bound.Integer(2, size));
  start = std::clamp<int64_t>(start < 0 ? start + size : start, 0, size);
  stop = std::clamp<int64_t>(stop < 0 ? stop + size : stop, 0, size);
  for (int64_t i = start; i < stop; ++i) {
    ETD_ASSIGN_OR_RETURN(const bool same, Equal(in.heap(), items[static_cast<size_t>(i)], bound[0]));
    if (same) return Value::Int(i);
  }
  return InvalidArgument("the value is not in the list");
}

Result IsInteger(Interpreter&, const Value& self, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  return Value::Bool(!self.is(Kind::kFloat) || std::floor(self.real()) == self.real());
}

Result BitLength(Interpreter&, const Value& self, const CallArgs& args) {
  ETD_RETURN_IF_ERROR(Bound::Bind(args, {}).status());
  const int64_t number = self.as_integer();
  const uint64_t magnitude = number < 0 ? ~static_cast<uint64_t>(number) + 1 : static_cast<uint64_t>(number);
  return Value::Int(magnitude == 0 ? 0 : 64 - __builtin_clzll(magnitude));
}

std::optional<Value> NumberAttribute(const Value& value, std::string_view name) {
  const bool integral = value.is_integral();
  if (name == "real" || (integral && name == "numerator")) {
    return integral ? Value::Int(value.as_integer()) : value;
  }
  if (name == "imag") return integral ? Value::Int(0) : Value::Float(0);
  if (integral && name == "denominator") return Value::Int(1);
  return std::nullopt;
}

absl::StatusOr<std::optional<Value>> LoopAttribute(Interpreter& in, const Value& value, std::string_view name) {
  auto* loop = &value.as<Loop>();
  if (name == "index") return Value::Int(loop->index + 1);
  if (name == "index0") return Value::Int(loop->index);
  if (name == "first") return Value::Bool(loop->index == 0);
  if (name == "depth") return Value::Int(loop->depth + 1);
  if (name == "depth0") return Value::Int(loop->depth);
  if (name == "previtem") {
    return loop->index > 0 ? loop->previous : in.heap().Undefined("there is no previous item in the loop");
  }
  if (name == "last" || name == "nextitem") {
    ETD_ASSIGN_OR_RETURN(const std::optional<Value> next, in.PeekItem(loop));
    if (name == "last") return Value::Bool(!next.has_value());
    return next.has_value() ? *next : in.heap().Undefined("there is no next item in the loop");
  }
  if (name == "length" || name == "revindex" || name == "revindex0") {
    ETD_ASSIGN_OR_RETURN(const int64_t length, in.LoopLength(loop));
    if (name == "length") return Value::Int(length);
    return Value::Int(length - loop->index - (name == "revindex0" ? 1 : 0));
  }
  if (name == "cycle") {
    return in.heap().NewFunction("cycle", [loop](CallArgs& args) -> Result {
      if (args.positional.empty()) return InvalidArgument("cycle needs values");
      return args.positional[static_cast<size_t>(loop->index) % args.positional.size()];
    });
  }
  if (name == "changed") {
    return in.heap().NewFunction("changed", [loop, &in](CallArgs& args) -> Result {
      bool changed = !loop->last_changed.has_value() || loop->last_changed->size() != args.positional.size();
      for (size_t i = 0; !changed && i < args.positional.size(); ++i) {
        ETD_ASSIGN_OR_RETURN(const bool same, Equal(in.heap(), (*loop->last_changed)[i], args.positional[i]));
        changed = !same;
      }
      loop->last_changed = args.positional;
      return Value::Bool(changed);
    });
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<Value>> MacroAttribute(Interpreter& in, const Value& value, std::string_view name) {
  const MacroNode& node = *value.as<Macro>().node;
  if (name == "name") return node.name.empty() ? Value::None() : in.heap().String(node.name);
  if (name == "caller") return Value::Bool(node.uses_caller);
  if (name == "catch_kwargs") return Value::Bool(node.uses_kwargs);
  if (name == "catch_varargs") return Value::Bool(node.uses_varargs);
  if (name != "arguments") return std::nullopt;
  Values names;
  for (const std::string& parameter : node.parameters) names.push_back(in.heap().String(parameter));
  ETD_ASSIGN_OR_RETURN(Value tuple, in.heap().Tuple(std::move(names)));
  return tuple;
}

std::optional<Value> CyclerAttribute(Interpreter& in, const Value& value, std::string_view name) {
  auto* cycler = &value.as<Cycler>();
  if (name == "current") return cycler->items[cycler->position];
  if (name == "next") {
    return in.heap().NewFunction("next", [cycler](CallArgs&) -> Result {
      const Value item = cycler->items[cycler->position];
      cycler->position = (cycler->position + 1) % cycler->items.size();
      return item;
    });
  }
  if (name != "reset") return std::nullopt;
  return in.heap().NewFunction("reset", [cycler](CallArgs&) -> Result {
    cycler->position = 0;
    return Value::None();
  });
}

}  // namespace

Method FindContainerMethod(Kind kind, std::string_view name) {
  if (kind == Kind::kDict) {
    if (name == "get") return DictGet;
    if (name == "items") return DictPart<DictView::Part::kItems>;
    if (name == "keys") return DictPart<DictView::Part::kKeys>;
    if (name == "values") return DictPart<DictView::Part::kValues>;
    return name == "copy" ? Copy : nullptr;
  }
  if (kind == Kind::kList || kind == Kind::kTuple || kind == Kind::kRange) {
    if (name == "count") return Count;
    if (name == "index") return Index;
    return kind == Kind::kList && name == "copy" ? Copy : nullptr;
  }
  if (kind == Kind::kFloat) return name == "is_integer" ? IsInteger : nullptr;
  if (kind == Kind::kInt || kind == Kind::kBool) return name == "bit_length" ? BitLength : nullptr;
  return nullptr;
}

bool IsForbiddenMethod(Kind kind, std::string_view name) {
  constexpr std::string_view kList[] = {"append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"};
  constexpr std::string_view kDict[] = {"clear", "pop", "popitem", "setdefault", "update"};
  if (kind == Kind::kList) return std::find(std::begin(kList), std::end(kList), name) != std::end(kList);
  return kind == Kind::kDict && std::find(std::begin(kDict), std::end(kDict), name) != std::end(kDict);
}

absl::StatusOr<std::optional<Value>> FindAttribute(Interpreter& in, const Value& value, std::string_view name) {
  if (IsForbiddenMethod(value.kind(), name)) {
    return in.heap().Undefined(
        fmt::format("a template must not call {} of a {}: it would change it", name, TypeName(value)));
  }
  Method method = FindContainerMethod(value.kind(), name);
  if (value.is(Kind::kString)) method = FindTextMethod(name);
  if (method != nullptr) {
    return in.heap().NewFunction(std::string(name),
                                 [method, value, &in](CallArgs& args) { return method(in, value, args); });
  }
  switch (value.kind()) {
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kFloat:
      return NumberAttribute(value, name);
    case Kind::kTuple:
      if (!value.as<Sequence>().group || (name != "grouper" && name != "list")) return std::nullopt;
      return value.as<Sequence>().items[name == "list" ? 1 : 0];
    case Kind::kNamespace: {
      const Value* attribute = FindText(*value.as<NamespaceObject>().attributes, name);
      return attribute == nullptr ? std::nullopt : std::optional<Value>(*attribute);
    }
    case Kind::kLoop:
      return LoopAttribute(in, value, name);
    case Kind::kMacro:
      return MacroAttribute(in, value, name);
    case Kind::kCycler:
      return CyclerAttribute(in, value, name);
    default:
      return std::nullopt;
  }
}

Result Interpreter::GetAttribute(const Value& object, std::string_view name) {
  if (object.is(Kind::kUndefined)) return UndefinedError(object);
  ETD_ASSIGN_OR_RETURN(const std::optional<Value> attribute, FindAttribute(*this, object, name));
  if (attribute.has_value()) return *attribute;
  if (object.is(Kind::kDict)) {
    if (const Value* value = FindText(object.as<Dict>(), name)) return *value;
  }
  return heap_.Undefined(fmt::format("a {} has no attribute '{}'", TypeName(object), name));
}

Result Interpreter::GetItem(const Value& object, const Value& key) {
  if (object.is(Kind::kUndefined)) return UndefinedError(object);
  if (object.is(Kind::kDict)) {
    const bool hashable = Hash(key).ok();
    if (hashable) {
      ETD_ASSIGN_OR_RETURN(const Value* value, Find(heap_, object.as<Dict>(), key));
      if (value != nullptr) return *value;
    }
  } else if (key.is_integral()) {
    if (std::optional<Value> item = ItemAt(heap_, object, key.as_integer())) return *std::move(item);
  }
  if (key.is(Kind::kString)) {
    ETD_ASSIGN_OR_RETURN(const std::optional<Value> attribute, FindAttribute(*this, object, key.text()));
    if (attribute.has_value()) return *attribute;
    return heap_.Undefined(fmt::format("a {} has no attribute '{}'", TypeName(object), key.text()));
  }
  return heap_.Undefined(fmt::format("a {} has no such element", TypeName(object)));
}

}  // namespace etd::text
