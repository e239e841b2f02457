#include "tests/support/fake_text.h"

#include <nlohmann/json.hpp>

#include "runtime/base/status.h"

namespace etd::testing {
namespace {

class FakeDetokenizer final : public models::Detokenizer {
 public:
  std::string Push(int32_t token) override {
    if (token < 0 || token >= 256) return "";
    if (token < 128) return std::string(1, static_cast<char>(token));
    return {static_cast<char>(0xc0 | (token >> 6)), static_cast<char>(0x80 | (token & 0x3f))};
  }
  std::string Flush() override { return ""; }
};

}  // namespace

absl::StatusOr<std::vector<int32_t>> FakeText::Encode(std::string_view text, bool add_special_tokens) const {
  std::vector<int32_t> tokens;
  if (add_special_tokens) tokens.push_back(kFakeBegin);
  for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
  return tokens;
}

std::string FakeText::Decode(std::span<const int32_t> tokens, bool) const {
  FakeDetokenizer detokenizer;
  std::string text;
  for (const int32_t token : tokens) text += detokenizer.Push(token);
  return text;
}

std::string FakeText::Piece(int32_t token) const {
  return token < 256 ? FakeDetokenizer().Push(token) : token == kFakeBegin ? "<begin>" : "<end>";
}

std::unique_ptr<models::Detokenizer> FakeText::NewDetokenizer(bool) const {
  return std::make_unique<FakeDetokenizer>();
}

absl::StatusOr<std::string> FakeText::RenderChat(const models::ChatInput& chat, WallTime) const {
  const auto messages = nlohmann::json::parse(chat.messages_json, nullptr, false);
  if (!messages.is_array()) return InvalidArgument("the messages are no array");
  std::string text;
  for (const auto& message : messages) {
    text += message.value("role", "") + ": " + message.value("content", "") + "\n";
  }
  return chat.add_generation_prompt ? text + "assistant: " : text;
}

}  // namespace etd::testing
