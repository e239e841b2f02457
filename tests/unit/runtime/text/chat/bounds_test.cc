// Templates that try to hang, crash or exhaust the process.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/unit/runtime/text/chat/rendering.h"

namespace etd::text {
namespace {

std::string Repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(BoundsTest, EndlessWorkIsStopped) {
  ErrorOf("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}");
  ErrorOf("{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}");
  ErrorOf("{% for x in [1] recursive %}{{ loop([x]) }}{% endfor %}");
}

TEST(BoundsTest, TextAndMemoryAreBounded) {
  ErrorOf("{{ range(1000000) }}");
  ErrorOf("{{ 'x' * 10000000000 }}");
  ErrorOf("{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}");
  ErrorOf("{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}");
  ErrorOf("{{ 'x' | indent(99999999999) }}");
  ErrorOf("{{ '%999999999d' % 1 }}");
  ErrorOf("{{ '{:999999999}'.format(1) }}");
  ErrorOf("{{ 'x'.ljust(99999999999) }}");
}

TEST(BoundsTest, NestingIsBounded) {
  ErrorOf("{{ " + Repeated("(", 5000) + "1" + Repeated(")", 5000) + " }}");
  ErrorOf("{{ " + Repeated("-", 5000) + "1 }}");
  ErrorOf("{{ 1" + Repeated(" + 1", 5000) + " }}");
  ErrorOf("{{ " + Repeated("not ", 5000) + "1 }}");
  ErrorOf("{{ x" + Repeated("[0]", 5000) + " }}");
  ErrorOf("{{ 1" + Repeated("|abs", 5000) + " }}");
  ErrorOf(Repeated("{% if true %}", 5000));
  ErrorOf("{% set ns = namespace(l=[]) %}{% for i in range(5000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}");
  ErrorOf("{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}");
  ErrorOf("{{ x }}", "{\"x\": " + Repeated("[", 5000) + Repeated("]", 5000) + "}");
  EXPECT_EQ(Rendered("{{ " + Repeated("(", 50) + "1" + Repeated(")", 50) + " }}"), "1");
  EXPECT_EQ(Rendered("{% macro m(n) %}{% if n > 0 %}{{ m(n - 1) }}{% else %}end{% endif %}{% endmacro %}{{ m(100) }}"), "end");
}

TEST(BoundsTest, InvalidUtf8IsRefused) {
  ErrorOf("a\xff");
  ErrorOf("{{ '\\ud800' }}");
}

TEST(BoundsTest, ManyThreadsRenderOneTemplate) {
  auto parsed = ChatTemplate::Parse("{% for m in messages %}{{ m.content | upper ~ 'x' }}{% endfor %}");
  ASSERT_TRUE(parsed.ok());
  const auto arguments = nlohmann::ordered_json::parse(R"({"messages": [{"content": "a"}, {"content": "b"}]})");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        auto text = (*parsed)->Render(arguments, TestTime());
        ASSERT_TRUE(text.ok());
        ASSERT_EQ(*text, "AxBx");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace etd::text
