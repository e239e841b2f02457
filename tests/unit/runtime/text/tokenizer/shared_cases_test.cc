// What the tokenizers library answers, for one vocabulary of each kind of pipeline.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/text/tokenizer/streaming_detokenizer.h"
#include "runtime/text/tokenizer/tokenizer.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

std::filesystem::path SharedFolder() {
  const char* given = std::getenv("ETD_SHARED_DIR");
  return std::filesystem::path(given != nullptr ? given : ETD_SOURCE_DIR "/../shared") / "tokenizers";
}

class SharedCasesTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::filesystem::path folder = SharedFolder() / GetParam();
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder << " (set ETD_SHARED_DIR)";
    auto tokenizer = Tokenizer::FromFile((folder / "tokenizer.json").string());
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    tokenizer_ = *std::move(tokenizer);
    std::ifstream lines(folder / "cases.jsonl");
    for (std::string line; std::getline(lines, line);) cases_.push_back(nlohmann::json::parse(line));
    ASSERT_FALSE(cases_.empty());
  }

  std::unique_ptr<Tokenizer> tokenizer_;
  std::vector<nlohmann::json> cases_;
};

TEST_P(SharedCasesTest, EncodesAndDecodesAsTheLibrary) {
  for (const nlohmann::json& expected : cases_) {
    const auto& text = expected["text"].get_ref<const std::string&>();
    const auto ids = tokenizer_->Encode(text, {.add_special_tokens = false});
    const auto with_special = tokenizer_->Encode(text, {.add_special_tokens = true});
    ASSERT_TRUE(ids.ok()) << ids.status();
    ASSERT_TRUE(with_special.ok()) << with_special.status();
    ASSERT_EQ(nlohmann::json(*ids), expected["ids"]) << text;
    const bool same = expected["ids_special"].is_null();
    ASSERT_EQ(nlohmann::json(*with_special), same ? expected["ids"] : expected["ids_special"]) << text;
    ASSERT_EQ(tokenizer_->Decode(*ids, false), expected["decoded"].get<std::string>());
    ASSERT_EQ(tokenizer_->Decode(*with_special, true), expected["decoded_skip"].get<std::string>());
  }
}

TEST_P(SharedCasesTest, StreamsWhatDecodeGives) {
  for (const bool skip_special : {false, true}) {
    StreamingDetokenizer stream(*tokenizer_, skip_special);
    for (const nlohmann::json& expected : cases_) {
      const auto ids = tokenizer_->Encode(expected["text"].get_ref<const std::string&>());
      ASSERT_TRUE(ids.ok());
      std::string streamed;
      for (const int32_t id : *ids) {
        const std::string part = stream.Push(id);
        ASSERT_EQ(FindInvalidUtf8(part), std::string::npos);
        streamed += part;
      }
      streamed += stream.Flush();
      ASSERT_EQ(streamed, tokenizer_->Decode(*ids, skip_special));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, SharedCasesTest,
                         ::testing::Values("smollm2", "bpe_gpt2", "bpe_llama3_split", "bpe_qwen2_nfc",
                                           "bpe_smollm_digits", "spbpe_gemma", "spbpe_llama2", "unigram_t5",
                                           "wordpiece_bert"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace etd::text
