#include "runtime/text/chat/chat_config.h"

#include <gtest/gtest.h>

#include "tests/unit/runtime/text/chat/rendering.h"

namespace etd::text {
namespace {

std::string RenderOk(const ChatConfig& config, const std::string& arguments) {
  auto text = config.Render(nlohmann::ordered_json::parse(arguments), TestTime());
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? *text : "";
}

TEST(ChatConfigTest, TemplateAndTokensComeFromTheTokenizerConfig) {
  auto config = ChatConfig::Load({.tokenizer_config_json = R"({
      "chat_template": "{{ bos_token }}{{ messages[0] }}{{ eos_token }}{{ tools is none }}",
      "bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": null, "add_bos_token": true,
      "image_token": "<i>"})"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(RenderOk(*config, R"({"messages": ["m"]})"), "<s>m</s>True");
  EXPECT_EQ(RenderOk(*config, R"({"messages": ["m"], "bos_token": "!"})"), "!m</s>True");
  EXPECT_EQ(*config->special_token("image_token"), "<i>");
  EXPECT_EQ(config->special_token("pad_token"), nullptr);
  EXPECT_EQ(config->special_token("add_bos_token"), nullptr);
}

TEST(ChatConfigTest, TheFileOfItsOwnGoesFirst) {
  auto config = ChatConfig::Load({.tokenizer_config_json = R"({"chat_template": "config", "bos_token": "b"})",
                                  .chat_template_jinja = "file {{ bos_token }}",
                                  .chat_template_json = R"({"chat_template": "json"})"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(RenderOk(*config, "{}"), "file b");
  auto json_only = ChatConfig::Load({.tokenizer_config_json = std::nullopt,
                                     .chat_template_jinja = std::nullopt,
                                     .chat_template_json = R"({"chat_template": "json"})"});
  ASSERT_TRUE(json_only.ok());
  EXPECT_EQ(RenderOk(*json_only, "{}"), "json");
}

TEST(ChatConfigTest, NamedTemplatesAreChosenByTools) {
  auto config = ChatConfig::Load({.tokenizer_config_json = R"({"chat_template": [
      {"name": "default", "template": "plain"}, {"name": "tool_use", "template": "tools"},
      {"name": "rag", "template": "{{ broken"}]})"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(RenderOk(*config, "{}"), "plain");
  EXPECT_EQ(RenderOk(*config, R"({"tools": []})"), "plain");
  EXPECT_EQ(RenderOk(*config, R"({"tools": [{}]})"), "tools");
}

TEST(ChatConfigTest, ErrorsNameTheFile) {
  for (const char* json : {"{", "[]", R"({"chat_template": 1})", R"({"chat_template": "{{ x"})",
                           R"({"chat_template": [{"name": 1}]})", R"({"chat_template": []})", R"({"bos_token": 3})"}) {
    auto config = ChatConfig::Load({.tokenizer_config_json = json});
    ASSERT_FALSE(config.ok()) << json;
    EXPECT_NE(config.status().ToString().find("tokenizer_config.json"), std::string::npos) << config.status();
  }
  auto none = ChatConfig::Load({});
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->has_template());
  EXPECT_EQ(none->Render(nlohmann::ordered_json::object(), TestTime()).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace etd::text
