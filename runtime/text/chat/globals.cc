#include "runtime/text/chat/globals.h"

#include "runtime/base/checked_math.h"
#include "runtime/text/chat/call_binding.h"
#include "runtime/text/chat/text_form.h"
#include "runtime/text/chat/time_format.h"

namespace etd::text {
namespace {

Result MakeRange(Heap& heap, const CallArgs& args) {
  const size_t count = args.positional.size();
  if (count < 1 || count > 3 || !args.named.empty()) return InvalidArgument("range takes one to three arguments");
  int64_t numbers[3] = {0, 0, 1};
  for (size_t i = 0; i < count; ++i) {
    const Value& value = args.positional[i];
    if (value.is(Kind::kUndefined)) return UndefinedError(value);
    if (!value.is_integral()) return InvalidArgument("range needs integers, not a {}", TypeName(value));
    numbers[count == 1 ? 1 : i] = value.as_integer();
  }
  const auto [start, stop, step] = numbers;
  if (step == 0) return InvalidArgument("the step of range cannot be 0");
  const bool empty = step > 0 ? start >= stop : start <= stop;
  const double span = (static_cast<double>(stop) - static_cast<double>(start)) / static_cast<double>(step);
  if (!empty && span > static_cast<double>(kMaxRange)) {
    return ResourceExhausted("a range has at most {} items", kMaxRange);
  }
  auto* range = heap.New<Range>();
  range->start = start;
  range->stop = stop;
  range->step = step;
  range->size = empty ? 0 : (stop - start + step - (step > 0 ? 1 : -1)) / step;
  return Value::Of(Kind::kRange, range);
}

absl::Status FillDict(Heap& heap, const CallArgs& args, Dict* dict) {
  if (args.positional.size() > 1) return InvalidArgument("a dict is made from at most one value");
  if (!args.positional.empty() && args.positional[0].is(Kind::kDict)) {
    for (const auto& [key, value] : args.positional[0].as<Dict>().entries) {
      ETD_RETURN_IF_ERROR(Insert(heap, dict, key, value));
    }
  } else if (!args.positional.empty()) {
    ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(heap, args.positional[0]));
    for (const Value& item : items) {
      ETD_ASSIGN_OR_RETURN(const Values pair, ItemsOf(heap, item));
      if (pair.size() != 2) return InvalidArgument("a dict is made from pairs");
      ETD_RETURN_IF_ERROR(Insert(heap, dict, pair[0], pair[1]));
    }
  }
  for (const auto& [name, value] : args.named) ETD_RETURN_IF_ERROR(Insert(heap, dict, heap.String(name), value));
  return absl::OkStatus();
}

Result MakeNamespace(Heap& heap, const CallArgs& args) {
  auto* object = heap.New<NamespaceObject>();
  object->attributes = heap.NewDict();
  ETD_RETURN_IF_ERROR(FillDict(heap, args, object->attributes));
  return Value::Of(Kind::kNamespace, object);
}

Result MakeCycler(Heap& heap, const CallArgs& args) {
  if (args.positional.empty()) return InvalidArgument("cycler needs values");
  auto* cycler = heap.New<Cycler>();
  cycler->items = args.positional;
  return Value::Of(Kind::kCycler, cycler);
}

Result MakeJoiner(Heap& heap, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"sep"}));
  auto* joiner = heap.New<Joiner>();
  joiner->separator = bound.has(0) ? bound[0] : heap.String(", ");
  return Value::Of(Kind::kJoiner, joiner);
}

Result Raise(Heap& heap, const CallArgs& args) {
  ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"message"}, 1));
  ETD_ASSIGN_OR_RETURN(const std::string message, ToText(heap, bound[0]));
  return InvalidArgument("the chat template refuses its input: {}", message);
}

}  // namespace

void AddGlobals(Interpreter& interpreter, Scope* scope) {
  Heap& heap = interpreter.heap();
  const auto add = [&](std::string name, std::function<Result(CallArgs&)> call) {
    Value function = heap.NewFunction(name, std::move(call));
    scope->Set(name, std::move(function));
  };
  add("range", [&heap](CallArgs& args) { return MakeRange(heap, args); });
  add("namespace", [&heap](CallArgs& args) { return MakeNamespace(heap, args); });
  add("cycler", [&heap](CallArgs& args) { return MakeCycler(heap, args); });
  add("joiner", [&heap](CallArgs& args) { return MakeJoiner(heap, args); });
  add("raise_exception", [&heap](CallArgs& args) { return Raise(heap, args); });
  add("lipsum", [](CallArgs&) -> Result { return InvalidArgument("chat templates have no random text"); });
  add("dict", [&heap](CallArgs& args) -> Result {
    Dict* dict = heap.NewDict();
    ETD_RETURN_IF_ERROR(FillDict(heap, args, dict));
    return Value::Of(Kind::kDict, dict);
  });
  add("strftime_now", [&interpreter](CallArgs& args) -> Result {
    ETD_ASSIGN_OR_RETURN(const Bound bound, Bound::Bind(args, {"format"}, 1));
    ETD_ASSIGN_OR_RETURN(const std::string format, bound.Text(0));
    ETD_ASSIGN_OR_RETURN(std::string text, FormatTime(interpreter.now(), format));
    return interpreter.heap().String(std::move(text));
  });
}

}  // namespace etd::text
