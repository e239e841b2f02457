#include "runtime/text/chat/chat_config.h"

#include <utility>

namespace etd::text {
namespace {

using Json = nlohmann::ordered_json;

absl::StatusOr<Json> ParseObject(const std::string& text, std::string_view file) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return InvalidArgument("{} is not valid JSON.", file);
  if (!json.is_object()) return InvalidArgument("{} must hold a JSON object.", file);
  return json;
}

// A token is a text, or an object whose member `content` is one.
std::optional<std::string> TokenText(const Json& token) {
  if (token.is_string()) return token.get<std::string>();
  if (!token.is_object()) return std::nullopt;
  const auto content = token.find("content");
  if (content == token.end() || !content->is_string()) return std::nullopt;
  return content->get<std::string>();
}

}  // namespace

absl::StatusOr<ChatConfig> ChatConfig::Load(const ChatFiles& files) {
  ChatConfig config;
  if (files.chat_template_jinja.has_value()) {
    const absl::Status status = config.AddTemplate("default", *files.chat_template_jinja);
    if (!status.ok()) return Annotate(status, "chat_template.jinja");
  }
  const std::pair<const std::optional<std::string>&, std::string_view> kJsonFiles[] = {
      {files.tokenizer_config_json, "tokenizer_config.json"}, {files.chat_template_json, "chat_template.json"}};
  for (const auto& [text, name] : kJsonFiles) {
    if (!text.has_value()) continue;
    ETD_ASSIGN_OR_RETURN(const Json json, ParseObject(*text, name));
    absl::Status status;
    if (&text == &files.tokenizer_config_json) status = config.ReadTokens(json);
    const auto templates = json.find("chat_template");
    if (status.ok() && templates != json.end() && !templates->is_null() && !config.has_template()) {
      status = config.ReadTemplates(*templates);
    }
    if (!status.ok()) return Annotate(status, name);
  }
  return config;
}

absl::Status ChatConfig::ReadTokens(const Json& config) {
  for (const auto& [key, value] : config.items()) {
    constexpr std::string_view kSuffix = "_token";
    if (!std::string_view(key).ends_with(kSuffix) || value.is_null() || value.is_boolean()) continue;
    std::optional<std::string> token = TokenText(value);
    if (!token.has_value()) return InvalidArgument("{} must be a text or an object with a text in content.", key);
    special_tokens_[key] = *std::move(token);
  }
  return absl::OkStatus();
}

absl::Status ChatConfig::ReadTemplates(const Json& templates) {
  if (templates.is_string()) return AddTemplate("default", templates.get<std::string>());
  if (!templates.is_array()) return InvalidArgument("chat_template must be a text or a list of named templates.");
  for (const Json& entry : templates) {
    const bool valid = entry.is_object() && entry.contains("name") && entry["name"].is_string() &&
                       entry.contains("template") && entry["template"].is_string();
    if (!valid) return InvalidArgument("each entry of chat_template must have a name and a template, both texts.");
    const auto name = entry["name"].get<std::string>();
    if (name != "default" && name != "tool_use") continue;
    ETD_RETURN_IF_ERROR(AddTemplate(name, entry["template"].get<std::string>()));
  }
  if (!has_template()) return InvalidArgument("chat_template has no template named default.");
  return absl::OkStatus();
}

absl::Status ChatConfig::AddTemplate(const std::string& name, const std::string& source) {
  ETD_ASSIGN_OR_RETURN(templates_[name], ChatTemplate::Parse(source));
  return absl::OkStatus();
}

const std::string* ChatConfig::special_token(const std::string& name) const {
  const auto found = special_tokens_.find(name);
  return found == special_tokens_.end() ? nullptr : &found->second;
}

absl::StatusOr<std::string> ChatConfig::Render(Json arguments, WallTime now) const {
  if (!has_template()) return FailedPrecondition("The model has no chat template; send it a raw prompt instead.");
  if (!arguments.is_object()) return InvalidArgument("The arguments of a chat template must be a JSON object.");
  for (const char* name : {"tools", "documents"}) {
    if (!arguments.contains(name)) arguments[name] = nullptr;
  }
  for (const auto& [name, token] : special_tokens_) {
    if (!arguments.contains(name)) arguments[name] = token;
  }
  const auto tool_use = templates_.find("tool_use");
  const Json& tools = arguments["tools"];
  const bool with_tools = tool_use != templates_.end() && tools.is_array() && !tools.empty();
  return (with_tools ? tool_use : templates_.find("default"))->second->Render(arguments, now);
}

}  // namespace etd::text
