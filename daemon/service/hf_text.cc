#include "daemon/service/hf_text.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/text/chat/chat_config.h"
#include "runtime/text/tokenizer/streaming_detokenizer.h"
#include "runtime/text/tokenizer/tokenizer.h"

namespace etd::service {
namespace {

using Json = nlohmann::ordered_json;

// transformers samples like that where do_sample is set and nothing else.
constexpr float kSampleTemperature = 1.0f;
constexpr int32_t kSampleTopK = 50;

class HfDetokenizer final : public models::Detokenizer {
 public:
  HfDetokenizer(const text::Tokenizer& tokenizer, bool skip_special) : stream_(tokenizer, skip_special) {}
  std::string Push(int32_t token) override { return stream_.Push(token); }
  std::string Flush() override { return stream_.Flush(); }

 private:
  text::StreamingDetokenizer stream_;
};

class HfText final : public models::ModelText {
 public:
  HfText(std::unique_ptr<text::Tokenizer> tokenizer, text::ChatConfig chat)
      : tokenizer_(std::move(tokenizer)), chat_(std::move(chat)) {}

  absl::StatusOr<std::vector<int32_t>> Encode(std::string_view text, bool add_special_tokens) const override {
    return tokenizer_->Encode(text, {.add_special_tokens = add_special_tokens});
  }
  std::string Decode(std::span<const int32_t> tokens, bool skip_special_tokens) const override {
    return tokenizer_->Decode(tokens, skip_special_tokens);
  }
  std::string Piece(int32_t token) const override { return std::string(tokenizer_->IdToToken(token).value_or("")); }
  std::unique_ptr<models::Detokenizer> NewDetokenizer(bool skip_special_tokens) const override {
    return std::make_unique<HfDetokenizer>(*tokenizer_, skip_special_tokens);
  }
  bool has_chat_template() const override { return chat_.has_template(); }
  absl::StatusOr<std::string> RenderChat(const models::ChatInput& chat, WallTime now) const override;
  const models::GenerationDefaults& defaults() const override { return defaults_; }
  std::span<const int32_t> end_tokens() const override { return end_tokens_; }

  absl::Status ReadGenerationConfig(const std::string& text);
  void AddEndToken();

 private:
  const std::unique_ptr<text::Tokenizer> tokenizer_;
  const text::ChatConfig chat_;
  models::GenerationDefaults defaults_;
  std::vector<int32_t> end_tokens_;
};

absl::StatusOr<std::string> HfText::RenderChat(const models::ChatInput& chat, WallTime now) const {
  if (!chat_.has_template()) {
    return FailedPrecondition("the model has no chat template; send a prompt instead of messages");
  }
  Json arguments = Json::object();
  if (!chat.arguments_json.empty()) {
    arguments = Json::parse(chat.arguments_json, nullptr, false);
    if (!arguments.is_object()) return InvalidArgument("template_arguments_json is no JSON object");
  }
  arguments["messages"] = Json::parse(chat.messages_json, nullptr, false);
  if (!arguments["messages"].is_array()) return InvalidArgument("the messages are no JSON array");
  if (!chat.tools_json.empty()) {
    arguments["tools"] = Json::parse(chat.tools_json, nullptr, false);
    if (!arguments["tools"].is_array()) return InvalidArgument("tools_json is no JSON array");
  }
  arguments["add_generation_prompt"] = chat.add_generation_prompt;
  return chat_.Render(std::move(arguments), now);
}

template <typename T>
void Take(const Json& json, const char* key, std::optional<T>* value) {
  const auto found = json.find(key);
  if (found != json.end() && found->is_number()) *value = found->get<T>();
}

absl::Status HfText::ReadGenerationConfig(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return InvalidArgument("generation_config.json is no JSON object");
  if (const auto end = json.find("eos_token_id"); end != json.end()) {
    for (const Json& id : end->is_array() ? *end : Json::array({*end})) {
      if (id.is_number_integer()) end_tokens_.push_back(id.get<int32_t>());
    }
  }
  Take(json, "repetition_penalty", &defaults_.repetition_penalty);
  Take(json, "max_new_tokens", &defaults_.max_tokens);
  const auto sample = json.find("do_sample");
  if (sample == json.end() || !sample->is_boolean() || !sample->get<bool>()) return absl::OkStatus();
  defaults_.temperature = kSampleTemperature;
  defaults_.top_k = kSampleTopK;
  Take(json, "temperature", &defaults_.temperature);
  Take(json, "top_k", &defaults_.top_k);
  Take(json, "top_p", &defaults_.top_p);
  Take(json, "min_p", &defaults_.min_p);
  return absl::OkStatus();
}

void HfText::AddEndToken() {
  const std::string* end = chat_.special_token("eos_token");
  if (end == nullptr) return;
  if (const auto id = tokenizer_->TokenToId(*end)) end_tokens_.push_back(*id);
}

std::optional<std::string> TextOfRole(const models::ModelFiles& files, const char* role) {
  const auto found = files.texts.find(role);
  return found == files.texts.end() ? std::nullopt : std::optional<std::string>(found->second);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const models::ModelText>> LoadHfText(const models::ModelFiles& files) {
  const std::optional<std::string> tokenizer_json = TextOfRole(files, "tokenizer");
  if (!tokenizer_json) return std::shared_ptr<const models::ModelText>();
  absl::StatusOr<std::unique_ptr<text::Tokenizer>> tokenizer = text::Tokenizer::FromJson(*tokenizer_json);
  if (!tokenizer.ok()) return Annotate(tokenizer.status(), "tokenizer.json");
  text::ChatFiles chat_files;
  chat_files.tokenizer_config_json = TextOfRole(files, "tokenizer_config");
  chat_files.chat_template_jinja = TextOfRole(files, "chat_template");
  ETD_ASSIGN_OR_RETURN(text::ChatConfig chat, text::ChatConfig::Load(chat_files));
  auto hf = std::make_shared<HfText>(*std::move(tokenizer), std::move(chat));
  if (const auto config = TextOfRole(files, "generation_config")) {
    ETD_RETURN_IF_ERROR(hf->ReadGenerationConfig(*config));
  }
  hf->AddEndToken();
  return std::shared_ptr<const models::ModelText>(std::move(hf));
}

}  // namespace etd::service
