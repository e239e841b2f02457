#include "runtime/text/tokenizer/streaming_detokenizer.h"

#include <gtest/gtest.h>

#include <random>

#include "runtime/text/tokenizer/utf8.h"
#include "tests/unit/runtime/text/tokenizer/make_tokenizer.h"

namespace etd::text {
namespace {

constexpr char kVocab[] = R"({"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "▁a": 1, "▁": 2, "<0xE4>": 3,
    "<0xB8>": 4, "<0xAD>": 5, "<0xFF>": 6, "##b": 7, " ": 8, "Ġ": 9, "Ã": 10, "©": 11, "x</w>": 12, "n't": 13, ".": 14,
    "aa": 15, "<pad>": 16, "|": 17, "中": 18}})";

std::unique_ptr<Tokenizer> WithDecoder(const std::string& decoder) {
  return Make({.decoder = decoder, .added_tokens = JsonArray(AddedTokenJson(19, "<s>", "special")), .model = kVocab});
}

constexpr char kLlama[] = R"({"type": "Sequence", "decoders": [
    {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 1}]})";

TEST(StreamingDetokenizerTest, EqualsDecodeForEveryPipeline) {
  const std::vector<std::string> decoders = {
      "null",
      kLlama,
      R"({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true})",
      R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true})",
      R"({"type": "WordPiece", "prefix": "##", "cleanup": true})",
      R"({"type": "BPEDecoder", "suffix": "</w>"})",
      R"({"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": true})",
      R"({"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "Replace", "pattern": {"String": "aa▁"}, "content": "-"}]})",
      R"({"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "Replace", "pattern": {"Regex": "a+$"}, "content": "-"}]})",
      R"({"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "Strip", "content": "▁", "start": 2, "stop": 3}]})"};
  std::mt19937 random(5);
  for (const std::string& decoder : decoders) {
    const auto tokenizer = WithDecoder(decoder);
    ASSERT_NE(tokenizer, nullptr);
    for (int round = 0; round < 500; ++round) {
      std::vector<int32_t> ids(random() % 30);
      for (int32_t& id : ids) id = static_cast<int32_t>(random() % 22) - 1;  // some are no token's
      for (const bool skip_special : {false, true}) {
        StreamingDetokenizer stream(*tokenizer, skip_special);
        std::string text;
        for (const int32_t id : ids) {
          const std::string part = stream.Push(id);
          ASSERT_EQ(FindInvalidUtf8(part), std::string::npos);
          text += part;
        }
        text += stream.Flush();
        ASSERT_EQ(text, tokenizer->Decode(ids, skip_special)) << decoder;
      }
    }
  }
}

TEST(StreamingDetokenizerTest, HoldsBackOnlyWhatMayChange) {
  const auto tokenizer = WithDecoder(kLlama);
  StreamingDetokenizer stream(*tokenizer, true);
  EXPECT_EQ(stream.Push(1), "a");
  EXPECT_EQ(stream.Push(3), "");
  EXPECT_EQ(stream.Push(4), "");
  EXPECT_EQ(stream.Push(5), "");  // 中 is complete, but one more byte could spoil the run
  EXPECT_EQ(stream.Push(19), "");  // special: as if it were not there
  EXPECT_EQ(stream.Push(1), "中 a");
  EXPECT_EQ(stream.Push(3), "");
  EXPECT_EQ(stream.Push(6), "\ufffd\ufffd");  // spoilt: nothing more to wait for
  EXPECT_EQ(stream.Push(4), "\ufffd");
  EXPECT_EQ(stream.Push(2), "");  // a space that Strip would cut at the end
  EXPECT_EQ(stream.Flush(), "");
  EXPECT_EQ(stream.Push(1), "a");  // a new stream
}

TEST(StreamingDetokenizerTest, ByteLevelGivesEachCharacterWhenItIsComplete) {
  const auto tokenizer = WithDecoder(R"({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true})");
  StreamingDetokenizer stream(*tokenizer, false);
  EXPECT_EQ(stream.Push(9), " ");
  EXPECT_EQ(stream.Push(10), "");
  EXPECT_EQ(stream.Push(11), "\u00e9");
  EXPECT_EQ(stream.Push(10), "");
  EXPECT_EQ(stream.Push(9), "\ufffd ");
  EXPECT_EQ(stream.Push(10), "");
  EXPECT_EQ(stream.Flush(), "\ufffd");
}

}  // namespace
}  // namespace etd::text
