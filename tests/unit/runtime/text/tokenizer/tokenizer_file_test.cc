// Files that are damaged, hostile or newer than this build.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/runtime/text/tokenizer/make_tokenizer.h"

namespace etd::text {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(TokenizerFileTest, NamesWhatItDoesNotKnow) {
  EXPECT_THAT(ErrorOf({.normalizer = R"({"type": "Rot13"})"}), HasSubstr("normalizer.type is \"Rot13\""));
  EXPECT_THAT(ErrorOf({.normalizer = R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Rot13"}]})"}),
              HasSubstr("normalizer.normalizers[1].type"));
  EXPECT_THAT(ErrorOf({.pre_tokenizer = R"({"type": "Magic"})"}), HasSubstr("pre_tokenizer.type is \"Magic\""));
  EXPECT_THAT(ErrorOf({.post_processor = R"({"type": "Magic"})"}), HasSubstr("post_processor.type"));
  EXPECT_THAT(ErrorOf({.decoder = R"({"type": "Magic"})"}), HasSubstr("decoder.type"));
  EXPECT_THAT(ErrorOf({.model = R"({"type": "Magic"})"}), HasSubstr("model.type"));
  EXPECT_THAT(ErrorOf({.normalizer = R"({"type": "NFC", "strength": 3})"}), HasSubstr("\"strength\""));
  EXPECT_THAT(ErrorOf({.extra = R"(, "grammar": {})"}), HasSubstr("\"grammar\""));
}

TEST(TokenizerFileTest, NamesWhatIsWrong) {
  EXPECT_THAT(ErrorOf({.pre_tokenizer = R"({"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated", "invert": false})"}),
              HasSubstr("pre_tokenizer.pattern: pattern \"(\""));
  EXPECT_THAT(ErrorOf({.pre_tokenizer = R"({"type": "Split", "pattern": {"String": "a"}, "behavior": "Eaten", "invert": false})"}),
              HasSubstr("Eaten"));
  EXPECT_THAT(ErrorOf({.pre_tokenizer = R"({"type": "Digits"})"}), HasSubstr("individual_digits"));
  EXPECT_THAT(ErrorOf({.normalizer = "[]"}), HasSubstr("normalizer must be an object"));
  EXPECT_THAT(ErrorOf({.normalizer = R"({"type": 3})"}), HasSubstr("normalizer.type must be a string"));
  EXPECT_THAT(ErrorOf({.decoder = R"({"type": "Strip", "content": "ab", "start": 1, "stop": 0})"}),
              HasSubstr("decoder.content must be one character"));
  EXPECT_THAT(ErrorOf({.added_tokens = R"([{"id": 1}])"}), HasSubstr("added_tokens[0]"));
  EXPECT_THAT(ErrorOf({.normalizer = R"({"type": "Replace", "pattern": {"String": "x"}, "content": ""})",
                       .added_tokens = JsonArray(AddedTokenJson(1, "x", "normalized"))}),
              HasSubstr("\"x\""));
  EXPECT_THAT(ErrorOf({.post_processor = R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}],
                       "pair": [], "special_tokens": {}})"}),
              HasSubstr("\"<s>\" is not in special_tokens"));
}

TEST(TokenizerFileTest, RefusesWhatIsNoFile) {
  for (const std::string_view json : {"", "{", "[]", "null", "{}", "{\"version\": \"2.0\"}", "\xff", "{\"a\": \"\xff\"}"}) {
    EXPECT_FALSE(Tokenizer::FromJson(json).ok()) << json;
  }
  EXPECT_THAT(std::string(Tokenizer::FromJson(std::string(1 << 20, '[')).status().message()), HasSubstr("nested"));
}

TEST(TokenizerFileTest, NestedSequencesEnd) {
  std::string sequence = R"({"type": "NFC"})";
  for (int i = 0; i < 40; ++i) sequence = R"({"type": "Sequence", "normalizers": [)" + sequence + "]}";
  EXPECT_THAT(ErrorOf({.normalizer = sequence}), HasSubstr("nested"));
}

TEST(TokenizerFileTest, CatastrophicPatternsFailTheTextOnly) {
  const auto tokenizer = Make({.pre_tokenizer = R"({"type": "Split", "pattern": {"Regex": "(a|aa)+$"},
                                                    "behavior": "Isolated", "invert": false})"});
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(tokenizer->Encode(std::string(60, 'a') + "b").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(tokenizer->Encode("aa").ok());
}

TEST(TokenizerFileTest, PartsThatMultiplyTheTextAreBounded) {
  std::string doubling = R"({"type": "Sequence", "normalizers": [)";
  for (int i = 0; i < 60; ++i) {
    doubling += R"({"type": "Replace", "pattern": {"String": "a"}, "content": "aa"},)";
  }
  doubling += R"({"type": "NFC"}]})";
  const auto normalizes = Make({.normalizer = doubling});
  ASSERT_NE(normalizes, nullptr);
  EXPECT_THAT(std::string(normalizes->Encode(std::string(1000, 'a')).status().message()), HasSubstr("longer than"));

  std::string decoders;
  for (int i = 0; i < 16; ++i) {
    decoders += R"({"type": "Replace", "pattern": {"String": "?"}, "content": "??"},)";
  }
  decoders.pop_back();
  const std::string sequence = R"({"type": "Sequence", "decoders": [)";
  const auto decodes = Make({.decoder = sequence + decoders + "]}"});
  ASSERT_NE(decodes, nullptr);
  EXPECT_LE(decodes->Decode(std::vector<int32_t>{0}, false).size(), size_t{2} << 20);
  EXPECT_THAT(ErrorOf({.decoder = sequence + decoders + R"(, {"type": "Fuse"}]})"}), HasSubstr("too many decoders"));
}

TEST(TokenizerFileTest, ErrorsBeginWithThePath) {
  const auto path = std::filesystem::temp_directory_path() / "etd_tokenizer_file_test.json";
  std::ofstream(path) << "{";
  EXPECT_THAT(std::string(Tokenizer::FromFile(path.string()).status().message()), StartsWith(path.string()));
  std::filesystem::remove(path);
  EXPECT_THAT(std::string(Tokenizer::FromFile(path.string()).status().message()), HasSubstr(path.string()));
}

}  // namespace
}  // namespace etd::text
