#include "runtime/text/tokenizer/normalizer.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "runtime/text/tokenizer/charsmap.h"

namespace etd::text {
namespace {

NormalizedText Apply(const std::string& json, const std::string& text, size_t start_bytes = 1) {
  auto document = ParseJson(json);
  EXPECT_TRUE(document.ok()) << document.status();
  auto object = JsonObject::Of(*document, "normalizer");
  auto normalizer = ReadNormalizer(*object);
  EXPECT_TRUE(normalizer.ok()) << normalizer.status();
  NormalizedText result{text, start_bytes};
  if (!normalizer.ok()) return result;
  EXPECT_TRUE((*normalizer)->Apply(result).ok());
  if ((*normalizer)->KeepsText(text)) {
    EXPECT_EQ(result.text, text);
  }
  return result;
}

std::string Normalize(const std::string& json, const std::string& text) { return Apply(json, text).text; }

TEST(NormalizerTest, UnicodeForms) {
  EXPECT_EQ(Normalize(R"({"type": "NFC"})", "e\u0301\u1100\u1161 x"), "\u00e9\uac00 x");
  EXPECT_EQ(Normalize(R"({"type": "NFC"})", "a\u0323\u0307\u0301"), "\u1ea1\u0307\u0301");
  EXPECT_EQ(Normalize(R"({"type": "NFD"})", "\u00e9\uac00"), "e\u0301\u1100\u1161");
  EXPECT_EQ(Normalize(R"({"type": "NFKC"})", "\ufb01\u00b2"), "fi2");
  EXPECT_EQ(Normalize(R"({"type": "NFKD"})", "\ufb01\u00e9"), "fie\u0301");
  // Younger than the format's tables: stays, and lets nothing across.
  EXPECT_EQ(Normalize(R"({"type": "NFKC"})", "\u32ff"), "\u32ff");
  EXPECT_EQ(Normalize(R"({"type": "NFC"})", "a\u0898\u0301"), "a\u0898\u0301");
}

TEST(NormalizerTest, CaseAndAccents) {
  EXPECT_EQ(Normalize(R"({"type": "Lowercase"})", "\u0130\u03a3A\u1c89"), "i\u0307\u03c3a\u1c8a");
  EXPECT_EQ(Normalize(R"({"type": "StripAccents"})", "e\u0301\u0903"), "e");
}

TEST(NormalizerTest, StripsSpaces) {
  EXPECT_EQ(Normalize(R"({"type": "Strip", "strip_left": true, "strip_right": true})", " \u3000a b\t"), "a b");
  EXPECT_EQ(Normalize(R"({"type": "Strip", "strip_left": false, "strip_right": true})", " a "), " a");
  EXPECT_EQ(Normalize(R"({"type": "Strip", "strip_left": true, "strip_right": true})", "  "), "");
}

TEST(NormalizerTest, ReplacesAndPrepends) {
  EXPECT_EQ(Normalize(R"({"type": "Replace", "pattern": {"String": " "}, "content": "▁"})", "a b"), "a▁b");
  EXPECT_EQ(Normalize(R"({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "})", "a    b c"), "a b c");
  EXPECT_EQ(Normalize(R"({"type": "Replace", "pattern": {"String": ""}, "content": "-"})", "ab"), "-a-b-");
  EXPECT_EQ(Normalize(R"({"type": "Prepend", "prepend": "▁"})", "a"), "▁a");
  EXPECT_EQ(Normalize(R"({"type": "Prepend", "prepend": "▁"})", ""), "");
}

TEST(NormalizerTest, SequenceRunsInOrder) {
  EXPECT_EQ(Normalize(R"({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": " "},
                       {"type": "Replace", "pattern": {"String": " "}, "content": "_"}, {"type": "Lowercase"}]})",
                      "A B"),
            "_a_b");
}

TEST(NormalizerTest, Bert) {
  const auto json = [](const std::string& accents) {
    return R"({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": )" +
           accents + R"(, "lowercase": true})";
  };
  EXPECT_EQ(Normalize(json("null"), std::string("\xC3\x89\tA\0\xEF\xBF\xBD\u4e2dB", 12)), "e a \u4e2d b");
  EXPECT_EQ(Normalize(json("false"), "\u00c9"), "\u00e9");
}

TEST(NormalizerTest, NmtAndByteLevel) {
  EXPECT_EQ(Normalize(R"({"type": "Nmt"})", "a\x01\tb\u200bc\u2581"), "a b c ");
  EXPECT_EQ(Normalize(R"({"type": "ByteLevel"})", " \u00e9"), "Ġ\u00c3\u00a9");
}

TEST(NormalizerTest, KeepsCountOfWhatComesFromTheStart) {
  const std::string replace = R"({"type": "Replace", "pattern": {"String": " "}, "content": "▁"})";
  EXPECT_EQ(Apply(replace, " a").start_bytes, 3u);
  EXPECT_EQ(Apply(replace, "a b").start_bytes, 1u);
  EXPECT_EQ(Apply(R"({"type": "Replace", "pattern": {"String": "ab"}, "content": "x"})", "abc").start_bytes, 0u);
  EXPECT_EQ(Apply(R"({"type": "Prepend", "prepend": "▁"})", "a").start_bytes, 4u);
  EXPECT_EQ(Apply(R"({"type": "Strip", "strip_left": true, "strip_right": false})", " a").start_bytes, 0u);
  EXPECT_EQ(Apply(R"({"type": "NFD"})", "\u00e9", 2).start_bytes, 1u);
}

TEST(NormalizerTest, RefusesDamagedCharacterMaps) {
  for (const std::string& blob : {std::string(), std::string("abc"), std::string("\xff\xff\xff\x7f", 4),
                                 std::string("\0\0\0\0", 4), std::string("\4\0\0\0\0\0\0\0\xff", 9)}) {
    std::string base64;
    absl::Base64Escape(absl::string_view(blob.data(), blob.size()), &base64);
    EXPECT_FALSE(Charsmap::FromBase64(base64).ok());
  }
  EXPECT_FALSE(Charsmap::FromBase64("*").ok());
}

TEST(NormalizerTest, WildTriesOfCharacterMapsAreHarmless) {
  // One node whose offset leads far outside.
  std::string blob("\4\0\0\0\xff\xff\xff\x7f", 8), base64;
  absl::Base64Escape(absl::string_view(blob.data(), blob.size()), &base64);
  auto map = Charsmap::FromBase64(base64);
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->Apply("abc\u00e9"), "abc\u00e9");
}

}  // namespace
}  // namespace etd::text
