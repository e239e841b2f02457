#!/usr/bin/env python3
"""Trains the tokenizer and the model of the embedded model and writes them as a Hugging Face model folder.

One thread, deterministic: the seeds are fixed, the text is made here (make_text.py). About forty minutes of one core.

The exporter will round the weights of the linear layers to 4 bits in groups of 32 and their inputs to 8 bits per token,
which a model this small does not survive unprepared. So the last part of the training runs with the same rounding in the
forward pass (gradients pass through it as if it were not there).
"""

import argparse
import json
import math
import random
import time
from pathlib import Path
from typing import Dict, List

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM

from make_text import COUNT, documents

BEGIN, END, PAD = "<|begin|>", "<|end|>", "<|pad|>"
ROLES = ("system", "user", "assistant")
SPECIAL = [PAD, BEGIN, END] + [f"<|{role}|>" for role in ROLES]
VOCABULARY = 1024
TOKENIZER_DOCUMENTS = 12_000

CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if message['role'] not in ['system', 'user', 'assistant'] %}"
    "{{ raise_exception('this model knows the roles system, user and assistant, not ' + message['role']) }}"
    "{% endif %}"
    "{{ '<|' + message['role'] + '|>\n' + message['content'] | trim + '<|end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)

GROUP = 32  # the exporter's group size
CONTEXT = 2048
HIDDEN, INTERMEDIATE, LAYERS, HEADS, KV_HEADS = 192, 512, 4, 6, 3
TOKENS_PER_STEP = 2048
LONG_SHARES = (0.5, 0.62)  # the documents between are read many in one row, so that far positions are met too
LONG_ROW = 1024
ROUNDING_FROM = 0.65  # share of the steps after which the forward pass rounds like the exporter
REFRESH = 10  # steps between two choices of the scales
PEAK_RATE = 4e-3


def document_text(document: Dict) -> str:
    """What the chat template gives for a conversation; a story alone stands between begin and end."""
    if "story" in document:
        return BEGIN + document["story"] + END + "\n"
    return BEGIN + "".join(f"<|{m['role']}|>\n{m['content']}{END}\n" for m in document["messages"])


def train_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=[AddedToken(t, special=True) for t in SPECIAL],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    plain = (text for d in documents(count=TOKENIZER_DOCUMENTS)
             for text in ([d["story"]] if "story" in d else [m["content"] for m in d["messages"]]))
    tokenizer.train_from_iterator(plain, trainer)
    begin = tokenizer.token_to_id(BEGIN)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BEGIN} $A", special_tokens=[(BEGIN, begin)])
    return tokenizer


def encode_documents(tokenizer: Tokenizer, count: int) -> List[List[int]]:
    """The token ids of each document."""
    ids: List[List[int]] = []
    batch: List[str] = []
    for document in documents(count=count):
        batch.append(document_text(document))
        if len(batch) == 2000:
            ids += [e.ids for e in tokenizer.encode_batch(batch, add_special_tokens=False)]
            batch = []
    return ids + [e.ids for e in tokenizer.encode_batch(batch, add_special_tokens=False)]


def make_batches(rows: List[List[int]], padding: int) -> List[torch.Tensor]:
    """Batches of [rows, tokens] of about TOKENS_PER_STEP tokens.

    Most rows are one document each: with foreign documents in sight, a small model takes several times as long to learn
    that a name must be looked up. Rows of like length go together, so that little is padding.
    """
    shuffle = random.Random(1).shuffle
    first, last = (int(len(rows) * share) for share in LONG_SHARES)

    def short_groups(some: List[List[int]]) -> List[List[List[int]]]:
        groups: List[List[List[int]]] = []
        for begin in range(0, len(some), 256):
            cut: List[List[List[int]]] = [[]]
            for row in sorted(some[begin:begin + 256], key=len):
                if cut[-1] and (len(cut[-1]) + 1) * len(row) > TOKENS_PER_STEP:
                    cut.append([])
                cut[-1].append(row)
            shuffle(cut)
            groups += cut
        return groups

    stream = [token for row in rows[first:last] for token in row]
    long = [stream[begin:begin + LONG_ROW + 1] for begin in range(0, len(stream) - LONG_ROW, LONG_ROW)]
    per_step = TOKENS_PER_STEP // LONG_ROW
    groups = short_groups(rows[:first]) + [long[k:k + per_step] for k in range(0, len(long), per_step)] + short_groups(rows[last:])
    widest = [max(len(row) for row in group) for group in groups]
    return [torch.tensor([row + [padding] * (width - len(row)) for row in group]) for group, width in zip(groups, widest)]


class RoundedLinear(torch.nn.Linear):
    """A linear layer that computes as the exported one will. `scales` are refreshed now and then, not at each step."""

    rounding = False
    scales: torch.Tensor  # [out, in / GROUP, 1]

    def refresh(self) -> None:
        """Scales that minimise the squared error of 4-bit rounding, by the alternation the exporter uses too."""
        groups = self.weight.detach().view(self.weight.shape[0], -1, GROUP)
        scales = (groups.abs().amax(dim=2, keepdim=True) / 8).clamp_min(1e-9)
        for _ in range(20):
            levels = (groups / scales).round().clamp(-8, 7)
            power = (levels * levels).sum(dim=2, keepdim=True)
            fitted = (groups * levels).sum(dim=2, keepdim=True) / power.clamp_min(1e-9)
            scales = torch.where(power > 0, fitted, scales).abs().clamp_min(1e-9)
        self.scales = scales

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not RoundedLinear.rounding:
            return super().forward(x)
        weight = self.weight.view(self.weight.shape[0], -1, GROUP)
        rounded = ((weight / self.scales).round().clamp(-8, 7) * self.scales).view_as(self.weight)
        with torch.no_grad():
            low = x.amin(dim=-1, keepdim=True).clamp_max(0)
            high = x.amax(dim=-1, keepdim=True).clamp_min(0)
            step = ((high - low) / 255).clamp_min(1e-9)
            noise = ((x - low) / step).round() * step + low - x
        return torch.nn.functional.linear(x + noise, self.weight + (rounded - self.weight).detach())


class Muon:
    """Momentum whose update is made orthogonal by five Newton-Schulz steps: a small model learns a grammar in half the
    steps AdamW needs. PyTorch's own computes in bfloat16, which takes longer than the rest of the step on a CPU."""

    def __init__(self, matrices: List[torch.nn.Parameter]):
        shapes: Dict[torch.Size, List[torch.nn.Parameter]] = {}
        for matrix in matrices:
            shapes.setdefault(matrix.shape, []).append(matrix)
        self.param_groups = [{"lr": 0.0}]
        self._groups = [(same, torch.zeros(len(same), *shape)) for shape, same in shapes.items()]

    @torch.no_grad()
    def step(self) -> None:
        for same, momentum in self._groups:
            gradient = torch.stack([p.grad for p in same])
            momentum.lerp_(gradient, 0.05)
            update = self._orthogonal(gradient.lerp(momentum, 0.95))
            # 0.2 √n makes the size of an update that of AdamW, so that one rate serves both.
            rate = self.param_groups[0]["lr"] * 0.2 * math.sqrt(max(update.shape[1:]))
            for parameter, change in zip(same, update):
                parameter.sub_(change, alpha=rate)

    @staticmethod
    def _orthogonal(x: torch.Tensor) -> torch.Tensor:
        tall = x.shape[1] > x.shape[2]
        x = x.transpose(1, 2) if tall else x
        x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
        for _ in range(5):
            square = x @ x.transpose(1, 2)
            x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
        return x.transpose(1, 2) if tall else x

    def zero_grad(self, set_to_none: bool = True) -> None:
        for same, _ in self._groups:
            for parameter in same:
                parameter.grad = None


@torch.no_grad()
def start_by_copying(model: LlamaForCausalLM) -> None:
    """First weights with which attention repeats what it sees: the output weights start as the embeddings, and what a
    head writes lies where it was read. What is hard about the text is to look a name up and say it again; from the usual
    start a model of this size needs several times as many steps to find out how. Embeddings start large, or those of all
    names grow alike before anything tells them apart."""
    embeddings = model.model.embed_tokens.weight
    torch.nn.init.normal_(embeddings, std=1.0)
    model.lm_head.weight.copy_(embeddings * 0.05)
    size = HIDDEN // HEADS
    for layer in model.model.layers:
        attention = layer.self_attn
        basis = torch.linalg.qr(torch.randn(HIDDEN, HIDDEN))[0][:KV_HEADS * size] * 0.5
        attention.v_proj.weight.copy_(basis)
        for head in range(HEADS):
            read = head // (HEADS // KV_HEADS) * size
            attention.o_proj.weight[:, head * size:(head + 1) * size] = basis[read:read + size].T


def make_model(tokenizer: Tokenizer) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=HIDDEN, intermediate_size=INTERMEDIATE, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, head_dim=HIDDEN // HEADS, max_position_embeddings=CONTEXT,
        tie_word_embeddings=False, bos_token_id=tokenizer.token_to_id(BEGIN), eos_token_id=tokenizer.token_to_id(END),
        pad_token_id=tokenizer.token_to_id(PAD), attn_implementation="sdpa")
    model = LlamaForCausalLM(config)
    start_by_copying(model)
    for module in model.modules():
        if type(module) is torch.nn.Linear:
            module.__class__ = RoundedLinear
    return model


def train(model: LlamaForCausalLM, batches: List[torch.Tensor]) -> None:
    padding = model.config.pad_token_id
    linear = [m for m in model.modules() if isinstance(m, RoundedLinear)]
    matrices = [m.weight for m in linear if m is not model.lm_head]
    ids = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in ids]
    optimizers = [Muon(matrices), torch.optim.AdamW(others, lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.0)]
    start, seen, steps = time.monotonic(), [], len(batches)
    rounding_from = int(ROUNDING_FROM * steps)
    for step, batch in enumerate(batches):
        rate = PEAK_RATE * min(1.0, (step + 1) / 60) * min(1.0, (1 - step / steps) / 0.6)
        RoundedLinear.rounding = step >= rounding_from
        if RoundedLinear.rounding and (step - rounding_from) % REFRESH == 0:
            for module in linear:
                module.refresh()
        logits = model(batch[:, :-1], use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten(), ignore_index=padding)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        seen.append(loss.item())
        if (step + 1) % 50 == 0 or step + 1 == steps:
            print(f"step {step + 1}/{steps}  loss {sum(seen) / len(seen):.4f}  "
                  f"{'rounded' if RoundedLinear.rounding else 'exact'}  {time.monotonic() - start:.0f} s", flush=True)
            seen = []
    RoundedLinear.rounding = False


def write_folder(folder: Path, tokenizer: Tokenizer, model: LlamaForCausalLM) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BEGIN, "eos_token": END, "pad_token": PAD,
        "clean_up_tokenization_spaces": False, "model_max_length": CONTEXT, "chat_template": CHAT_TEMPLATE}, indent=2) + "\n")
    (folder / "generation_config.json").write_text(json.dumps({
        "bos_token_id": tokenizer.token_to_id(BEGIN), "eos_token_id": tokenizer.token_to_id(END),
        "pad_token_id": tokenizer.token_to_id(PAD), "do_sample": True, "temperature": 0.8}, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="model folder to write")
    parser.add_argument("--documents", type=int, default=COUNT)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tokenizer = train_tokenizer()
    batches = make_batches(encode_documents(tokenizer, arguments.documents), tokenizer.token_to_id(PAD))
    model = make_model(tokenizer)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(batches)} steps", flush=True)
    train(model, batches)
    write_folder(arguments.output, tokenizer, model)


if __name__ == "__main__":
    main()
