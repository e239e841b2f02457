#!/usr/bin/env python3
"""Times our tokenizer and the `tokenizers` library on one thread, alternating in one run.

    tests/bench/tokenizer/compare_tokenizers.py [--program build/release/bin/tokenizer_bench] [--rounds N] [TOKENIZER.json …]

The text is made here: prose, code, numbers and several scripts, as many short prompts and as a few long documents. Both
sides give the same number of ids or the run fails. Reported are the best round of each side, its spread (slowest round
over best), and the ratio of the bests: above 1 we are faster.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

ROOT = Path(__file__).resolve().parents[3]
STEMS = ("time", "water", "light", "model", "token", "river", "stone", "garden", "music", "engine", "paper", "window", "quiet",
         "bright", "strange", "ancient", "walk", "think", "carry", "answer", "remember", "discover", "understand", "measure")
ENDINGS = ("", "", "", "s", "ed", "ing", "er", "ly", "ness", "'s")
SMALL = ("the", "a", "of", "and", "to", "in", "that", "is", "it", "was", "for", "on", "with", "as", "I", "don't", "we'll", "they're")
OTHERS = ("größer", "déjà", "naïve", "привет", "мир", "你好世界", "机器学习", "こんにちは", "한국어", "العربية", "हिन्दी", "🙂", "👍🏽")


def prose(rng):
    words = [rng.choice(SMALL) if rng.random() < 0.45 else rng.choice(STEMS) + rng.choice(ENDINGS) for _ in range(rng.randrange(5, 25))]
    if rng.random() < 0.2:
        words.insert(rng.randrange(len(words)), rng.choice(OTHERS))
    if rng.random() < 0.3:
        words.insert(rng.randrange(len(words)), str(rng.randrange(100000)))
    return " ".join(words).capitalize() + rng.choice((". ", ", ", "! ", "? ", ".\n", ".\n\n"))


def code(rng):
    name = rng.choice(STEMS) + "_" + rng.choice(STEMS)
    return (f"def {name}(x, y={rng.randrange(1000)}):\n    for i in range({rng.randrange(100)}):\n"
            f"        {rng.choice(STEMS)}[i] += x * {rng.random():.3f}  # {rng.choice(STEMS)}\n    return {name}(x - 1)\n\n")


def document(rng, size):
    parts = []
    length = 0
    while length < size:
        parts.append(code(rng) if rng.random() < 0.1 else prose(rng))
        length += len(parts[-1])
    return "".join(parts)


def make_texts(rng):
    return {"prompts": [document(rng, rng.randrange(40, 400)) for _ in range(2000)],
            "documents": [document(rng, 50000) for _ in range(8)]}


def measure(library, program, path, texts, rounds):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(texts, file)
        file.flush()
        ours = subprocess.Popen([program, str(path), file.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        load = float(ours.stdout.readline().split()[0])
        start = time.perf_counter()
        theirs = library.from_file(str(path))
        their_load = time.perf_counter() - start
        times = ([], [])
        for _ in range(rounds):
            ours.stdin.write("\n")
            ours.stdin.flush()
            seconds, count = ours.stdout.readline().split()
            times[0].append(float(seconds))
            start = time.perf_counter()
            # encode_batch_fast keeps no offsets and pays Python once: the library at its best.
            encoded = theirs.encode_batch_fast(texts)
            times[1].append(time.perf_counter() - start)
            their_count = sum(len(one.ids) for one in encoded)
            if int(count) != their_count:
                raise SystemExit(f"{path}: we give {count} ids, the library {their_count}")
        ours.stdin.close()
        ours.wait()
    return times, int(count), load, their_load


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / "build/release/bin/tokenizer_bench"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args()
    try:
        from tokenizers import Tokenizer
    except ImportError:
        print("skipped: the tokenizers library is not installed")
        return 0
    files = options.files or sorted((ROOT.parent / "shared/tokenizers").glob("*/tokenizer.json"))
    slower = 0
    for kind, texts in make_texts(random.Random(options.seed)).items():
        size = sum(len(text.encode()) for text in texts)
        print(f"{kind}: {len(texts)} texts, {size / 1e6:.2f} MB")
        for path in files:
            (ours, theirs), count, load, their_load = measure(Tokenizer, options.program, path, texts, options.rounds)
            ratio = min(theirs) / min(ours)
            slower += ratio < 1
            print(f"  {path.parent.name:18} ours {size / min(ours) / 1e6:7.1f} MB/s (spread {max(ours) / min(ours):.2f})  "
                  f"library {size / min(theirs) / 1e6:7.1f} MB/s (spread {max(theirs) / min(theirs):.2f})  ratio {ratio:5.2f}  "
                  f"{count} ids  load {load * 1e3:.0f} ms against {their_load * 1e3:.0f} ms", flush=True)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
