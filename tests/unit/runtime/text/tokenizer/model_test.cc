#include "runtime/text/tokenizer/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "runtime/text/tokenizer/bpe_merger.h"
#include "runtime/text/tokenizer/byte_alphabet.h"
#include "tests/unit/runtime/text/tokenizer/make_tokenizer.h"

namespace etd::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<int32_t> Encode(const std::string& model, std::string_view text) {
  const auto tokenizer = Make({.model = model});
  return tokenizer == nullptr ? std::vector<int32_t>{-2} : IdsOf(*tokenizer, text);
}

std::string Bpe(const std::string& vocab, const std::string& merges, const std::string& options = "") {
  return R"({"type": "BPE", "vocab": )" + vocab + R"(, "merges": )" + merges + options + "}";
}

TEST(BpeModelTest, MergesByRankThenFromTheLeft) {
  const std::string vocab = R"({"a": 0, "b": 1, "ab": 2, "ba": 3, "aa": 4, "aba": 5})";
  EXPECT_THAT(Encode(Bpe(vocab, R"([["a", "b"], ["b", "a"]])"), "abba"), ElementsAre(2, 3));
  EXPECT_THAT(Encode(Bpe(vocab, R"(["b a", "a b"])"), "aba"), ElementsAre(0, 3));
  EXPECT_THAT(Encode(Bpe(vocab, R"([["a", "a"]])"), "aaaaa"), ElementsAre(4, 4, 0));
  EXPECT_THAT(Encode(Bpe(vocab, R"([["a", "b"], ["ab", "a"]])"), "aba"), ElementsAre(5));
}

TEST(BpeModelTest, UnknownCharacters) {
  const std::string vocab = R"({"?": 9, "a": 0})";
  EXPECT_THAT(Encode(Bpe(vocab, "[]"), "xax"), ElementsAre(0));  // no unk_token: dropped
  EXPECT_THAT(Encode(Bpe(vocab, "[]", R"(, "unk_token": "?")"), "xyax"), ElementsAre(9, 9, 0, 9));
  EXPECT_THAT(Encode(Bpe(vocab, "[]", R"(, "unk_token": "?", "fuse_unk": true)"), "xyax"), ElementsAre(9, 0, 9));
  const auto tokenizer = Make({.model = Bpe(vocab, "[]", R"(, "unk_token": "!")")});
  EXPECT_THAT(std::string(tokenizer->Encode("x").status().message()), HasSubstr("\"!\""));
}

TEST(BpeModelTest, FallsBackToBytes) {
  const std::string vocab = R"({"?": 9, "a": 0, "<0xC3>": 1, "<0xA9>": 2})";
  const std::string options = R"(, "unk_token": "?", "fuse_unk": true, "byte_fallback": true)";
  EXPECT_THAT(Encode(Bpe(vocab, "[]", options), "a\u00e9"), ElementsAre(0, 1, 2));
  EXPECT_THAT(Encode(Bpe(vocab, "[]", options), "\u00e8a"), ElementsAre(9, 0));
  // Bytes overtake an unknown token that waits to be fused.
  EXPECT_THAT(Encode(Bpe(vocab, "[]", options), "x\u00e9ya"), ElementsAre(1, 2, 9, 0));
}

TEST(BpeModelTest, Affixes) {
  const std::string vocab = R"({"a": 0, "##b": 1, "##b</w>": 2, "ab": 3, "ab</w>": 4, "a</w>": 5})";
  const std::string options = R"(, "continuing_subword_prefix": "##", "end_of_word_suffix": "</w>")";
  EXPECT_THAT(Encode(Bpe(vocab, R"([["a", "##b"]])", options), "abb"), ElementsAre(3, 2));
  EXPECT_THAT(Encode(Bpe(vocab, R"([["a", "##b</w>"]])", options), "ab"), ElementsAre(4));
  EXPECT_THAT(Encode(Bpe(vocab, "[]", options), "a"), ElementsAre(5));
}

TEST(BpeModelTest, IgnoreMergesTakesWholeWords) {
  const std::string vocab = R"({"a": 0, "b": 1, "abb": 2})";
  EXPECT_THAT(Encode(Bpe(vocab, "[]"), "abb"), ElementsAre(0, 1, 1));
  EXPECT_THAT(Encode(Bpe(vocab, "[]", R"(, "ignore_merges": true)"), "abb"), ElementsAre(2));
}

TEST(BpeModelTest, ErrorsNameTheMerge) {
  EXPECT_THAT(ErrorOf({.model = Bpe(R"({"a": 0})", R"([["a", "b"]])")}), HasSubstr("model.merges[0]: \"b\""));
  EXPECT_THAT(ErrorOf({.model = Bpe(R"({"a": 0, "b": 1})", R"([["a", "b"]])")}), HasSubstr("\"ab\""));
  EXPECT_THAT(ErrorOf({.model = Bpe(R"({"a": 0})", R"(["a"])")}), HasSubstr("model.merges[0]"));
  EXPECT_THAT(ErrorOf({.model = Bpe(R"({"a": -1})", "[]")}), HasSubstr("\"a\""));
  EXPECT_THAT(ErrorOf({.model = Bpe(R"({"a": 2147483648})", "[]")}), HasSubstr("\"a\""));
  EXPECT_THAT(ErrorOf({.model = R"({"type": "BPE", "vocab": {}})"}), HasSubstr("merges"));
}

// Byte-level files take a quicker way; it must give what the plain way gives.
TEST(BpeModelTest, ReadingBytesChangesNothing) {
  std::string vocab, merges;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string character(ByteAsCharacter(static_cast<unsigned char>(byte)));
    vocab += (byte > 0 ? ", \"" : "\"") + (character == "\"" || character == "\\" ? "\\" + character : character) +
             "\": " + std::to_string(byte);
  }
  int id = 256;
  for (const auto& [left, right] : std::vector<std::pair<std::string, std::string>>{
           {"a", "b"}, {"b", "a"}, {"ab", "a"}, {"Ġ", "a"}, {"Ã", "©"}, {"c", "c"}, {"cc", "c"}, {"cc", "cc"}}) {
    vocab += ", \"" + left + right + "\": " + std::to_string(id++);
    merges += (merges.empty() ? "[\"" : ", [\"") + left + "\", \"" + right + "\"]";
  }
  vocab += ", \"bab\": 300";  // a token that no merge makes
  for (const std::string ignore_merges : {"false", "true"}) {
    const std::string model = R"({"type": "BPE", "vocab": {)" + vocab + R"(}, "merges": [)" + merges +
                              R"(], "ignore_merges": )" + ignore_merges + "}";
    const auto quick = Make(
        {.pre_tokenizer = R"({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true})", .model = model});
    // A step behind ByteLevel, which changes nothing here, keeps the model from reading bytes.
    const auto plain = Make({.pre_tokenizer = R"({"type": "Sequence", "pretokenizers": [
          {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
          {"type": "Split", "pattern": {"String": "\u4e2d"}, "behavior": "Isolated", "invert": false}]})",
                             .model = model});
    std::mt19937 random(3);
    const std::vector<std::string> alphabet = {"a", "b", "c", " ", "\u00e9", "\n", "1", "\U0001F600"};
    for (int round = 0; round < 2000; ++round) {
      std::string text;
      for (size_t i = random() % 20; i > 0; --i) text += alphabet[random() % alphabet.size()];
      ASSERT_EQ(IdsOf(*quick, text), IdsOf(*plain, text)) << text;
    }
  }
}

// Long words merge by a heap, short ones by scanning; both must do what the definition says.
TEST(BpeMergerTest, AgreesWithTheDefinition) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    MergeTable table(60);
    std::map<std::pair<int32_t, int32_t>, Merge> merges;
    for (uint32_t rank = 0; rank < 60; ++rank) {
      const auto left = static_cast<int32_t>(random() % (3 + rank)), right = static_cast<int32_t>(random() % (3 + rank));
      const Merge merge{rank, static_cast<int32_t>(3 + rank)};
      if (!merges.emplace(std::pair(left, right), merge).second) continue;
      table.Set(left, right, merge);
    }
    std::vector<int32_t> symbols(1 + random() % 200);
    for (int32_t& symbol : symbols) symbol = static_cast<int32_t>(random() % 3);
    std::vector<int32_t> expected = symbols;
    while (true) {
      const Merge* best = nullptr;
      size_t at = 0;
      for (size_t i = 0; i + 1 < expected.size(); ++i) {
        const auto merge = merges.find({expected[i], expected[i + 1]});
        if (merge != merges.end() && (best == nullptr || merge->second.rank < best->rank)) {
          best = &merge->second;
          at = i;
        }
      }
      if (best == nullptr) break;
      expected[at] = best->id;
      expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    MergeSymbols(table, symbols);
    ASSERT_EQ(symbols, expected);
  }
}

TEST(UnigramModelTest, TakesTheBestPath) {
  const std::string model = R"({"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", 0.0], ["b", 0.0],
      ["c", 0.0], ["d", 0.0], ["cd", 1.0], ["ab", 2.0], ["abc", 5.0], ["abcd", 10.0]]})";
  EXPECT_THAT(Encode(model, "abcd"), ElementsAre(8));
  EXPECT_THAT(Encode(model, "abcdacdxx"), ElementsAre(8, 1, 5, 0));
  EXPECT_THAT(Encode(model, "xa\u00e9\u00e8b"), ElementsAre(0, 1, 0, 2));
}

TEST(UnigramModelTest, FallsBackToBytes) {
  EXPECT_THAT(Encode(R"({"type": "Unigram", "unk_id": 0, "byte_fallback": true,
                "vocab": [["<unk>", 0.0], ["<0xC3>", -1.0], ["<0xA9>", -1.5]]})",
                     "\u00e9\u00e9"),
              ElementsAre(1, 2, 1, 2));
}

TEST(UnigramModelTest, WithoutUnkIdRefusesTheUnknown) {
  const auto tokenizer = Make({.model = R"({"type": "Unigram", "unk_id": null, "vocab": [["a", 0.0]]})"});
  EXPECT_TRUE(tokenizer->Encode("aa").ok());
  EXPECT_EQ(tokenizer->Encode("ab").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(ErrorOf({.model = R"({"type": "Unigram", "unk_id": 1, "vocab": [["a", 0.0]]})"}), HasSubstr("unk_id"));
  EXPECT_THAT(ErrorOf({.model = R"({"type": "Unigram", "unk_id": 0, "vocab": [["a"]]})"}), HasSubstr("model.vocab[0]"));
}

TEST(WordPieceModelTest, TakesTheLongestPieces) {
  const std::string model = R"({"type": "WordPiece", "unk_token": "?", "continuing_subword_prefix": "##",
      "max_input_chars_per_word": 5, "vocab": {"?": 0, "a": 1, "ab": 2, "##c": 3, "##cd": 4, "\u4e2d": 5}})";
  EXPECT_THAT(Encode(model, "abcd"), ElementsAre(2, 4));
  EXPECT_THAT(Encode(model, "abcc"), ElementsAre(2, 3, 3));
  EXPECT_THAT(Encode(model, "abx"), ElementsAre(0));
  EXPECT_THAT(Encode(model, "abcccc"), ElementsAre(0));
  EXPECT_THAT(Encode(model, "\u4e2d\u4e2d"), ElementsAre(0));
  EXPECT_THAT(Encode(model, ""), IsEmpty());
}

TEST(WordLevelModelTest, LooksWordsUp) {
  const std::string model = R"({"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "ab": 1}})";
  EXPECT_THAT(Encode(model, "ab"), ElementsAre(1));
  EXPECT_THAT(Encode(model, "b"), ElementsAre(0));
}

TEST(ModelTest, GuessesTheTypeOfOldFiles) {
  EXPECT_THAT(Encode(R"({"vocab": {"a": 0}, "merges": []})", "a"), ElementsAre(0));
  EXPECT_THAT(Encode(R"({"vocab": [["a", 0.0]], "unk_id": null})", "a"), ElementsAre(0));
  EXPECT_THAT(Encode(R"({"vocab": {"a": 0}, "unk_token": "a"})", "a"), ElementsAre(0));
}

}  // namespace
}  // namespace etd::text
