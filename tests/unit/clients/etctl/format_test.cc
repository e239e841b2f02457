#include "clients/etctl/format.h"

#include <gtest/gtest.h>

#include <limits>

namespace etd::etctl {
namespace {

TEST(FormatTest, BytesHaveThreeDigits) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(1023), "1023 B");
  EXPECT_EQ(HumanBytes(1024), "1.00 KiB");
  EXPECT_EQ(HumanBytes(1536), "1.50 KiB");
  EXPECT_EQ(HumanBytes(12'900'000), "12.3 MiB");
  EXPECT_EQ(HumanBytes(1024 * 1024 - 1), "1.00 MiB");
  EXPECT_EQ(HumanBytes(uint64_t{135} << 30), "135 GiB");
  EXPECT_EQ(HumanBytes(std::numeric_limits<uint64_t>::max()), "16.0 EiB");
}

TEST(FormatTest, SecondsChooseTheirUnit) {
  EXPECT_EQ(HumanSeconds(-1), "0 s");
  EXPECT_EQ(HumanSeconds(std::numeric_limits<double>::quiet_NaN()), "0 s");
  EXPECT_EQ(HumanSeconds(0.00025), "0.25 ms");
  EXPECT_EQ(HumanSeconds(0.085), "85 ms");
  EXPECT_EQ(HumanSeconds(0.9999), "1.00 s");
  EXPECT_EQ(HumanSeconds(1.236), "1.24 s");
  EXPECT_EQ(HumanSeconds(59.99), "1 min");
  EXPECT_EQ(HumanSeconds(200), "3 min 20 s");
  EXPECT_EQ(HumanSeconds(3599.8), "1 h");
  EXPECT_EQ(HumanSeconds(2 * 3600 + 5 * 60), "2 h 5 min");
  EXPECT_EQ(HumanSeconds(3 * 86400 + 4 * 3600), "3 d 4 h");
}

TEST(FormatTest, CountsAreGrouped) {
  EXPECT_EQ(HumanCount(0), "0");
  EXPECT_EQ(HumanCount(999), "999");
  EXPECT_EQ(HumanCount(1000), "1,000");
  EXPECT_EQ(HumanCount(1'234'567), "1,234,567");
}

TEST(FormatTest, ParsesDurations) {
  EXPECT_EQ(ParseDuration("250ms")->nanos(), 250'000'000);
  EXPECT_EQ(ParseDuration("90s")->seconds(), 90);
  EXPECT_EQ(ParseDuration("5m")->seconds(), 300);
  EXPECT_EQ(ParseDuration("2h")->seconds(), 7200);
  EXPECT_EQ(ParseDuration("1d")->seconds(), 86400);
  EXPECT_EQ(ParseDuration("0")->seconds(), 0);
  for (const char* wrong : {"", "5", "m", "-5m", "5 m", "5mm", "0x", "11000d", "99999999999999999999s"}) {
    EXPECT_FALSE(ParseDuration(wrong)) << wrong;
  }
}

TEST(FormatTest, ControlCharactersCannotReachTheTerminal) {
  EXPECT_EQ(Visible("a\x1b[2Jb\r\x7f", true), "a\\x1b[2Jb\\x0d\\x7f");
  EXPECT_EQ(Visible("a\n\tb", true), "a\n\tb");
  EXPECT_EQ(Visible("a\n\tb", false), "a\\n\\tb");
  EXPECT_EQ(Visible("\xc2\x9b" "31m", true), "\\x9b31m");  // U+009B, the one-character form of ESC [
  EXPECT_EQ(Visible("Grüße 你好", true), "Grüße 你好");
}

TEST(FormatTest, TablesAreAligned) {
  Table table({{"NAME"}, {"SIZE", true}, {"STATE"}});
  EXPECT_TRUE(table.empty());
  table.Add({"tales", "9 B", "ready"});
  table.Add({"größer", "1.00 KiB", ""});
  table.Add({"x\n", "1 B"});
  EXPECT_EQ(table.Render(false),
            "NAME        SIZE  STATE\n"
            "tales        9 B  ready\n"
            "größer  1.00 KiB\n"
            "x\\n          1 B\n");
  EXPECT_EQ(table.Render(true).substr(0, 8), "\x1b[1mNAME");
}

TEST(FormatTest, TablesWithoutTitlesHaveNoTitleLine) {
  Table table({{""}, {""}});
  table.Add({"name", "tales"});
  table.Add({"state", "ready"});
  EXPECT_EQ(table.Render(true), "name   tales\nstate  ready\n");
}

}  // namespace
}  // namespace etd::etctl
