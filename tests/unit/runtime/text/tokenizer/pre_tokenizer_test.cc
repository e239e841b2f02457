#include "runtime/text/tokenizer/pre_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "runtime/text/tokenizer/pattern.h"
#include "runtime/text/tokenizer/scanners.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

using ::testing::ElementsAre;
using Words = std::vector<std::string>;

Words Split(const std::string& json, std::string_view text, bool at_start = true) {
  auto document = ParseJson(json);
  EXPECT_TRUE(document.ok()) << document.status();
  auto object = JsonObject::Of(*document, "pre_tokenizer");
  auto steps = ReadPreTokenizers(*object);
  EXPECT_TRUE(steps.ok()) << steps.status();
  if (!steps.ok()) return {};
  Segments segments;
  Piece piece;
  piece.text = text;
  piece.at_start = at_start;
  piece.start_bytes = at_start ? Utf8Length(text[0]) : 0;
  segments.pieces.push_back(piece);
  for (const auto& step : *steps) EXPECT_TRUE(step->Apply(segments).ok());
  Words words;
  for (const Piece& part : segments.pieces) words.emplace_back(part.text);
  return words;
}

std::string SplitJson(const std::string& behavior, bool invert = false, const std::string& pattern = R"({"String": "-"})") {
  return R"({"type": "Split", "pattern": )" + pattern + R"(, "behavior": ")" + behavior + R"(", "invert": )" +
         (invert ? "true}" : "false}");
}

TEST(PreTokenizerTest, SplitsInAllBehaviors) {
  const std::string_view text = "the-final--countdown";
  EXPECT_THAT(Split(SplitJson("Removed"), text), ElementsAre("the", "final", "countdown"));
  EXPECT_THAT(Split(SplitJson("Isolated"), text), ElementsAre("the", "-", "final", "-", "-", "countdown"));
  EXPECT_THAT(Split(SplitJson("MergedWithPrevious"), text), ElementsAre("the-", "final-", "-", "countdown"));
  EXPECT_THAT(Split(SplitJson("MergedWithNext"), text), ElementsAre("the", "-final", "-", "-countdown"));
  EXPECT_THAT(Split(SplitJson("Contiguous"), text), ElementsAre("the", "-", "final", "--", "countdown"));
}

TEST(PreTokenizerTest, InvertTakesTheRestForTheDelimiter) {
  EXPECT_THAT(Split(SplitJson("Removed", true, R"({"Regex": "[a-z]+"})"), "ab, cd."), ElementsAre("ab", "cd"));
  EXPECT_TRUE(Split(SplitJson("Removed", true), "abc").empty());
}

TEST(PreTokenizerTest, ByteLevelSplitsAndWritesTheAlphabet) {
  const std::string json = R"({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true})";
  EXPECT_THAT(Split(json, "it's 4\n\n \xC3\xA9"), ElementsAre("Ġit", "'s", "Ġ4", "ĊĊ", "ĠÃ©"));
  const std::string plain =
      R"({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false})";
  EXPECT_THAT(Split(plain, "it's 4"), ElementsAre("it'sĠ4"));
}

TEST(PreTokenizerTest, DigitsAloneOrInRuns) {
  EXPECT_THAT(Split(R"({"type": "Digits", "individual_digits": true})", "a12b"), ElementsAre("a", "1", "2", "b"));
  EXPECT_THAT(Split(R"({"type": "Digits", "individual_digits": false})", "a12b½"), ElementsAre("a", "12", "b", "½"));
}

TEST(PreTokenizerTest, WhitespaceKinds) {
  EXPECT_THAT(Split(R"({"type": "Whitespace"})", "Hey_you, man!\u3000ok"),
              ElementsAre("Hey_you", ",", "man", "!", "ok"));
  EXPECT_THAT(Split(R"({"type": "WhitespaceSplit"})", " Hey, man!  ok"), ElementsAre("Hey,", "man!", "ok"));
  EXPECT_THAT(Split(R"({"type": "BertPreTokenizer"})", "Hey, man\u2026"), ElementsAre("Hey", ",", "man", "\u2026"));
  EXPECT_THAT(Split(R"({"type": "Punctuation"})", "a,b"), ElementsAre("a", ",", "b"));
  EXPECT_THAT(Split(R"({"type": "Punctuation", "behavior": "Contiguous"})", "a..b"), ElementsAre("a", "..", "b"));
  EXPECT_THAT(Split(R"({"type": "CharDelimiterSplit", "delimiter": "|"})", "a||b"), ElementsAre("a", "b"));
  EXPECT_THAT(Split(R"({"type": "FixedLength", "length": 2})", "a\u00e9bcd"), ElementsAre("a\u00e9", "bc", "d"));
}

TEST(PreTokenizerTest, MetaspacePrependsBySchemeAndSplits) {
  const auto json = [](const std::string& scheme, const std::string& split = "true") {
    return R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": ")" + scheme + R"(", "split": )" + split +
           "}";
  };
  EXPECT_THAT(Split(json("always"), "a  b"), ElementsAre("▁a", "▁", "▁b"));
  EXPECT_THAT(Split(json("always"), " a"), ElementsAre("▁a"));
  EXPECT_THAT(Split(json("never"), "a b"), ElementsAre("a", "▁b"));
  EXPECT_THAT(Split(json("first"), "a b"), ElementsAre("▁a", "▁b"));
  EXPECT_THAT(Split(json("first"), "a b", /*at_start=*/false), ElementsAre("a", "▁b"));
  EXPECT_THAT(Split(json("always", "false"), "a b"), ElementsAre("▁a▁b"));
}

TEST(PreTokenizerTest, OnlyTheFirstPartOfASequenceIsAtTheStart) {
  EXPECT_THAT(Split(R"({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"},
                    {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": true}]})",
                    "a b"),
              ElementsAre("▁a", "b"));
}

// The scanners against the patterns they stand for, on every mix of the characters that matter to them.
TEST(PreTokenizerTest, ScannersMatchTheirPatterns) {
  const std::vector<std::string> patterns = {
      std::string(kByteLevelPattern),
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
  const std::vector<std::string> alphabet = {" ", " ", "'", "s", "S", "l", "L", "r", "E", "v", "e", "a", "1", "\n", "\r",
                                             "\t", ".", "-", "\u017F", "\u00e9", "\u0661", "\u3000", "\u0301", "\U0001F600",
                                             "\U00031350", "\u4e2d", "\u00a0", "\u180e", "\u0085"};
  std::mt19937 random(7);
  for (const std::string& pattern : patterns) {
    const Scanner scanner = FindScanner(pattern);
    ASSERT_NE(scanner, nullptr) << pattern;
    auto regex = Pattern::FromRegex(pattern);
    ASSERT_TRUE(regex.ok()) << regex.status();
    for (int round = 0; round < 3000; ++round) {
      std::string text;
      for (size_t i = 0, n = 1 + random() % 12; i < n; ++i) text += alphabet[random() % alphabet.size()];
      std::vector<Match> matches;
      ASSERT_TRUE(regex->FindAll(text, matches).ok());
      size_t at = 0;
      for (const Match& match : matches) {
        ASSERT_EQ(match.begin, at) << text;
        ASSERT_EQ(scanner(text, at), match.end) << "[" << text << "] from " << at << " by " << pattern;
        at = match.end;
      }
      ASSERT_EQ(at, text.size());
    }
  }
}

}  // namespace
}  // namespace etd::text
