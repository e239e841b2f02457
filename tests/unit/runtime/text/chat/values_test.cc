// Expressions, filters and methods. Expected texts were rendered by Jinja 3.1.
#include <gtest/gtest.h>

#include "tests/unit/runtime/text/chat/rendering.h"

namespace etd::text {
namespace {

std::string Shown(const std::string& expression, const std::string& arguments = "{}") {
  return Rendered("{{ " + expression + " }}", arguments);
}

TEST(ValuesTest, Arithmetic) {
  EXPECT_EQ(Shown("[7 // 2, -7 // 2, -7 % 3, 7 / 2, 2 ** 10, 2 ** -1, 7.5 // 2, -7.5 % 2]"),
            "[3, -4, 2, 3.5, 1024, 0.5, 3.0, 0.5]");
  EXPECT_EQ(Shown("[1 + true, 'a' * 3, [1] + [2], 'a' ~ 1 ~ none]"), "[2, 'aaa', [1, 2], 'a1None']");
  ErrorOf("{{ 9223372036854775807 + 1 }}");
  ErrorOf("{{ 1 / 0 }}");
  ErrorOf("{{ 'a' + 1 }}");
}

TEST(ValuesTest, Comparison) {
  EXPECT_EQ(Shown("[1 < 2 < 3, 1 == 1.0, 'a' < 'b', 1 in [1], 'b' in 'abc', 3 not in [1], [1, 2] < [1, 3]]"),
            "[True, True, True, True, True, True, True]");
  ErrorOf("{{ 1 < 'a' }}");
  EXPECT_EQ(Shown("1 or 2"), "1");
  EXPECT_EQ(Shown("(0 and x.y) ~ ('' or none)"), "0None");
}

TEST(ValuesTest, ReprAndFloats) {
  EXPECT_EQ(Shown("[1.0, 1e16, 1.5e-7, 0.1, true, none, 'it\\'s', \"q\\\"\", '\\n\\x7f\xc3\xa9']"),
            "[1.0, 1e+16, 1.5e-07, 0.1, True, None, \"it's\", 'q\"', '\\n\\x7f\xc3\xa9']");
  EXPECT_EQ(Shown("{'a': (1,), 'b': {}}"), "{'a': (1,), 'b': {}}");
}

TEST(ValuesTest, Slices) {
  EXPECT_EQ(Shown("['abcdef'[1:4], 'abcdef'[::-1], 'abcdef'[-3::2], [1, 2, 3][:-1], 'a\xc3\xa9z'[1], 'a\xc3\xa9z'[::-1]]"),
            "['bcd', 'fedcba', 'df', [1, 2], '\xc3\xa9', 'z\xc3\xa9" "a']");
  EXPECT_EQ(Shown("'abc'[9]"), "");
}

TEST(ValuesTest, TextMethods) {
  EXPECT_EQ(Shown("['a,b,c'.split(',', 1), ' a b '.split(), 'x'.join(['1', '2']), 'abc'.find('c'), ' a '.strip()]"),
            "[['a', 'b,c'], ['a', 'b'], '1x2', 2, 'a']");
  EXPECT_EQ(Shown("['aXb'.partition('X'), 'stra\xc3\x9f" "e'.upper(), 'hello world'.title(), 'a'.center(4) ~ '|']"),
            "[('a', 'X', 'b'), 'STRASSE', 'Hello World', ' a  |']");
  EXPECT_EQ(Shown("['{} {b!r:>4}'.format(1, b='x'), '%05.1f|%-3s|%x' % (3.14159, 'a', 255), '{:,}'.format(1234567)]"),
            "[\"1  'x'\", '003.1|a  |ff', '1,234,567']");
  EXPECT_EQ(Shown("['abc'.startswith(('x', 'a')), 'abc'.endswith('bc'), 'a.b'.rsplit('.', 1), 'aa'.replace('a', 'b', 1)]"),
            "[True, True, ['a', 'b'], 'ba']");
}

TEST(ValuesTest, Filters) {
  EXPECT_EQ(Shown("[[3, 1, 2] | sort, ['b', 'A'] | sort, [1, 2] | sum, [1, 1, 2] | unique | list, 'abc' | length]"),
            "[[1, 2, 3], ['A', 'b'], 3, [1, 2], 3]");
  EXPECT_EQ(Shown("[{'b': 1, 'A': 2} | dictsort, 42.55 | round(1), 2.5 | round | int, '42' | int, 'x' | int(7)]"),
            "[[('A', 2), ('b', 1)], 42.5, 2, 42, 7]");
  EXPECT_EQ(Shown("m | selectattr('r', 'equalto', 'u') | map(attribute='c') | join(',')",
                  R"({"m": [{"r": "u", "c": "1"}, {"r": "a", "c": "2"}, {"r": "u", "c": "3"}]})"),
            "1,3");
  EXPECT_EQ(Shown("'a\\nb\\n\\nc' | indent(2)"), "a\n  b\n\n  c");
  EXPECT_EQ(Shown("[1, 2, 3, 4] | batch(3, 0) | list"), "[[1, 2, 3], [4, 0, 0]]");
  EXPECT_EQ(Shown("('<a>' | safe) + '<b>'"), "<a>&lt;b&gt;");
  EXPECT_EQ(Rendered("{% if [] | selectattr('x') %}generators are true{% endif %}"), "generators are true");
}

TEST(ValuesTest, Json) {
  const std::string arguments = R"({"v": {"b": [1, 2.0, true, null], "a": "<\u00e9\n\u0001>", "e": [], "f": {}}})";
  EXPECT_EQ(Shown("v | tojson", arguments), "{\"b\": [1, 2.0, true, null], \"a\": \"<\xc3\xa9\\n\\u0001>\", \"e\": [], \"f\": {}}");
  EXPECT_EQ(Shown("v.b | tojson(indent=2)", arguments), "[\n  1,\n  2.0,\n  true,\n  null\n]");
  EXPECT_EQ(Shown("v | tojson(ensure_ascii=true, separators=(',', ':'), sort_keys=true)", arguments),
            "{\"a\":\"<\\u00e9\\n\\u0001>\",\"b\":[1,2.0,true,null],\"e\":[],\"f\":{}}");
  ErrorOf("{{ x | tojson }}");
}

TEST(ValuesTest, Tests) {
  EXPECT_EQ(Shown("[1 is odd, 4 is divisibleby 2, 'a' is string, {} is mapping, [] is sequence, 1 is number, none is none,"
                  " 'a' is in 'abc', 1.0 is float, true is boolean, true is integer, 1 is eq 1, x is not defined]"),
            "[True, True, True, True, True, True, True, True, True, True, False, True, True]");
}

TEST(ValuesTest, KeysOfArgumentsKeepTheirOrder) {
  EXPECT_EQ(Shown("v | list", R"({"v": {"z": 1, "a": 2, "m": 3}})"), "['z', 'a', 'm']");
  EXPECT_EQ(Shown("v.items", R"({"v": {"items": 1}})").substr(0, 9), "<function");
  EXPECT_EQ(Shown("v['items']", R"({"v": {"items": 1}})"), "1");
}

}  // namespace
}  // namespace etd::text
