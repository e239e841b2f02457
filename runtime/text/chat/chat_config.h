// A model's chat set-up, from the files that Hugging Face puts beside a tokenizer.
#ifndef ETD_RUNTIME_TEXT_CHAT_CHAT_CONFIG_H_
#define ETD_RUNTIME_TEXT_CHAT_CHAT_CONFIG_H_

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "runtime/text/chat/chat_template.h"

namespace etd::text {

// The contents of the files that exist; nothing for those that do not.
struct ChatFiles {
  std::optional<std::string> tokenizer_config_json = std::nullopt;
  std::optional<std::string> chat_template_jinja = std::nullopt;  // goes before the template in tokenizer_config.json
  std::optional<std::string> chat_template_json = std::nullopt;   // {"chat_template": …}, used where neither of the others has one
};

// The templates of a model and the special tokens that they see. Immutable: any number of threads may render at once.
class ChatConfig {
 public:
  // Files without any template give a config whose has_template() is false. InvalidArgument, naming the file: no JSON, a
  // value of the wrong type, a template that does not parse.
  static absl::StatusOr<ChatConfig> Load(const ChatFiles& files);

  bool has_template() const { return templates_.count("default") != 0; }
  // bos_token, eos_token, unk_token, pad_token and whatever other member of tokenizer_config.json ends in "_token", as text.
  const std::map<std::string, std::string>& special_tokens() const { return special_tokens_; }
  // Null if the config has no such token.
  const std::string* special_token(const std::string& name) const;

  // Renders the template for these arguments: the one named tool_use if there is one and `tools` is a list with items, else
  // the default. The special tokens are added, and tools and documents as null, where `arguments` does not name them.
  // FailedPrecondition without a template; otherwise as ChatTemplate::Render.
  absl::StatusOr<std::string> Render(nlohmann::ordered_json arguments, WallTime now) const;

 private:
  absl::Status ReadTokens(const nlohmann::ordered_json& config);
  absl::Status ReadTemplates(const nlohmann::ordered_json& templates);
  absl::Status AddTemplate(const std::string& name, const std::string& source);

  std::map<std::string, std::unique_ptr<ChatTemplate>> templates_;
  std::map<std::string, std::string> special_tokens_;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_CHAT_CONFIG_H_
