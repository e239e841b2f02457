#include "runtime/etrun/tokenize_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace etd::etrun {
namespace {

using ::testing::HasSubstr;

constexpr char kTokenizer[] = R"({
  "version": "1.0", "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"}, "decoder": null,
  "added_tokens": [{"id": 2, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
                    "normalized": false, "special": true}],
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [2], "tokens": ["<s>"]}}},
  "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "hi": 1, "<s>": 2}}})";

class TokenizeCommandTest : public ::testing::Test {
 protected:
  TokenizeCommandTest() : path_(std::filesystem::temp_directory_path() / "etd_tokenize_command_test.json") {
    std::ofstream(path_) << kTokenizer;
  }
  ~TokenizeCommandTest() override { std::filesystem::remove(path_); }

  absl::Status Run(bool no_special, const std::string& input) {
    std::istringstream in(input);
    return RunTokenize(path_.string(), no_special, in, out_);
  }

  std::filesystem::path path_;
  std::ostringstream out_;
};

TEST_F(TokenizeCommandTest, AddsSpecialTokensAndDropsThemFromTheText) {
  ASSERT_TRUE(Run(false, "{\"text\": \"hi <s> hi\"}\n").ok());
  EXPECT_EQ(out_.str(), "{\"ids\":[2,1,2,1],\"decoded\":\"hi hi\"}\n");
}

TEST_F(TokenizeCommandTest, WithoutSpecialTokensKeepsThoseOfTheText) {
  ASSERT_TRUE(Run(true, "{\"text\": \"hi <s>\"}\n\n{\"text\": \"\"}\n").ok());
  EXPECT_EQ(out_.str(), "{\"ids\":[1,2],\"decoded\":\"hi <s>\"}\n{\"ids\":[],\"decoded\":\"\"}\n");
}

TEST_F(TokenizeCommandTest, NamesTheLineThatIsWrong) {
  for (const char* line : {"{\"text\": 1}", "[]", "{", "{\"texts\": \"a\"}"}) {
    const absl::Status status = Run(false, std::string("{\"text\": \"hi\"}\n") + line + "\n");
    EXPECT_THAT(std::string(status.message()), HasSubstr("line 2")) << line;
  }
}

TEST_F(TokenizeCommandTest, NamesTheFileThatIsMissing) {
  std::istringstream in;
  const absl::Status status = RunTokenize("/no/such/tokenizer.json", false, in, out_);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/no/such/tokenizer.json"));
}

}  // namespace
}  // namespace etd::etrun
