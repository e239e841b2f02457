#!/usr/bin/env python3
"""Random templates through Jinja, set up as transformers does, and through ours: texts must be equal, errors errors.

compare.py --batch build/release/bin/template_batch [--count N] [--seed S]

Exits with 77 (and says so) where jinja2 is not installed.
"""
import argparse
import datetime
import json
import random
import subprocess
import sys

try:
    import jinja2
    import jinja2.ext
    import jinja2.sandbox
except ImportError:
    print("skipped: jinja2 is not installed")
    sys.exit(77)

NOW = datetime.datetime(2026, 11, 21, 9, 30)

ARGS = {
    "messages": [
        {"role": "system", "content": "Be brief.\n"},
        {"role": "user", "content": "  Héllo <world> & 'you'  ", "n": 3},
        {"role": "assistant", "content": "", "tool_calls": [
            {"type": "function", "function": {"name": "f", "arguments": {"a": 1, "b": [1.5, None, True]}}}]},
        {"role": "tool", "content": "日本語\ttext"},
        {"role": "user", "content": [{"type": "text", "text": "part"}, {"type": "image"}]},
    ],
    "tools": None,
    "flag": True,
    "num": 7,
    "neg": -3,
    "real": 2.5,
    "text": "The quick brown fox\njumps over  the lazy dog",
    "word": "Straße",
    "empty": "",
    "numbers": [3, 1, 2, 2, -5],
    "words": ["b", "A", "c", "a"],
    "nested": {"z": {"y": [1, {"x": "deep"}]}, "a": 1, "B": 2, "items": "shadow"},
    "pairs": [["k", 1], ["l", 2]],
    "none": None,
}


def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols])

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


class Generator:
    """Draws expressions and templates; most are well typed, some are wrong on purpose."""

    def __init__(self, rng):
        self.rng = rng
        self.names = list(ARGS)

    def pick(self, *choices):
        choice = self.rng.choice(choices)
        return choice() if callable(choice) else choice

    def integer(self):
        return self.pick("0", "1", "2", "3", "-1", "10", "num", "neg", "numbers[0]", "(words | length)", "0x1F", "1_000")

    def number(self, depth=2):
        if depth == 0:
            return self.pick(self.integer, "real", "1.0", "0.1", "1e20", "-2.5", "1.5e-7")
        a, b = self.number(depth - 1), self.number(depth - 1)
        op = self.pick("+", "-", "*", "/", "//", "%")
        return self.pick(f"({a} {op} {b})", a, f"{a} | abs", f"({a}) | round({self.integer()})",
                         f"({a}) | round(1, 'ceil')", f"{a} | int", f"{a} | float", f"({self.integer()} ** 2)")

    def string(self, depth=2):
        literals = ["'abc'", '"it\'s"', "'a b  c'", "'Ünï'", "'<b>&'", "'1,2,,3'", "' pad '", "'x\\ny\\tz'", "''",
                    "'hello-world foo'", "'42'", "'3.7'", "text", "word", "empty", "messages[1].content",
                    "messages[0]['role']", "'ABC'", "'ﬁne ǆ'"]
        if depth == 0:
            return self.pick(*literals)
        s, t = self.string(depth - 1), self.string(depth - 1)
        i, j, k = self.integer(), self.integer(), self.integer()
        method = self.pick(
            "upper()", "lower()", "title()", "capitalize()", "swapcase()", "strip()", "lstrip()", "rstrip()",
            f"strip({t})", f"lstrip({t})", f"rstrip({t})", f"replace({t}, 'R')", f"replace({t}, '', {i})",
            f"center({i})", f"ljust({i}, '*')", f"rjust(9)", f"zfill({i})", f"removeprefix({t})",
            f"removesuffix({t})", "casefold()", "expandtabs(4)", f"join({self.sequence(0)})", f"join(['p', 'q'])")
        filt = self.pick(
            "upper", "lower", "title", "capitalize", "trim", f"trim({t})", f"replace({t}, 'R')", "string", "escape", "e",
            f"center({i})", f"indent({i})", "indent(2, true)", "indent('> ', true, true)", f"truncate({i})",
            "truncate(10, true)", "truncate(9, false, '', 0)", "reverse", f"default({t})", f"default({t}, true)", "safe",
            "urlencode", "striptags", "tojson", "forceescape", "wordwrap(8)", "first", "last", "pprint")
        return self.pick(
            f"{s}.{method}", f"({s} | {filt})", f"({s} ~ {t})", f"({s} + {t})", f"{s}[{i}:{j}]", f"{s}[::{k}]", f"{s}[{i}]",
            f"({s} * {i})", f"'%s|%5s|%-4d|%05.2f|%r|%%' % ({s}, {t}, {i}, {self.number(0)}, {s})",
            f"'{{}}-{{1!r}}'.format({s}, {t})", f"'{{:>8}}|{{:^7}}|{{:*<6}}'.format({s}, {t}, {s})",
            f"'{{:{self.pick('d', '5d', '05d', '+d', ',', 'x', 'b', '>6')}}}'.format({i})",
            f"'{{:{self.pick('.2f', '8.3f', 'e', 'g', '.0f', '%', '', '+.1f', '010.2f', ',.2f', '.3')}}}'.format({self.number(depth - 1)})",
            f"({s} if {self.boolean(depth - 1)} else {t})", f"({self.sequence(depth - 1)} | join({t}))", f"({self.value(0)} | string)",
            f"'%x %o %e %g' % ({i}, {i}, {self.number(0)}, {self.number(0)})", f"'%(a)s' % {{'a': {s}}}",
            f"({self.value(depth - 1)} | tojson)", f"({self.value(depth - 1)} | tojson(indent={i}))", s)

    def sequence(self, depth=2):
        if depth == 0:
            # Views of a dict only as lists: their set arithmetic (a str minus a view) is not offered.
            return self.pick("numbers", "words", "[]", "[1, 'a', none]", "(1, 2)", "range(4)", "range(5, 0, -2)", "pairs",
                             "nested", "'xyz'", "['b', 'B', 'a']", "messages", "messages[2:4]", "nested.keys() | list",
                             "nested.values() | list")
        s = self.sequence(depth - 1)
        i, j = self.integer(), self.integer()
        filt = self.pick(
            "list", "sort", "sort(reverse=true)", "sort(case_sensitive=true)", "unique | list", "reverse | list",
            f"batch({i}) | list", f"batch(2, '-') | list", "slice(2) | list", "slice(3, 'f') | list", "map('string') | list",
            "map('upper') | list", "select('number') | list", "reject('string') | list", "select | list",
            "map(attribute='role') | list", "map(attribute='n', default=9) | list", "selectattr('n') | list",
            "selectattr('role', 'equalto', 'user') | list", "rejectattr('role', 'in', ['user', 'tool']) | list",
            "groupby('role') | list", "map('length') | list", "map('first') | list", "sort(attribute='role') | list")
        return self.pick(
            f"({s} | {filt})", f"({s})[{i}:{j}]", f"({s})[::-1]", f"({s} | list + {self.sequence(0)} | list)",
            f"{self.string(depth - 1)}.split()", f"{self.string(depth - 1)}.split(',')", f"{self.string(depth - 1)}.split(' ', {i})",
            f"{self.string(depth - 1)}.rsplit(None, 1)", f"{self.string(depth - 1)}.splitlines()", f"{self.string(depth - 1)}.partition(' ')",
            f"[{self.value(depth - 1)}, {self.value(depth - 1)}]", f"({self.value(depth - 1)}, )", f"(nested | dictsort)", f"(nested | items | list)",
            f"(nested | dictsort(false, 'value'))", f"nested.items() | list", f"({s} | list) * 2", s)

    def boolean(self, depth=2):
        if depth == 0:
            return self.pick("true", "false", "flag", "none", "num", "empty", "numbers", "missing")
        a, b = self.value(depth - 1), self.value(depth - 1)
        test = self.pick(
            "defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping", "sequence",
            "iterable", "true", "false", "callable", "escaped", "upper", "lower", f"eq({b})", f"ne({b})", f"in({self.sequence(0)})",
            f"sameas({self.pick('none', 'true', 'false')})", "not none", "not string", "odd", "even", "divisibleby 3", "divisibleby(2)")
        return self.pick(
            f"({a} is {test})", f"({a} == {b})", f"({a} != {b})", f"({self.number(depth - 1)} < {self.number(depth - 1)} <= {self.number(depth - 1)})",
            f"({self.string(depth - 1)} >= {self.string(depth - 1)})", f"({a} in {self.sequence(depth - 1)})", f"({a} not in {self.sequence(0)})",
            f"({self.string(depth - 1)} in {self.string(depth - 1)})", f"not {a}", f"({a} and {b})", f"({a} or {b})",
            f"{self.string(depth - 1)}.startswith({self.string(0)})", f"{self.string(depth - 1)}.endswith({self.string(0)})",
            f"{self.string(depth - 1)}.{self.pick('isdigit', 'isalpha', 'isupper', 'islower', 'isspace', 'isalnum', 'istitle')}()",
            f"({self.number(depth - 1)} > {self.number(depth - 1)})", f"({a} < {b})")

    def value(self, depth=2):
        if depth == 0:
            return self.pick(self.integer, lambda: self.string(0), lambda: self.sequence(0), lambda: self.boolean(0), "nested.z",
                             "messages[0]", "none", "{'k': 1, 'j': [2]}", "messages[4].content", "real")
        return self.pick(
            lambda: self.number(depth), lambda: self.string(depth), lambda: self.sequence(depth), lambda: self.boolean(depth),
            lambda: f"{self.string(depth - 1)}.{self.pick('find', 'count', 'rfind', 'index')}({self.string(0)})",
            lambda: f"({self.sequence(depth - 1)} | {self.pick('length', 'first', 'last', 'min', 'max', 'sum', 'count')})",
            lambda: f"nested.{self.pick('a', 'z.y[1].x', 'missing', 'get(' + self.string(0) + ')', 'keys() | list')}",
            lambda: f"messages[{self.integer()}].{self.pick('role', 'content', 'n', 'missing', 'tool_calls', 'n.more')}",
            lambda: f"{{'a': {self.value(depth - 1)}, {self.string(0)}: {self.value(0)}}}",
            lambda: f"({self.value(depth - 1)} | {self.pick('int', 'float', 'abs', 'string', 'list', 'length', 'd(1)', 'int(5, 16)', 'wordcount', 'filesizeformat')})",
            lambda: f"{self.string(0)} {self.pick('+', '-', '*', '%')} {self.value(0)}",
            lambda: f"({self.value(depth - 1)} if {self.boolean(depth - 1)})")

    def open(self):
        return self.pick("{%", "{%-", "{%+", "{%")

    def close(self):
        return self.pick("%}", "-%}", "%}", "+%}")

    def tag(self, content):
        return f"{self.open()} {content} {self.close()}"

    def block(self, depth):
        parts = []
        for _ in range(self.rng.randint(1, 3)):
            parts.append(self.statement(depth))
        return "".join(parts)

    def statement(self, depth):
        space = self.pick("", " ", "\n", "  \n  ", "\n\n", "text", " x ")
        if depth == 0:
            return space + self.pick(lambda: "{{ " + self.value(1) + " }}", lambda: "{{- v -}}", "{{ x }}{{ ns.n }}", "{# c #}\n")
        inner = lambda: self.block(depth - 1)
        loop = self.pick("loop.index", "loop.last", "loop.first", "loop.length", "loop.revindex", "loop.nextitem", "loop.previtem",
                         "loop.cycle('a', 'b', 'c')", "loop.changed(v is string)", "loop.depth", "loop.index0 ~ loop.revindex0")
        return space + self.pick(
            lambda: "{{ " + self.value(2) + " }}",
            lambda: self.tag(f"if {self.boolean()}") + inner() + self.tag(f"elif {self.boolean()}") + inner() + self.tag("else")
            + inner() + self.tag("endif"),
            lambda: self.tag(f"for v in {self.sequence(1)}") + "{{ v }}{{ " + loop + " }}" + inner() + self.tag("else") + inner()
            + self.tag("endfor"),
            lambda: self.tag(f"for v in {self.sequence(1)} if {self.pick('v', 'v is string', 'loop', 'x != v', 'ns.n < 3')}")
            + self.tag("set ns.n = ns.n + 1") + inner() + self.tag(f"if {self.boolean(1)}")
            + self.tag(self.pick("break", "continue")) + self.tag("endif") + "{{ " + loop + " }}" + self.tag("endfor"),
            lambda: self.tag("for k, v in nested.items()") + "{{ k }}={{ v }}" + self.tag("set x = k") + self.tag("endfor") + "{{ x }}",
            lambda: self.tag(f"set {self.pick('x', 'v')} = {self.value()}"),
            lambda: self.tag("set x, v = 1, 'u'"),
            lambda: self.tag(f"set x{self.pick('', ' | upper', ' | trim | length')}") + inner() + self.tag("endset") + "{{ x }}",
            lambda: self.tag(f"set ns.n = {self.number(1)}") + "{{ ns.n }}",
            lambda: self.tag(f"macro m(a, b={self.value(0)})") + "{{ a }}{{ b }}{{ x }}" + inner() + self.tag("endmacro")
            + "{{ m(" + self.value(0) + ") }}{{ m(b=1, a=2) }}",
            lambda: self.tag("macro w()") + "<{{ caller(1) }}>" + self.tag("endmacro") + self.tag("call(q) w()") + "{{ q }}" + inner()
            + self.tag("endcall"),
            lambda: self.tag(f"with v = {self.value(1)}") + inner() + self.tag("endwith"),
            lambda: self.tag(f"filter {self.pick('upper', 'trim', 'indent(3)', 'replace(' + self.string(0) + ', 1)')}") + inner()
            + self.tag("endfilter"),
            lambda: self.tag("raw") + " {{ x }} {% y %}\n" + self.tag("endraw"))

    def template(self):
        if self.rng.random() < 0.5:
            return "{{ " + self.value(2) + " }}"
        return "{% set ns = namespace(n=0) %}" + self.block(2)


def expected(env, source):
    try:
        return {"text": env.from_string(source).render(**ARGS)}
    except (Exception, RecursionError) as error:  # whatever Jinja fails with, ours must fail too
        return {"error": f"{type(error).__name__}: {error}"}


def hopeless(result):
    """What no two runs or builds of Python print alike, or needs numbers of more than 64 bits."""
    text = result.get("text", "")
    return " at 0x" in text or "<function" in text or "Undefined" in text or "built-in method" in text or any(
        len(part) > 18 for part in "".join(c if c.isdigit() else " " for c in text).split())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", required=True)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=10, help="differences to print")
    options = parser.parse_args()
    env = environment()
    generator = Generator(random.Random(options.seed))
    sources, wanted = [], []
    while len(sources) < options.count:
        source = generator.template()
        result = expected(env, source)
        if not hopeless(result):
            sources.append(source)
            wanted.append(result)
    lines = "".join(json.dumps({"template": source, "args": ARGS}) + "\n" for source in sources)
    run = subprocess.run([options.batch], input=lines, capture_output=True, text=True, check=False)
    got = [json.loads(line) for line in run.stdout.split("\n") if line]
    if len(got) != len(sources):
        print(f"the program ended early ({run.returncode}) at: {sources[len(got)]!r}\n{run.stderr}")
        return 1
    differences = [(s, w, g) for s, w, g in zip(sources, wanted, got)
                   if w.get("text") != g.get("text") and "64 bits" not in g.get("error", "")]
    for source, want, have in differences[:options.show]:
        print(f"template: {source!r}\n   jinja: {want}\n    ours: {have}")
    good = sum("text" in w for w in wanted)
    print(f"seed {options.seed}: {len(sources)} templates, {good} of them render in Jinja, {len(differences)} differ")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
