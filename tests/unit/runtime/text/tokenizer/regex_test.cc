#include "runtime/text/tokenizer/regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/text/tokenizer/regex_translator.h"

namespace etd::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> FindAll(const std::string& pattern, std::string_view text) {
  auto regex = Regex::Compile(pattern);
  EXPECT_TRUE(regex.ok()) << regex.status();
  if (!regex.ok()) return {};
  std::vector<Match> matches;
  EXPECT_TRUE(regex->FindAll(text, matches).ok());
  std::vector<std::string> found;
  for (const Match& match : matches) found.emplace_back(text.substr(match.begin, match.end - match.begin));
  return found;
}

TEST(RegexTest, EmptyMatchesStandOnceBetweenOthers) {
  EXPECT_THAT(FindAll("a*", "baac"), ElementsAre("", "aa", ""));
  EXPECT_THAT(FindAll("", "é"), ElementsAre("", ""));
}

TEST(RegexTest, ReadsOnigurumaSyntax) {
  EXPECT_THAT(FindAll(R"(\h+)", "xbe1 -F"), ElementsAre("be1", "F"));
  EXPECT_THAT(FindAll(R"(a{,2})", "aaa"), ElementsAre("aa", "a"));
  EXPECT_THAT(FindAll(R"(a{2}+b)", "aaaab"), ElementsAre("aaaab"));  // repeated, not possessive
  EXPECT_THAT(FindAll(R"((?m:.)+)", "a\nb"), ElementsAre("a\nb"));
  EXPECT_THAT(FindAll(R"(.+)", "a\nb"), ElementsAre("a", "b"));
  EXPECT_THAT(FindAll(R"(^b$)", "a\nb\nc"), ElementsAre("b"));
  EXPECT_THAT(FindAll(R"([a-z&&[^aeiou]]+)", "hello"), ElementsAre("h", "ll"));
  EXPECT_THAT(FindAll(R"([a[0-9]]+)", "a1b2"), ElementsAre("a1", "2"));
  EXPECT_THAT(FindAll(R"([^a[0-9]]+)", "xa1yz"), ElementsAre("x", "yz"));
  EXPECT_THAT(FindAll(R"((?#note)a)", "ba"), ElementsAre("a"));
}

TEST(RegexTest, KnowsUnicodeAsTheFormatDoes) {
  EXPECT_THAT(FindAll(R"(\s)", "a\u180e\u0085\u3000"), ElementsAre("\u0085", "\u3000"));
  EXPECT_THAT(FindAll(R"(\w+)", "e\u0301\u2014\u203f"), ElementsAre("e\u0301", "\u203f"));
  EXPECT_THAT(FindAll(R"(\p{L}+)", "\U00031350\U00010D4A-"), ElementsAre("\U00031350\U00010D4A"));
  EXPECT_THAT(FindAll(R"([^\p{L}]+)", "\U00031350-"), ElementsAre("-"));
  EXPECT_THAT(FindAll(R"(\p{N}+)", "\u0661\U00010D40"), ElementsAre("\u0661\U00010D40"));
  EXPECT_THAT(FindAll(R"(\p{Lu}+)", "A\U00010D50\u1c8a"), ElementsAre("A\U00010D50"));
  EXPECT_THAT(FindAll(R"(\P{Lu}+)", "a\U00010D50b"), ElementsAre("a", "b"));
  EXPECT_THAT(FindAll(R"([\p{Cn}]+)", "\u0378\U00010D50"), ElementsAre("\u0378"));
  EXPECT_THAT(FindAll(R"(\p{Han}+)", "\u4e2d\u3001a"), ElementsAre("\u4e2d"));  // the script itself, no extensions
  EXPECT_THAT(FindAll(R"(\p{Letter}\p{^Lu}\P{Lu})", "abc"), ElementsAre("abc"));
  EXPECT_THAT(FindAll(R"(\be)", "\u0301e e"), ElementsAre("e"));
  EXPECT_THAT(FindAll(R"((?i:'s))", "'S'\u017F"), ElementsAre("'S", "'\u017F"));
}

TEST(RegexTest, RefusesWhatItCannotMean) {
  for (const char* pattern : {"(", ")", "[a", "a\\", R"(\p{Klingon})", R"(\p{L)", "(?~a)", "(*FAIL)", R"(\X)", R"(\Ra)",
                              "(?R)", R"(\g<1>)", "a**{"}) {
    const auto regex = Regex::Compile(pattern);
    if (std::string_view(pattern) == "a**{") continue;  // Fine to both.
    EXPECT_FALSE(regex.ok()) << pattern;
    EXPECT_THAT(std::string(regex.status().message()), HasSubstr(pattern));
  }
  EXPECT_FALSE(Regex::Compile(std::string(100000, '(')).ok());
  EXPECT_FALSE(Regex::Compile(std::string(1000, '(') + std::string(1000, ')')).ok());
}

TEST(RegexTest, GivesUpOnCatastrophicBacktracking) {
  auto regex = Regex::Compile("(a|aa)+$");
  ASSERT_TRUE(regex.ok());
  std::vector<Match> matches;
  EXPECT_EQ(regex->FindAll(std::string(60, 'a') + "b", matches).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace etd::text
