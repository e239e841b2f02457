// A tokenizer without a vocabulary: tokens are bytes. 256 begins a text, 257 ends it.
#ifndef ETD_TESTS_SUPPORT_FAKE_TEXT_H_
#define ETD_TESTS_SUPPORT_FAKE_TEXT_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/models/model_text.h"

namespace etd::testing {

inline constexpr int32_t kFakeBegin = 256;

class FakeText final : public models::ModelText {
 public:
  absl::StatusOr<std::vector<int32_t>> Encode(std::string_view text, bool add_special_tokens) const override;
  std::string Decode(std::span<const int32_t> tokens, bool skip_special_tokens) const override;
  std::string Piece(int32_t token) const override;
  std::unique_ptr<models::Detokenizer> NewDetokenizer(bool skip_special_tokens) const override;
  bool has_chat_template() const override { return true; }
  // "role: content\n" for each message, then "assistant: ".
  absl::StatusOr<std::string> RenderChat(const models::ChatInput& chat, WallTime now) const override;
  const models::GenerationDefaults& defaults() const override { return defaults_; }
  std::span<const int32_t> end_tokens() const override { return end_tokens_; }

 private:
  models::GenerationDefaults defaults_;
  std::vector<int32_t> end_tokens_ = {257};
};

}  // namespace etd::testing

#endif  // ETD_TESTS_SUPPORT_FAKE_TEXT_H_
