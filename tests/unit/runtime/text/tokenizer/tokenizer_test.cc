#include "runtime/text/tokenizer/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/runtime/text/tokenizer/make_tokenizer.h"

namespace etd::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Every character is a token of its own: ids show what text the model saw.
constexpr char kLetters[] = R"({"type": "BPE", "unk_token": "?", "merges": [],
    "vocab": {"?": 0, "a": 1, "b": 2, " ": 3, "s": 4, "<": 5, ">": 6, "▁": 7, "A": 8}})";

std::unique_ptr<Tokenizer> WithAdded(const std::string& tokens, const std::string& normalizer = "null") {
  return Make({.normalizer = normalizer, .added_tokens = JsonArray(tokens), .model = kLetters});
}

TEST(AddedTokenTest, AreFoundLongestFirstBeforeAnythingElse) {
  const auto tokenizer = WithAdded(AddedTokenJson(9, "<s>", "special") + "," + AddedTokenJson(10, "<s>a"));
  EXPECT_THAT(IdsOf(*tokenizer, "a<s>b<s>a<s"), ElementsAre(1, 9, 2, 10, 5, 4));
  EXPECT_EQ(tokenizer->TokenToId("<s>"), 9);
  EXPECT_EQ(tokenizer->IdToToken(10), "<s>a");
  EXPECT_TRUE(tokenizer->IsSpecial(9));
  EXPECT_FALSE(tokenizer->IsSpecial(10));
  EXPECT_EQ(tokenizer->vocab_size(), 11);
  EXPECT_EQ(tokenizer->IdToToken(11), std::nullopt);
  EXPECT_EQ(tokenizer->IdToToken(-1), std::nullopt);
}

TEST(AddedTokenTest, StripsTakeSpacesAlong) {
  const auto tokenizer = WithAdded(AddedTokenJson(9, "<s>", "left") + "," + AddedTokenJson(10, "<b>", "right"));
  EXPECT_THAT(IdsOf(*tokenizer, "a  <s> a"), ElementsAre(1, 9, 3, 1));
  EXPECT_THAT(IdsOf(*tokenizer, "a <b>\u3000 a"), ElementsAre(1, 3, 10, 1));
  // The spaces between them go to the first.
  EXPECT_THAT(IdsOf(*tokenizer, "<b>  <s>a"), ElementsAre(10, 9, 1));
}

TEST(AddedTokenTest, SpacesThatTheTokenBeforeTookAreNoTokenAgain) {
  const auto tokenizer = WithAdded(AddedTokenJson(9, " ", "left right"));
  EXPECT_THAT(IdsOf(*tokenizer, "a    b"), ElementsAre(1, 3, 2));
}

TEST(AddedTokenTest, WithoutAddedTokensTextStillKnowsWhereItBegins) {
  // The normalizer drops the first character: what is left is not the beginning of the text any more.
  const auto tokenizer = Make(
      {.normalizer = R"({"type": "Nmt"})",
       .pre_tokenizer = R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false})",
       .added_tokens = JsonArray(""),
       .model = kLetters});
  EXPECT_THAT(IdsOf(*tokenizer, "ab"), ElementsAre(7, 1, 2));
  EXPECT_THAT(IdsOf(*tokenizer, "\x01" "ab"), ElementsAre(1, 2));
}

TEST(AddedTokenTest, SingleWordsStandAlone) {
  const auto tokenizer = WithAdded(AddedTokenJson(9, "ab", "word"));
  EXPECT_THAT(IdsOf(*tokenizer, "ab aab ab"), ElementsAre(9, 3, 1, 1, 2, 3, 9));
}

TEST(AddedTokenTest, NormalizedOnesMatchNormalizedText) {
  const std::string lower = R"({"type": "Lowercase"})";
  EXPECT_THAT(IdsOf(*WithAdded(AddedTokenJson(9, "AB", "normalized"), lower), "aB Ab"), ElementsAre(9, 3, 9));
  EXPECT_THAT(IdsOf(*WithAdded(AddedTokenJson(9, "AB"), lower), "aB AB"), ElementsAre(1, 2, 3, 9));
}

TEST(AddedTokenTest, NormalizerSeesEachTextBetweenTokens) {
  const auto tokenizer = WithAdded(AddedTokenJson(9, "<s>"), R"({"type": "Prepend", "prepend": "▁"})");
  EXPECT_THAT(IdsOf(*tokenizer, "a<s>b"), ElementsAre(7, 1, 9, 7, 2));
}

TEST(AddedTokenTest, IdsComeFromTheVocabularyNotTheFile) {
  const auto tokenizer = WithAdded(AddedTokenJson(500, "a", "special") + "," + AddedTokenJson(600, "<x>"));
  EXPECT_EQ(tokenizer->TokenToId("a"), 1);
  EXPECT_EQ(tokenizer->TokenToId("<x>"), 9);
}

TEST(TokenizerTest, TemplateAddsSpecialTokens) {
  const std::string post = R"({"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "<", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                 {"SpecialToken": {"id": ">", "type_id": 0}}],
      "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
      "special_tokens": {"<": {"id": "<", "ids": [5], "tokens": ["<"]}, ">": {"id": ">", "ids": [6, 6], "tokens": [">", ">"]}}})";
  const auto tokenizer = Make({.post_processor = post, .model = kLetters});
  EXPECT_THAT(IdsOf(*tokenizer, "ab", true), ElementsAre(5, 1, 2, 6, 6));
  EXPECT_THAT(IdsOf(*tokenizer, "ab", false), ElementsAre(1, 2));
  EXPECT_THAT(IdsOf(*tokenizer, "", true), ElementsAre(5, 6, 6));
}

TEST(TokenizerTest, BertAndRobertaAddSpecialTokens) {
  const std::string bert = R"({"type": "BertProcessing", "sep": [">", 6], "cls": ["<", 5]})";
  const std::string roberta =
      R"({"type": "RobertaProcessing", "sep": [">", 6], "cls": ["<", 5], "trim_offsets": true, "add_prefix_space": true})";
  for (const std::string& post : {bert, roberta}) {
    EXPECT_THAT(IdsOf(*Make({.post_processor = post, .model = kLetters}), "a", true), ElementsAre(5, 1, 6));
  }
}

TEST(TokenizerTest, TruncatesAndPads) {
  const std::string post = R"({"type": "BertProcessing", "sep": [">", 6], "cls": ["<", 5]})";
  const auto with = [&](const std::string& direction) {
    return Make({.post_processor = post,
                 .model = kLetters,
                 .extra = R"(, "truncation": {"direction": ")" + direction +
                          R"(", "max_length": 4, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 6}, "direction": ")" + direction +
                          R"(", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "?"})"});
  };
  EXPECT_THAT(IdsOf(*with("Right"), "abas", true), ElementsAre(5, 1, 2, 6, 0, 0));
  EXPECT_THAT(IdsOf(*with("Left"), "abas", true), ElementsAre(0, 0, 5, 1, 4, 6));
  EXPECT_THAT(IdsOf(*with("Right"), "abas", false), ElementsAre(1, 2, 1, 4, 0, 0));
}

TEST(TokenizerTest, DecodesWhatItKnows) {
  const auto tokenizer = WithAdded(AddedTokenJson(9, "<s>", "special"));
  const std::vector<int32_t> ids = {9, 1, 77, -5, 2};
  EXPECT_EQ(tokenizer->Decode(ids, false), "<s> a b");
  EXPECT_EQ(tokenizer->Decode(ids, true), "a b");
  EXPECT_EQ(tokenizer->Decode({}, true), "");
}

TEST(TokenizerTest, RefusesTextThatIsNotUtf8) {
  const auto tokenizer = WithAdded("");
  for (const std::string_view text : {"a\xff", "\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_THAT(std::string(tokenizer->Encode(text).status().message()), HasSubstr("not valid UTF-8"));
  }
}

TEST(TokenizerTest, LongTextsTakeNoQuadraticTime) {
  const auto tokenizer = WithAdded(AddedTokenJson(9, "<s>"));
  std::string text(1 << 20, 'a');
  EXPECT_EQ(IdsOf(*tokenizer, text).size(), text.size());
}

TEST(TokenizerTest, ManyThreadsShareOne) {
  const auto tokenizer = Make({.pre_tokenizer = R"({"type": "Split", "pattern": {"Regex": "b+"},
                                                    "behavior": "Isolated", "invert": false})",
                               .model = kLetters});
  const std::vector<int32_t> expected = IdsOf(*tokenizer, "abbsA ab");
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (int& count : wrong) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) count += *tokenizer->Encode("abbsA ab") != expected ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, ElementsAre(0, 0, 0, 0));
}

}  // namespace
}  // namespace etd::text
