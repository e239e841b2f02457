#include "daemon/service/prompt.h"

#include <nlohmann/json.hpp>

#include <utility>

#include "runtime/base/status.h"

namespace etd::service {
namespace {

using Json = nlohmann::ordered_json;

absl::StatusOr<std::string> MessagesJson(const v1::Chat& chat) {
  if (chat.messages().empty()) return InvalidArgument("the chat has no messages");
  std::string array = "[";
  for (const v1::Message& message : chat.messages()) {
    if (array.size() > 1) array += ',';
    if (!message.json().empty()) {
      const Json parsed = Json::parse(message.json(), nullptr, false);
      if (!parsed.is_object()) return InvalidArgument("the `json` of a message is no JSON object");
      array += message.json();
      continue;
    }
    if (message.role().empty()) return InvalidArgument("a message has no role");
    Json object;
    object["role"] = message.role();
    object["content"] = message.content();
    array += object.dump();
  }
  return array + "]";
}

}  // namespace

absl::StatusOr<const models::ModelText*> TextOf(const models::ResidentModel& model) {
  if (model.text != nullptr) return model.text.get();
  return FailedPrecondition("model '{}' has no tokenizer (tokenizer.json lies beside the program); use token ids",
                            model.name);
}

absl::StatusOr<std::string> RenderChat(const models::ModelText& text, const v1::Chat& chat, WallTime now) {
  models::ChatInput input;
  ETD_ASSIGN_OR_RETURN(input.messages_json, MessagesJson(chat));
  input.tools_json = chat.tools_json();
  input.arguments_json = chat.template_arguments_json();
  input.add_generation_prompt = !chat.has_add_generation_prompt() || chat.add_generation_prompt();
  return text.RenderChat(input, now);
}

}  // namespace etd::service
