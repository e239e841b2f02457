#include "runtime/text/sampling/stop_strings.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace etd::text {
namespace {

struct Outcome {
  std::string text;
  bool stopped = false;
  bool operator==(const Outcome&) const = default;
};

Outcome Feed(const std::vector<std::string>& stops, const std::vector<std::string>& pieces) {
  StopMatcher matcher(stops);
  Outcome outcome;
  for (const std::string& piece : pieces) {
    const StopMatcher::Result result = matcher.Push(piece);
    outcome.text += result.emit;
    outcome.stopped = result.stopped;
  }
  const StopMatcher::Result rest = matcher.Flush();
  outcome.text += rest.emit;
  EXPECT_EQ(rest.stopped, outcome.stopped);
  return outcome;
}

// The definition, byte by byte.
Outcome Expected(const std::vector<std::string>& stops, const std::string& text) {
  for (size_t end = 1; end <= text.size(); ++end) {
    size_t longest = 0;
    for (const std::string& stop : stops) {
      if (stop.size() <= end && text.compare(end - stop.size(), stop.size(), stop) == 0) {
        longest = std::max(longest, stop.size());
      }
    }
    if (longest > 0) return {text.substr(0, end - longest), true};
  }
  return {text, false};
}

TEST(StopMatcherTest, HoldsBackOnlyWhatMayBeAStop) {
  StopMatcher matcher({"\n\nUser:"});
  EXPECT_EQ(matcher.Push("Hello\n").emit, "Hello");
  EXPECT_EQ(matcher.Push("there").emit, "\nthere");
  EXPECT_EQ(matcher.Push("\n\nUs").emit, "");
  const StopMatcher::Result last = matcher.Push("er: more");
  EXPECT_EQ(last.emit, "");
  EXPECT_TRUE(last.stopped);
  EXPECT_EQ(matcher.Push("even more").emit, "");
  EXPECT_EQ(matcher.Flush().emit, "");
}

TEST(StopMatcherTest, FlushGivesWhatWasHeldBack) {
  EXPECT_EQ(Feed({"END"}, {"the E", "N"}), (Outcome{"the EN", false}));
}

TEST(StopMatcherTest, WithoutStopsTextPassesThrough) {
  EXPECT_EQ(Feed({}, {"a", "b"}), (Outcome{"ab", false}));
  EXPECT_EQ(Feed({""}, {"a", "b"}), (Outcome{"ab", false}));
}

TEST(StopMatcherTest, EqualsTheDefinitionForEveryCut) {
  std::mt19937 generator(3);
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> stops(1 + generator() % 4);
    for (std::string& stop : stops) {
      stop.resize(1 + generator() % 5);
      for (char& c : stop) c = static_cast<char>('a' + generator() % 2);
    }
    std::string text(generator() % 24, ' ');
    for (char& c : text) c = static_cast<char>('a' + generator() % 3);
    std::vector<std::string> pieces;
    for (size_t i = 0; i < text.size();) {
      const size_t size = generator() % 5;
      pieces.push_back(text.substr(i, size));
      i += pieces.back().size();
    }
    EXPECT_EQ(Feed(stops, pieces), Expected(stops, text)) << text;
  }
}

TEST(StopMatcherTest, EmitsWholeCodePoints) {
  // U+00E9 is c3 a9, U+00E8 is c3 a8, U+1F600 is four bytes.
  StopMatcher matcher({"\xc3\xa9x"});
  EXPECT_EQ(matcher.Push("\xc3\xa8").emit, "\xc3\xa8");
  EXPECT_EQ(matcher.Push("a\xc3\xa9").emit, "a");
  EXPECT_EQ(matcher.Push("\xf0\x9f\x98\x80").emit, "\xc3\xa9\xf0\x9f\x98\x80");
  // A stop string that is the tail of a character never splits one.
  StopMatcher odd({"\x98\x80z"});
  EXPECT_EQ(odd.Push("a\xf0\x9f\x98\x80").emit, "a");
  EXPECT_EQ(odd.Push("y").emit, "\xf0\x9f\x98\x80y");
}

}  // namespace
}  // namespace etd::text
