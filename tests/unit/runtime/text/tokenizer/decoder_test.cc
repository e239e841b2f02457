#include "runtime/text/tokenizer/decoder.h"

#include <gtest/gtest.h>

namespace etd::text {
namespace {

// Decodes `tokens`, and checks that nothing changes when the text is taken out after each token.
std::string Decode(const std::string& json, const std::vector<std::string>& tokens) {
  auto document = ParseJson(json);
  EXPECT_TRUE(document.ok()) << document.status();
  auto object = JsonObject::Of(*document, "decoder");
  auto decoders = ReadDecoders(*object);
  EXPECT_TRUE(decoders.ok()) << decoders.status();
  if (!decoders.ok()) return "";
  DecodeChain whole(*decoders), parts(*decoders);
  std::string streamed;
  for (const std::string& token : tokens) {
    whole.Push(token);
    parts.Push(token);
    streamed += parts.Take();
  }
  whole.Finish();
  parts.Finish();
  const std::string text = whole.Take();
  EXPECT_EQ(streamed + parts.Take(), text);
  return text;
}

TEST(DecoderTest, ByteLevel) {
  const std::string json = R"({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true})";
  EXPECT_EQ(Decode(json, {"Ġa", "Ã", "©"}), " a\u00e9");
  EXPECT_EQ(Decode(json, {"<|\u4e2d Ġ|>", "a"}), "<|\u4e2d Ġ|>a");  // outside the alphabet: as it stands
  EXPECT_EQ(Decode(json, {"Ã", "a"}), "\ufffda");
  EXPECT_EQ(Decode(json, {"ð", "Ł", "ĺ"}), "\ufffd");  // three bytes of four
  EXPECT_EQ(Decode(json, {"©", "©"}), "\ufffd\ufffd");
  EXPECT_EQ(Decode(json, {}), "");
}

TEST(DecoderTest, ByteFallback) {
  const std::string json = R"({"type": "ByteFallback"})";
  EXPECT_EQ(Decode(json, {"a", "<0xC3>", "<0xA9>", "b"}), "a\u00e9b");
  EXPECT_EQ(Decode(json, {"<0xC3>", "b"}), "\ufffdb");
  // One wrong byte spoils the run, before and behind it.
  EXPECT_EQ(Decode(json, {"<0x61>", "<0xFF>", "<0x62>"}), "\ufffd\ufffd\ufffd");
  EXPECT_EQ(Decode(json, {"<0x61>", "<0xC3>"}), "\ufffd\ufffd");
  EXPECT_EQ(Decode(json, {"<0xZZ>", "<0x6>", "<0x+A>"}), "<0xZZ><0x6>\n");
}

TEST(DecoderTest, LlamaSequence) {
  const std::string json = R"({"type": "Sequence", "decoders": [
      {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
      {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})";
  EXPECT_EQ(Decode(json, {"▁Hey", "▁", "▁you"}), "Hey  you");
  EXPECT_EQ(Decode(json, {"<0x20>", "▁a"}), " a");
  EXPECT_EQ(Decode(json, {}), "");
}

TEST(DecoderTest, StripCutsBothEndsOfEachToken) {
  const auto json = [](const std::string& before) {
    return R"({"type": "Sequence", "decoders": [)" + before +
           R"({"type": "Strip", "content": "-", "start": 1, "stop": 2}]})";
  };
  EXPECT_EQ(Decode(json(""), {"--a---", "b-", "-", "c"}), "-a-bc");
  EXPECT_EQ(Decode(json(R"({"type": "Fuse"}, )"), {"--a", "---", "b-", "-", "-"}), "-a---b-");
  EXPECT_EQ(Decode(json(""), {""}), "");
}

TEST(DecoderTest, ReplaceInATokenThatGrows) {
  const std::string json = R"({"type": "Sequence", "decoders": [{"type": "Fuse"},
      {"type": "Replace", "pattern": {"String": "aab"}, "content": "X"}]})";
  EXPECT_EQ(Decode(json, {"a", "a", "a", "b", "aa", "c", "aab", "a"}), "aXaacXa");
  const std::string regex = R"({"type": "Replace", "pattern": {"Regex": "a+$"}, "content": "X"})";
  EXPECT_EQ(Decode(regex, {"ba", "aab", "aa"}), "bXaabX");
}

TEST(DecoderTest, Metaspace) {
  const auto json = [](const std::string& scheme) {
    return R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": ")" + scheme + R"(", "split": true})";
  };
  EXPECT_EQ(Decode(json("always"), {"▁a▁", "▁b"}), "a b");
  EXPECT_EQ(Decode(json("never"), {"▁a", "▁b"}), " a b");
}

TEST(DecoderTest, WordPieceWithCleanup) {
  const std::string json = R"({"type": "WordPiece", "prefix": "##", "cleanup": true})";
  EXPECT_EQ(Decode(json, {"##uelo", "Ara", "##új", "##o", "!", "do not"}), "##uelo Araújo! don't");
  EXPECT_EQ(Decode(R"({"type": "WordPiece", "prefix": "##", "cleanup": false})", {"a", "!"}), "a !");
}

TEST(DecoderTest, BpeSuffix) {
  const std::string json = R"({"type": "BPEDecoder", "suffix": "</w>"})";
  EXPECT_EQ(Decode(json, {"My", "na", "me</w>", "is</w>"}), "Myname is");
  EXPECT_EQ(Decode(json, {}), "");
}

TEST(DecoderTest, Ctc) {
  const std::string json = R"({"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": true})";
  EXPECT_EQ(Decode(json, {"<pad>", "h", "h", "e", "l", "<pad>", "l", "o", "|", "|", "w"}), "hello w");
}

}  // namespace
}  // namespace etd::text
