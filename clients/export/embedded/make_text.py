#!/usr/bin/env python3
"""Writes the training text of the embedded model: JSON lines, each {"messages": [...]} or {"story": text}.

The text depends on the seed and the count alone: the same call gives the same bytes with every Python.
"""

import argparse
import json
import random
import sys
from typing import Dict, Iterator

from conversations import write_conversation, write_story

SEED = 20261121
COUNT = 44_000
STORY_SHARE = 0.15


def documents(seed: int = SEED, count: int = COUNT) -> Iterator[Dict]:
    """The training documents in order. random.Random.random() is the one draw Python promises never to change."""
    draw = random.Random(seed).random
    for _ in range(count):
        if draw() < STORY_SHARE:
            yield {"story": write_story(draw)}
        else:
            yield {"messages": write_conversation(draw)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--output", default="-", help="file to write; - is standard output")
    arguments = parser.parse_args()
    with (sys.stdout if arguments.output == "-" else open(arguments.output, "w", encoding="utf-8")) as out:
        for document in documents(arguments.seed, arguments.count):
            out.write(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
