#!/usr/bin/env python3
"""Samples the exported model through ExecuTorch's own runtime, or reads samples made elsewhere, and judges them.

Two questions: how many samples are texts of the grammar (each answer agreeing with its question), and does any sample
longer than 20 tokens stand word for word in the training text? Exit status 1 if fewer than 95 of 100 pass the first or
any fails the second.

    check_samples.py model                         100 samples at temperature 0.8
    check_samples.py model --prompts > prompts     the questions alone, one JSON line each, for another program to answer
    check_samples.py model --samples answers       judge lines {"messages": [question, answer, ...]} or {"story": text}
"""

import argparse
import json
import math
import random
import sys
from pathlib import Path
from typing import Dict, List, Optional

from conversations import FOLLOW_UPS, explain_conversation, read_text
from language import surface
from make_text import SEED, documents
from tales import GRAMMAR

SAMPLE_SEED = SEED + 1  # not the training text's
LONGEST_REPEAT = 20  # tokens
LEAST_SHARE = 0.95
FOLLOW_UP_SHARE = 0.3


def prompts(seed: int, count: int) -> List[List[str]]:
    """`count` conversations to be answered: a question, and perhaps the symbol of a second one about the answer."""
    draw = random.Random(seed).random
    result = []
    for _ in range(count):
        ask = "ask_kind" if draw() < 0.2 else "ask_story"
        questions = [surface(GRAMMAR.write(ask, draw, {}))]
        if ask == "ask_story" and draw() < FOLLOW_UP_SHARE:
            questions.append(list(FOLLOW_UPS)[int(draw() * len(FOLLOW_UPS))])
        result.append(questions)
    return result


class Model:
    """One exported model folder, run token by token by ExecuTorch."""

    def __init__(self, folder: Path):
        import executorch.kernels.quantized  # noqa: F401  registers the quantised embedding
        import jinja2
        import torch
        from executorch.extension.llm.custom_ops import custom_ops  # noqa: F401  registers the cache and attention operators
        from executorch.runtime import Runtime
        from tokenizers import Tokenizer

        self._torch = torch
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._method = Runtime.get().load_program(str(folder / "model.pte")).load_method("forward")
        configuration = json.loads((folder / "tokenizer_config.json").read_text())
        self._begin = configuration["bos_token"]
        self._end = self._tokenizer.token_to_id(configuration["eos_token"])
        environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
        self._template = environment.from_string(configuration["chat_template"])

    def answer(self, messages: List[Dict], temperature: float, draw, most: int = 400) -> str:
        text = self._template.render(messages=messages, add_generation_prompt=True, bos_token=self._begin)
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        made: List[int] = []
        at, feed = 0, ids
        while len(made) < most:
            torch = self._torch
            tokens = torch.tensor([feed], dtype=torch.long)
            positions = torch.arange(at, at + len(feed), dtype=torch.long)
            logits = self._method.execute([tokens, positions])[0][0, -1]
            at += len(feed)
            token = self._pick(logits.tolist(), temperature, draw)
            if token == self._end:
                break
            made.append(token)
            feed = [token]
        return self._tokenizer.decode(made)

    @staticmethod
    def _pick(logits: List[float], temperature: float, draw) -> int:
        best = max(logits)
        if temperature == 0:
            return logits.index(best)
        weights = [math.exp((x - best) / temperature) for x in logits]
        rest = draw() * sum(weights)
        for token, weight in enumerate(weights):
            rest -= weight
            if rest < 0:
                return token
        return len(weights) - 1


def make_samples(folder: Path, count: int, temperature: float, seed: int) -> List[Dict]:
    model, draw = Model(folder), random.Random(seed).random
    samples = []
    for number, (question, *follow_up) in enumerate(prompts(seed, count)):
        messages = [{"role": "user", "content": question}]
        messages.append({"role": "assistant", "content": model.answer(messages, temperature, draw)})
        told = read_text("story", messages[1]["content"], read_text("ask_story", question)) if follow_up else None
        if told is not None:
            messages.append({"role": "user", "content": surface(GRAMMAR.write(follow_up[0], draw, told))})
            messages.append({"role": "assistant", "content": model.answer(messages, temperature, draw)})
        samples.append({"messages": messages})
        print(f"\r{number + 1} of {count} samples", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return samples


def fault(sample: Dict) -> Optional[str]:
    """What is wrong with a sample, or None."""
    if "story" in sample:
        return None if read_text("story", sample["story"]) is not None else f"no story of the grammar: {sample['story']!r}"
    return explain_conversation(sample["messages"])


def repeats(samples: List[Dict], folder: Path) -> List[str]:
    """The answers of more than LONGEST_REPEAT tokens that stand in the training text."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    answers = [text for sample in samples for text in
               ([sample["story"]] if "story" in sample else [m["content"] for m in sample["messages"] if m["role"] == "assistant"])]
    long = {text for text in answers if len(tokenizer.encode(text, add_special_tokens=False).ids) > LONGEST_REPEAT}
    training = "\n".join(text for d in documents() for text in ([d["story"]] if "story" in d else [m["content"] for m in d["messages"]]))
    return sorted(text for text in long if text in training)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the exported model folder")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--seed", type=int, default=SAMPLE_SEED)
    parser.add_argument("--prompts", action="store_true", help="print the questions and stop")
    parser.add_argument("--samples", type=argparse.FileType("r"), help="judge these JSON lines instead of sampling")
    parser.add_argument("--output", type=argparse.FileType("w"), help="write the samples here as JSON lines")
    arguments = parser.parse_args()
    if arguments.prompts:
        for question, *_ in prompts(arguments.seed, arguments.count):
            print(json.dumps({"messages": [{"role": "user", "content": question}]}))
        return 0
    if arguments.samples:
        samples = [json.loads(line) for line in arguments.samples if line.strip()]
    else:
        samples = make_samples(arguments.folder, arguments.count, arguments.temperature, arguments.seed)
    if not samples:
        print("there are no samples", file=sys.stderr)
        return 1
    for sample in samples if arguments.output else []:
        arguments.output.write(json.dumps(sample) + "\n")
    faults = [text for text in map(fault, samples) if text]
    for text in faults:
        print(text)
    copied = repeats(samples, arguments.folder)
    for text in copied:
        print(f"stands in the training text: {text!r}")
    print(f"{len(samples) - len(faults)} of {len(samples)} samples are texts of the grammar; "
          f"{len(copied)} longer than {LONGEST_REPEAT} tokens stand in the training text")
    return 0 if len(samples) - len(faults) >= LEAST_SHARE * len(samples) and not copied else 1


if __name__ == "__main__":
    sys.exit(main())
