#include "runtime/text/chat/chat_template.h"

#include <limits>
#include <utility>
#include <vector>

#include "runtime/text/chat/hoisting.h"
#include "runtime/text/chat/interpreter.h"
#include "runtime/text/chat/lexer.h"
#include "runtime/text/chat/name_check.h"
#include "runtime/text/chat/parser.h"
#include "runtime/text/chat/unicode.h"

namespace etd::text {
namespace {

using Json = nlohmann::ordered_json;

Result FromJson(Heap& heap, const Json& json, int depth);

absl::StatusOr<Dict*> DictFromJson(Heap& heap, const Json& json, int depth) {
  Dict* dict = heap.NewDict();
  for (const auto& [key, item] : json.items()) {
    if (!IsValidUtf8(key)) return InvalidArgument("a key in the arguments is not valid UTF-8");
    ETD_ASSIGN_OR_RETURN(const Value value, FromJson(heap, item, depth + 1));
    ETD_RETURN_IF_ERROR(Insert(heap, dict, heap.String(key), value));
  }
  return dict;
}

Result FromJson(Heap& heap, const Json& json, int depth) {
  if (depth > kMaxContainerDepth) {
    return InvalidArgument("the arguments are nested more than {} deep", kMaxContainerDepth);
  }
  ETD_RETURN_IF_ERROR(heap.budget().Step());
  switch (json.type()) {
    case Json::value_t::null:
      return Value::None();
    case Json::value_t::boolean:
      return Value::Bool(json.get<bool>());
    case Json::value_t::number_integer:
      return Value::Int(json.get<int64_t>());
    case Json::value_t::number_unsigned:
      if (json.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        return InvalidArgument("a number in the arguments does not fit 64 bits");
      }
      return Value::Int(json.get<int64_t>());
    case Json::value_t::number_float:
      return Value::Float(json.get<double>());
    case Json::value_t::string: {
      const auto& text = json.get_ref<const std::string&>();
      if (!IsValidUtf8(text)) return InvalidArgument("a text in the arguments is not valid UTF-8");
      return heap.String(text);
    }
    case Json::value_t::array: {
      Values items;
      for (const Json& item : json) {
        ETD_ASSIGN_OR_RETURN(Value value, FromJson(heap, item, depth + 1));
        items.push_back(std::move(value));
      }
      return heap.List(std::move(items));
    }
    case Json::value_t::object: {
      ETD_ASSIGN_OR_RETURN(Dict * dict, DictFromJson(heap, json, depth));
      return Value::Of(Kind::kDict, dict);
    }
    default:
      return InvalidArgument("the arguments hold something that is no JSON");
  }
}

}  // namespace

struct ChatTemplate::Program {
  Block body;
  std::vector<std::string> hoisted;
};

ChatTemplate::ChatTemplate(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
ChatTemplate::~ChatTemplate() = default;

absl::StatusOr<std::unique_ptr<ChatTemplate>> ChatTemplate::Parse(std::string_view source) {
  if (source.size() > kMaxTemplateBytes) {
    return InvalidArgument("The chat template has {} bytes; at most {} are allowed.", source.size(), kMaxTemplateBytes);
  }
  const auto annotate = [](const absl::Status& status) { return Annotate(status, "chat template"); };
  auto tokens = Tokenize(source);
  if (!tokens.ok()) return annotate(tokens.status());
  auto body = ParseTemplate(*std::move(tokens));
  if (!body.ok()) return annotate(body.status());
  if (const absl::Status status = CheckNames(*body); !status.ok()) return annotate(status);
  auto program = std::make_unique<Program>();
  program->body = *std::move(body);
  program->hoisted = HoistedNames(program->body);
  return std::unique_ptr<ChatTemplate>(new ChatTemplate(std::move(program)));
}

absl::StatusOr<std::string> ChatTemplate::Render(const nlohmann::ordered_json& arguments, WallTime now) const {
  if (!arguments.is_object()) return InvalidArgument("The arguments of a chat template must be a JSON object.");
  Interpreter interpreter(now);
  auto dict = DictFromJson(interpreter.heap(), arguments, 0);
  if (!dict.ok()) return Annotate(dict.status(), "chat template");
  auto text = interpreter.Run(program_->body, program_->hoisted, **dict);
  if (!text.ok()) return Annotate(text.status(), "chat template");
  return text;
}

}  // namespace etd::text
