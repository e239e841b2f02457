// Statements, scopes and white space. Expected texts were rendered by Jinja 3.1.
#include <gtest/gtest.h>

#include "tests/unit/runtime/text/chat/rendering.h"

namespace etd::text {
namespace {

TEST(LanguageTest, WhiteSpaceControl) {
  EXPECT_EQ(Rendered("a\n  {% if true %}\n  b\n  {% endif %}\nc\n"), "a\n  b\nc");
  EXPECT_EQ(Rendered("a \n {%- if true -%} \n b {%- endif +%}\nc"), "ab\nc");
  EXPECT_EQ(Rendered("  {%+ if true %}x{% endif %}"), "  x");
  EXPECT_EQ(Rendered("  {{ 1 }}\n  {{- 2 -}}  \n3"), "  123");
  EXPECT_EQ(Rendered("a {# b #}\nc {#- d -#} e"), "a ce");
  EXPECT_EQ(Rendered("{% raw %}\n {{ a }} {% b %}{% endraw %}\nx"), "\n {{ a }} {% b %}x");
  EXPECT_EQ(Rendered("a\r\nb\rc"), "a\nb\nc");
}

TEST(LanguageTest, LoopsAndTheirVariable) {
  EXPECT_EQ(Rendered("{% for x in [1, 2, 3] %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ loop.revindex0 }}"
                     "{{ loop.previtem }}{{ loop.nextitem }},{% endfor %}"),
            "1TrueFalse22,2FalseFalse113,3FalseTrue02,");
  EXPECT_EQ(Rendered("{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% else %}none{% endfor %}"), "a=1;b=2;");
  EXPECT_EQ(Rendered("{% for x in [] %}x{% else %}none{% endfor %}"), "none");
  EXPECT_EQ(Rendered("{% for x in range(9) if x % 2 %}{{ x }}{% if x == 5 %}{% break %}{% endif %}{% endfor %}"), "135");
  EXPECT_EQ(Rendered("{% for x in [1, 2] recursive %}{{ x }}{% if x == 2 %}{{ loop([7]) }}{% endif %}{% endfor %}"), "127");
  EXPECT_EQ(Rendered("{% for x in 'ab' %}{{ loop.cycle('o', 'e') }}{{ loop.changed(1) }}{% endfor %}"), "oTrueeFalse");
}

TEST(LanguageTest, TheTestOfALoopSeesWhatItsBodyChanged) {
  EXPECT_EQ(Rendered("{% set ns = namespace(go=true) %}{% for x in range(5) if ns.go %}{{ x }}"
                     "{% if x == 2 %}{% set ns.go = false %}{% endif %}{% endfor %}"),
            "012");
}

TEST(LanguageTest, Scopes) {
  EXPECT_EQ(Rendered("{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{{ x }}{% endfor %}{{ x }}"), "21");
  EXPECT_EQ(Rendered("{% if true %}{% set x = 1 %}{% endif %}{{ x }}"), "1");
  EXPECT_EQ(Rendered("{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}"), "3");
  EXPECT_EQ(Rendered("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }}"), "3");
  EXPECT_EQ(Rendered("{% set a, b = 1, 2 %}{{ b }}{{ a }}"), "21");
  EXPECT_EQ(Rendered("{% set x | upper %}a{{ 1 }}{% endset %}{{ x }}"), "A1");
  EXPECT_EQ(Rendered("{% filter upper %}a{{ 'b' }}{% endfilter %}"), "AB");
  EXPECT_EQ(Rendered("{% generation %}a{% endgeneration %}"), "a");
}

TEST(LanguageTest, NamesTheTemplateAssignsHideArgumentsFromTheStart) {
  EXPECT_EQ(Rendered("{% macro m() %}[{{ t }}]{% endmacro %}{{ m() }}{% set t = 1 %}{{ m() }}", R"({"t": 9})"), "[][1]");
  EXPECT_EQ(Rendered("{% set t %}[{{ t }}]{% endset %}{{ t }}", R"({"t": 9})"), "[]");
  EXPECT_EQ(Rendered("{% if false %}{% set t = 1 %}{% endif %}{{ t }}", R"({"t": 9})"), "9");
  EXPECT_EQ(Rendered("{% set t = t + 1 %}{{ t }}", R"({"t": 9})"), "10");
}

TEST(LanguageTest, Macros) {
  EXPECT_EQ(Rendered("{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, b=3) }}{{ m() }}"), "12132");
  EXPECT_EQ(Rendered("{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, x=2) }}"), "(1,){'x': 2}");
  EXPECT_EQ(Rendered("{% macro m() %}<{{ caller(3) }}>{% endmacro %}{% call(n) m() %}{{ n }}{% endcall %}"), "<3>");
  EXPECT_EQ(Rendered("{% macro m() %}{{ x }}{% endmacro %}{% set x = 4 %}{{ m() }}"), "4");
  ErrorOf("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}");
  ErrorOf("{% macro m(a) %}{% endmacro %}{{ m(b=2) }}");
}

TEST(LanguageTest, UndefinedPrintsNothingButCannotBeUsed) {
  EXPECT_EQ(Rendered("{{ x }}{{ x is defined }}{{ x | default('d') }}{% for i in x %}{% endfor %}"), "Falsed");
  EXPECT_NE(ErrorOf("{{ x.y }}").find("'x' is undefined"), std::string::npos);
  ErrorOf("{{ x + 1 }}");
  ErrorOf("{{ x() }}");
  EXPECT_EQ(Rendered("{{ d.missing }}{{ d['missing'] }}", R"({"d": {}})"), "");
  ErrorOf("{{ d.missing.more }}", R"({"d": {}})");
}

TEST(LanguageTest, TheSandboxForbidsChanges) {
  ErrorOf("{% set l = [] %}{{ l.append(1) }}");
  ErrorOf("{{ d.pop('a') }}", R"({"d": {"a": 1}})");
  EXPECT_EQ(Rendered("{{ ''.__class__ }}"), "");
  ErrorOf("{{ ''.__class__.__mro__ }}");
}

TEST(LanguageTest, SyntaxErrorsNameTheLine) {
  for (const char* source : {"a\n{% if %}", "a\n{{ 1 + }}", "a\n{% for x in y %}", "a\n{{ 'x }}", "a\n{% endif %}",
                             "a\n{{ x | nosuch }}", "a\n{{ x is nosuch }}", "a\n{% nosuch %}", "a\n{{ (1 }}",
                             "a\n{% break %}", "a\n{% set 1 = 2 %}", "a\n{# b"}) {
    EXPECT_NE(ErrorOf(source).find("line 2"), std::string::npos) << source << ": " << ErrorOf(source);
  }
}

TEST(LanguageTest, NothingIsLoaded) {
  ErrorOf("{% include 'x' %}");
  ErrorOf("{% import 'x' as y %}");
  EXPECT_EQ(Rendered("{% if false %}{% include 'x' %}{% endif %}"), "");
}

TEST(LanguageTest, UnknownFiltersInBranchesFailOnlyWhenReached) {
  EXPECT_EQ(Rendered("{% if false %}{{ 1 | nosuch }}{% endif %}"), "");
  ErrorOf("{% if true %}{{ 1 | nosuch }}{% endif %}");
  EXPECT_EQ(Rendered("{{ 'upper' is filter }}{{ 'nosuch' is filter }}"), "TrueFalse");
}

TEST(LanguageTest, TimeIsInjectedAndUtc) {
  EXPECT_EQ(Rendered("{{ strftime_now('%d %b %Y %H:%M:%S %A') }}"), "21 Nov 2026 09:30:00 Saturday");
}

TEST(LanguageTest, RaisedMessagesArriveInTheError) {
  EXPECT_NE(ErrorOf("{{ raise_exception('roles must alternate') }}").find("roles must alternate"), std::string::npos);
}

}  // namespace
}  // namespace etd::text
