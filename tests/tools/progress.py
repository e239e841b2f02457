#!/usr/bin/env python3
"""Reads a build's output and prints a line for each tenth of it, and everything that is no progress line as it is."""

import re
import sys

_STEP = re.compile(r"^\[(\d+)/(\d+)\] ")


def main() -> None:
    shown = -1
    for line in sys.stdin:
        step = _STEP.match(line)
        if not step:
            sys.stdout.write(line)
        else:
            done, total = int(step.group(1)), int(step.group(2))
            tenth = done * 10 // total
            if tenth > shown:
                print(f"   {done} of {total}")
                shown = tenth
        sys.stdout.flush()


if __name__ == "__main__":
    main()
