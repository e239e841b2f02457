"""A small unification grammar: one set of rules writes texts and reads them again.

A rule set maps a symbol to its alternatives. An alternative is plain text with two kinds of holes:

    <symbol>      another symbol's alternative goes here
    {variable}    the value of a variable; {form:variable} another form of that value

A variable keeps its value for the whole text: that is what makes a story speak of one hero from its first to its last
sentence. A variable is made of letters and an optional digit; the letters name its domain, so {kind1} and {kind2} are two
values of the domain `kind`. A domain maps each value to its forms; the form of {variable} itself is the value.

Texts are kept with "a" as the only article; `surface` turns it into "an" where it must be, `canonical` back, and a text
with a wrong article has no canonical text.
"""

import re
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

Domain = Mapping[str, Mapping[str, str]]
Bindings = Dict[str, str]

_HOLE = re.compile(r"<([a-z_0-9]+)>|\{(?:([a-zA-Z]+):)?([a-z]+[0-9]?)\}")
_VOWEL_SOUND = re.compile(r"\b([Aa]) (?=[aeiou])")
_AN = re.compile(r"\b([Aa])n (?=([A-Za-z]))")
_MISSING_AN = re.compile(r"\b[Aa] (?=[aeiou])")


def surface(text: str) -> str:
    """Canonical text as a reader sees it: "a owl" becomes "an owl"."""
    return _VOWEL_SOUND.sub(r"\1n ", text)


def canonical(text: str) -> Optional[str]:
    """The inverse of `surface`; None where an article is wrong."""
    if _MISSING_AN.search(text):
        return None
    wrong = [m for m in _AN.finditer(text) if m.group(2).lower() not in "aeiou"]
    return None if wrong else _AN.sub(r"\1 ", text)


class Grammar:
    """Rules and domains. Immutable after construction."""

    def __init__(self, rules: Mapping[str, Sequence[str]], domains: Mapping[str, Domain]):
        self._domains = domains
        self._rules = {name: [self._compile(name, text) for text in texts] for name, texts in rules.items()}
        for name, alternatives in self._rules.items():
            for parts in alternatives:
                for kind, value, _ in parts:
                    if kind == "symbol" and value not in self._rules:
                        raise ValueError(f"<{name}> uses <{value}>, which has no rule")

    def _compile(self, name: str, text: str) -> List[Tuple[str, str, str]]:
        parts, end = [], 0
        for hole in _HOLE.finditer(text):
            if hole.start() > end:
                parts.append(("text", text[end:hole.start()], ""))
            symbol, form, variable = hole.groups()
            if symbol:
                parts.append(("symbol", symbol, ""))
            else:
                self._check(name, variable, form)
                parts.append(("variable", variable, form or ""))
            end = hole.end()
        if end < len(text):
            parts.append(("text", text[end:], ""))
        return parts

    def _check(self, name: str, variable: str, form: Optional[str]) -> None:
        domain = self._domains.get(variable.rstrip("0123456789"))
        if domain is None:
            raise ValueError(f"<{name}> uses {{{variable}}}, which has no domain")
        for value, forms in domain.items():
            if form and form not in forms:
                raise ValueError(f"<{name}> uses the form '{form}', which '{value}' has not")

    def _form(self, variable: str, value: str, form: str) -> str:
        return self._domains[variable.rstrip("0123456789")][value][form] if form else value

    def _values(self, variable: str, bindings: Bindings) -> List[str]:
        """The values a variable may take."""
        return [bindings[variable]] if variable in bindings else list(self._domains[variable.rstrip("0123456789")])

    def write(self, symbol: str, draw: Callable[[], float], bindings: Bindings) -> str:
        """A random text of `symbol` in canonical form. `draw` gives numbers in [0, 1); `bindings` is extended."""
        alternatives = self._rules[symbol]
        text = ""
        for kind, value, form in alternatives[int(draw() * len(alternatives))]:
            if kind == "text":
                text += value
            elif kind == "symbol":
                text += self.write(value, draw, bindings)
            else:
                if value not in bindings:
                    values = self._values(value, bindings)
                    bindings[value] = values[int(draw() * len(values))]
                text += self._form(value, bindings[value], form)
        return text

    def read(self, symbol: str, text: str, bindings: Optional[Bindings] = None) -> Optional[Bindings]:
        """The variables of canonical `text` if it is a text of `symbol` that agrees with `bindings`, else None."""
        for end, found in self._match_symbol(symbol, text, 0, dict(bindings or {})):
            if end == len(text):
                return found
        return None

    def _match_symbol(self, symbol: str, text: str, at: int, bindings: Bindings) -> Iterator[Tuple[int, Bindings]]:
        for parts in self._rules[symbol]:
            yield from self._match(parts, 0, text, at, bindings)

    def _match(self, parts, index: int, text: str, at: int, bindings: Bindings) -> Iterator[Tuple[int, Bindings]]:
        if index == len(parts):
            yield at, bindings
            return
        kind, value, form = parts[index]
        if kind == "text":
            if text.startswith(value, at):
                yield from self._match(parts, index + 1, text, at + len(value), bindings)
        elif kind == "symbol":
            for end, found in self._match_symbol(value, text, at, bindings):
                yield from self._match(parts, index + 1, text, end, found)
        else:
            for candidate in self._values(value, bindings):
                shown = self._form(value, candidate, form)
                if text.startswith(shown, at):
                    yield from self._match(parts, index + 1, text, at + len(shown), {**bindings, value: candidate})
