#!/usr/bin/env python3
"""Writes runtime/text/tokenizer/char_tables.cc from what the `tokenizers` library does with every code point.

    tests/differential/tokenizer/make_char_tables.py > runtime/text/tokenizer/char_tables.cc

Asking the library itself is the point: its parts follow different Unicode versions, none of them the system libraries'.
Needs the library, libutf8proc and libpcre2-8 (those the project is built with).
"""

import ctypes
import unicodedata

from tokenizers import Regex, normalizers, pre_tokenizers

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
EVERYTHING = "".join(map(chr, CODE_POINTS))
CATEGORIES = ("Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp").split()
# utf8proc's STABLE with COMPOSE, DECOMPOSE and COMPAT.
FORMS = {"NFC": 2 | 8, "NFD": 2 | 16, "NFKC": 2 | 8 | 4, "NFKD": 2 | 16 | 4}


def runs(code_points):
    result = []
    for c in sorted(code_points):
        if result and result[-1][1] == c - 1:
            result[-1][1] = c
        else:
            result.append([c, c])
    return result


def left_by(pre_tokenizer, text=EVERYTHING):
    return {ord(c) for piece, _ in pre_tokenizer.pre_tokenize_str(text) for c in piece}


def matching(regex):
    return left_by(pre_tokenizers.Split(Regex(regex), "removed", invert=True))


def dropped_by(normalizer):
    return {c for c in CODE_POINTS if normalizer.normalize_str("a" + chr(c) + "a") == "aa"}


def numeric():
    text = "".join("x" + c for c in EVERYTHING)
    pieces = pre_tokenizers.Digits(True).pre_tokenize_str(text)
    return {ord(piece) for piece, _ in pieces if len(piece) == 1 and piece != "x"}


def word():
    whitespace = pre_tokenizers.Whitespace()
    return {c for c in CODE_POINTS if [len(piece) for piece, _ in whitespace.pre_tokenize_str("a" + chr(c))] == [2]}


def inert():
    """What utf8proc normalises and the library does not."""
    utf8proc = ctypes.CDLL("libutf8proc.so.2")
    libc = ctypes.CDLL(None)
    libc.free.argtypes = [ctypes.c_void_p]

    def map_text(text, options):
        out = ctypes.c_void_p()
        data = text.encode()
        size = utf8proc.utf8proc_map(data, ctypes.c_ssize_t(len(data)), ctypes.byref(out), options)
        result = ctypes.string_at(out, size).decode()
        libc.free(out)
        return result

    found = set()
    for name, options in FORMS.items():
        library = getattr(normalizers, name)()
        for c in CODE_POINTS:
            # The second text shows the combining class: by it, the two marks change places.
            texts = (chr(c), "a\u0345" + chr(c)) if name == "NFD" else (chr(c),)
            if any(library.normalize_str(text) != map_text(text, options) for text in texts):
                found.add(c)
    return found


def nfc_unsafe(inert_points):
    seconds = set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    for c in EVERYTHING:
        parts = unicodedata.decomposition(c).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            seconds.add(int(parts[1], 16))
    return {c for c in CODE_POINTS if c in seconds or unicodedata.combining(chr(c))
            or unicodedata.normalize("NFC", chr(c)) != chr(c)} | inert_points


def young():
    """Runs of code points that PCRE2 takes for unassigned, with the library's category."""
    pcre2 = ctypes.CDLL("libpcre2-8.so.0")
    for function in ("pcre2_compile_8", "pcre2_match_data_create_from_pattern_8"):
        getattr(pcre2, function).restype = ctypes.c_void_p
    error, offset = ctypes.c_int(), ctypes.c_size_t()
    utf_and_anchored = 0x00080000 | 0x80000000
    code = ctypes.c_void_p(pcre2.pcre2_compile_8(rb"\p{Cn}", ctypes.c_size_t(6), ctypes.c_uint32(utf_and_anchored),
                                                 ctypes.byref(error), ctypes.byref(offset), None))
    data = ctypes.c_void_p(pcre2.pcre2_match_data_create_from_pattern_8(code, None))
    unassigned = set()
    for c in CODE_POINTS:
        text = chr(c).encode()
        if pcre2.pcre2_match_8(code, text, ctypes.c_size_t(len(text)), ctypes.c_size_t(0), 0, data, None) > 0:
            unassigned.add(c)
    found = [(first, last, name) for name in CATEGORIES + ["Cf"] for first, last in runs(matching(r"\p{%s}" % name) & unassigned)]
    return sorted(found)


def array(declaration, items):
    print(f"\nconst {declaration}[] = {{")
    line = "   "
    for item in items:
        if len(line) + len(item) + 2 > 120:
            print(line)
            line = "   "
        line += f" {item},"
    print(f"{line}\n}};")


def main():
    inert_points = inert()
    bert = normalizers.BertNormalizer
    everything = set(CODE_POINTS)
    # In the order of CharFlag's bits.
    flags = [matching(r"\p{L}"), matching(r"\p{N}"), everything - left_by(pre_tokenizers.WhitespaceSplit()), matching(r"\w"), word(),
             numeric(), everything - left_by(pre_tokenizers.Punctuation("removed")),
             dropped_by(bert(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)),
             dropped_by(normalizers.StripAccents()),
             dropped_by(bert(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)),
             nfc_unsafe(inert_points)]
    bits = [0] * 0x110000
    for i, members in enumerate(flags):
        for c in members:
            bits[c] |= 1 << i
    packed = []
    for c in CODE_POINTS:
        if not packed or packed[-1] & 0x7FF != bits[c]:
            packed.append(c << 11 | bits[c])
    print("// Generated by tests/differential/tokenizer/make_char_tables.py; do not edit.")
    print('#include "runtime/text/tokenizer/char_tables.h"\n\nnamespace etd::text {')
    array("uint32_t kCharRuns", (f"0x{value:x}" for value in packed))
    print("const size_t kCharRunCount = sizeof(kCharRuns) / sizeof(kCharRuns[0]);")
    array("CharRange kNormalizationInert", (f"{{0x{a:x}, 0x{b:x}}}" for a, b in runs(inert_points)))
    print("const size_t kNormalizationInertCount = sizeof(kNormalizationInert) / sizeof(kNormalizationInert[0]);")
    array("YoungRange kYoungRanges", (f'{{0x{a:x}, 0x{b:x}, "{name}"}}' for a, b, name in young()))
    print("const size_t kYoungRangeCount = sizeof(kYoungRanges) / sizeof(kYoungRanges[0]);")
    print("\n}  // namespace etd::text")


if __name__ == "__main__":
    main()
