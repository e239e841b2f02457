#!/usr/bin/env python3
"""Compares `etrun tokenize` with the `tokenizers` library on random texts.

    tests/differential/tokenizer/tokenizer_differential.py [--etrun build/release/bin/etrun] [--texts N] [--seed N] [TOKENIZER.json …]

Without files it takes those of ../shared/tokenizers, and variants of them with every other normalizer, pre-tokenizer and
decoder and with added tokens of each kind. Prints "skipped" and ends well where the library is not installed.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

WORDS = ("the", "The", "don't", "DON'T", "it's", "we'll", "I'M", "hello", "world", "über", "naïve", "Straße", "İstanbul", "ǅ",
         "привет", "你好", "こんにちは", "カタカナ", "한국어", "مرحبا", "हिन्दी", "ไทย", "ﬁne", "①②", "½", "x²", "0xFF", "3.14", "1234567",
         "foo_bar", "a-b", "e.g.", "(a)", "…", "—", "https://x.y/z?q=1", "👩‍👩‍👧", "🇩🇪", "👍🏽", "<s>", "</s>", "<|endoftext|>", "[IMG]",
         "[MASK]", "<unk>", "<tool_call>", "<0x41>", "▁", "Ġ", "##a", "\u0301", "e\u0301", "\u1e9b\u0323", "\ufb03", "\u00ad",
         "'ſ", "\ufffd", "ab", "AB")
SPACES = (" ", " ", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u3000", "\u200b", "\u2028", "\u0085", "\u180e", "\x0b", "")


def random_character(rng):
    while True:
        code = rng.choice((rng.randrange(0x80), rng.randrange(0x80), rng.randrange(0x800), rng.randrange(0x3000),
                           rng.randrange(0x10000), rng.randrange(0x10000, 0x20000), rng.randrange(0x110000)))
        if not 0xD800 <= code < 0xE000:
            return chr(code)


def random_text(rng):
    kind = rng.random()
    if kind < 0.25:
        return "".join(random_character(rng) for _ in range(rng.randrange(12)))
    if kind < 0.35:
        return "".join(rng.choice(SPACES + ("'", "s", "A", "1", ".")) for _ in range(rng.randrange(12)))
    return "".join(rng.choice(WORDS if rng.random() < 0.85 else (random_character(rng),)) + rng.choice(SPACES)
                   for _ in range(rng.randrange(1, 14)))


NORMALIZERS = [
    {"type": "NFC"}, {"type": "NFD"}, {"type": "NFKC"}, {"type": "NFKD"}, {"type": "Lowercase"}, {"type": "StripAccents"},
    {"type": "Nmt"}, {"type": "Strip", "strip_left": True, "strip_right": True},
    {"type": "Strip", "strip_left": True, "strip_right": False}, {"type": "Prepend", "prepend": "▁"}, {"type": "ByteLevel"},
    {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
    {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": ""},
    {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": True, "lowercase": False},
    {"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": True, "strip_accents": False, "lowercase": True},
    {"type": "Sequence", "normalizers": [{"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}]},
]

REGEXES = (r"\p{N}{1,3}", r"\w+", r"[^\s\p{L}]+", r"\bthe\b", r"\s+$", r"(?i:s|t)", r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
           r"\p{Han}+", r"[a-z&&[^aeiou]]+", r"[一-龥぀-ゟ゠-ヿ]+", r"\S+", r"[\p{P}\p{S}]", r"\p{L}{2}+", r"^\S", r"\h+", r"[^\S\n]+", r"\p{M}", "")
BEHAVIORS = ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")

PRE_TOKENIZERS = [
    {"type": "Digits", "individual_digits": False}, {"type": "Digits", "individual_digits": True}, {"type": "Whitespace"},
    {"type": "WhitespaceSplit"}, {"type": "BertPreTokenizer"}, {"type": "CharDelimiterSplit", "delimiter": "e"},
    {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": False},
] + [{"type": "Punctuation", "behavior": b} for b in BEHAVIORS] + [
    {"type": "Metaspace", "replacement": "▁", "prepend_scheme": p, "split": s} for p in ("always", "first", "never") for s in (True, False)
] + [{"type": "Split", "pattern": {"Regex": r}, "behavior": BEHAVIORS[i % 5], "invert": i % 3 == 0} for i, r in enumerate(REGEXES)] + [
    {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"},
                                           {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}]}]

DECODERS = [
    None, {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}, {"type": "ByteFallback"},
    {"type": "Fuse"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
    {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": True},
    {"type": "WordPiece", "prefix": "##", "cleanup": True}, {"type": "WordPiece", "prefix": "##", "cleanup": False},
    {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": True},
    {"type": "Replace", "pattern": {"Regex": "[aeiou]"}, "content": "_"},
    {"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "Replace", "pattern": {"String": "▁t"}, "content": "-"}]},
    {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": "▁", "start": 2, "stop": 0}]},
]

FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


def added_tokens(rng, file):
    tokens = list(file["added_tokens"])
    for content in rng.sample(["ab", "The", " the", "é", "▁", "12", "你", "<new>", "'s", "hello"], 5):
        tokens.append({"id": 100000 + len(tokens), "content": content, **{flag: rng.random() < 0.4 for flag in FLAGS}})
    return tokens


def variants(rng, file):
    """Files with one part replaced, each as (name, file)."""
    for part, choices in (("normalizer", NORMALIZERS), ("pre_tokenizer", PRE_TOKENIZERS), ("decoder", DECODERS)):
        for i, choice in enumerate(choices):
            yield f"{part} {i} {json.dumps(choice)[:60]}", {**file, part: choice}
    for i in range(6):
        yield f"added tokens {i}", {**file, "added_tokens": added_tokens(rng, file), "normalizer": rng.choice(NORMALIZERS + [None])}


def ask(command, path, no_special, texts):
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    arguments = [*command, str(path)] + (["--no-special"] if no_special else [])
    done = subprocess.run(arguments, input=lines.encode(), capture_output=True)
    if done.returncode != 0:
        return done.stderr.decode().strip() or f"exit {done.returncode}"
    return [json.loads(line) for line in done.stdout.decode().split("\n") if line]


def compare(library, command, name, path, texts):
    """The number of differences; the first few are printed."""
    try:
        theirs = library.from_file(str(path))
    except Exception as error:  # The library says what it minds by all kinds of exceptions.
        print(f"  {name}: the library refuses the file: {error}")
        return 0
    expected = []
    for text in texts:
        try:
            expected.append((text, theirs.encode(text, add_special_tokens=False).ids, theirs.encode(text).ids))
        except BaseException as error:  # A panic of the library is no Exception.
            if isinstance(error, KeyboardInterrupt):
                raise
    texts = [text for text, _, _ in expected]
    faults = 0
    for no_special in (False, True):
        ours = ask(command, path, no_special, texts)
        if isinstance(ours, str):
            print(f"  {name}: {ours}")
            return faults + 1
        for (text, plain, special), answer in zip(expected, ours):
            ids = plain if no_special else special
            wanted = {"ids": ids, "decoded": theirs.decode(ids, skip_special_tokens=not no_special)}
            if answer != wanted:
                faults += 1
                if faults <= 3:
                    print(f"  {name}: {ascii(text)}\n    library {ascii(wanted)}\n    ours    {ascii(answer)}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--etrun", default=str(ROOT / "build/release/bin/etrun"))
    parser.add_argument("--command", nargs="+", help="another program that speaks the protocol of `etrun tokenize`")
    parser.add_argument("--texts", type=int, default=1000, help="for each file; variants get a tenth")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args()
    try:
        from tokenizers import Tokenizer
    except ImportError:
        print("skipped: the tokenizers library is not installed")
        return 0
    files = options.files or sorted((ROOT.parent / "shared/tokenizers").glob("*/tokenizer.json"))
    if not files:
        print("skipped: no tokenizer files (give some, or have ../shared)")
        return 0
    command = options.command or [options.etrun, "tokenize"]
    print(f"seed {options.seed}")
    rng = random.Random(options.seed)
    faults = cases = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            texts = [random_text(rng) for _ in range(options.texts)]
            found = compare(Tokenizer, command, path.parent.name, path, texts)
            cases += len(texts)
            if not options.files:
                for name, variant in variants(rng, json.loads(path.read_text())):
                    changed = Path(folder) / "tokenizer.json"
                    changed.write_text(json.dumps(variant))
                    texts = [random_text(rng) for _ in range(max(1, options.texts // 10))]
                    found += compare(Tokenizer, command, f"{path.parent.name}, {name}", changed, texts)
                    cases += len(texts)
            print(f"{path.parent.name}: {found} differences", flush=True)
            faults += found
    print(f"{cases} texts, {faults} differences")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
