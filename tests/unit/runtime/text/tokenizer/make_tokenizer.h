// Small tokenizer files for tests: parts as JSON text, the rest filled in.
#ifndef ETD_TESTS_UNIT_RUNTIME_TEXT_TOKENIZER_MAKE_TOKENIZER_H_
#define ETD_TESTS_UNIT_RUNTIME_TEXT_TOKENIZER_MAKE_TOKENIZER_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/text/tokenizer/tokenizer.h"

namespace etd::text {

struct FileParts {
  std::string normalizer = "null";
  std::string pre_tokenizer = "null";
  std::string post_processor = "null";
  std::string decoder = "null";
  std::string added_tokens = "[]";
  std::string model = R"({"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0}})";
  std::string extra = "";  // more fields, each with a comma before it
};

inline std::string ToJson(const FileParts& parts) {
  return R"({"version": "1.0", "truncation": null, "padding": null, "normalizer": )" + parts.normalizer +
         R"(, "pre_tokenizer": )" + parts.pre_tokenizer + R"(, "post_processor": )" + parts.post_processor +
         R"(, "decoder": )" + parts.decoder + R"(, "added_tokens": )" + parts.added_tokens + R"(, "model": )" +
         parts.model + parts.extra + "}";
}

// Null, with a test failure, where the file is refused.
inline std::unique_ptr<Tokenizer> Make(const FileParts& parts) {
  auto tokenizer = Tokenizer::FromJson(ToJson(parts));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return tokenizer.ok() ? *std::move(tokenizer) : nullptr;
}

inline std::string ErrorOf(const FileParts& parts) {
  return std::string(Tokenizer::FromJson(ToJson(parts)).status().message());
}

inline std::vector<int32_t> IdsOf(const Tokenizer& tokenizer, std::string_view text, bool special = false) {
  auto ids = tokenizer.Encode(text, {.add_special_tokens = special});
  EXPECT_TRUE(ids.ok()) << ids.status();
  return ids.ok() ? *std::move(ids) : std::vector<int32_t>{-1};
}

// An entry of "added_tokens"; `flags` names the true ones of word, left, right, normalized, special.
inline std::string AddedTokenJson(int id, const std::string& content, const std::string& flags = "") {
  const auto flag = [&](const char* name) { return flags.find(name) != std::string::npos ? "true" : "false"; };
  return R"({"id": )" + std::to_string(id) + R"(, "content": ")" + content + R"(", "single_word": )" + flag("word") +
         R"(, "lstrip": )" + flag("left") + R"(, "rstrip": )" + flag("right") + R"(, "normalized": )" +
         flag("normalized") + R"(, "special": )" + flag("special") + "}";
}

inline std::string JsonArray(std::string elements) {
  elements.insert(elements.begin(), '[');
  elements.push_back(']');
  return elements;
}

}  // namespace etd::text

#endif  // ETD_TESTS_UNIT_RUNTIME_TEXT_TOKENIZER_MAKE_TOKENIZER_H_
