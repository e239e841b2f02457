"""Small programs for the differential test, exported on the spot: the building blocks of causal language models."""

from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import EdgeCompileConfig, to_edge_transform_and_lower
from torch.export import Dim, export

LARGEST_ROWS = 64


class Case(NamedTuple):
    name: str
    module: torch.nn.Module
    make_inputs: Callable[[int], Tuple[torch.Tensor, ...]]  # rows → inputs; the rows are dimension 1 of the first input
    delegate: bool
    kind: str  # of tolerance, see run.py


class Norm(torch.nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.rand(width) + 0.5)

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


class GatedMlp(torch.nn.Module):
    def __init__(self, width: int, inner: int):
        super().__init__()
        self.gate = torch.nn.Linear(width, inner, bias=False)
        self.up = torch.nn.Linear(width, inner, bias=True)
        self.down = torch.nn.Linear(inner, width, bias=False)

    def forward(self, x):
        return x + self.down(torch.nn.functional.silu(self.gate(x)) * self.up(x))


class Rotary(torch.nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.register_buffer("rates", 1.0 / 10000 ** (torch.arange(0, width, 2) / width))

    def forward(self, x):
        positions = torch.arange(x.shape[1], dtype=torch.float32)
        angles = positions[:, None] * self.rates[None, :]
        cos, sin = torch.cat([angles.cos()] * 2, -1), torch.cat([angles.sin()] * 2, -1)
        left, right = x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2:]
        return x * cos + torch.cat([-right, left], -1) * sin


class Attention(torch.nn.Module):
    """Scores, an additive causal mask, softmax: what exports without custom operators hold."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = torch.nn.Linear(width, 3 * width, bias=False)

    def forward(self, x):
        rows, width = x.shape[1], x.shape[2]
        q, k, v = (part.view(1, rows, self.heads, width // self.heads).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        scores = q @ k.transpose(2, 3) * (width // self.heads) ** -0.5
        places = torch.arange(rows)
        scores = torch.where(places[:, None] >= places[None, :], scores, torch.full_like(scores, -1e9))
        return (scores.softmax(-1) @ v).transpose(1, 2).reshape(1, rows, width)


class Embedding(torch.nn.Module):
    def __init__(self, count: int, width: int):
        super().__init__()
        self.table = torch.nn.Embedding(count, width)

    def forward(self, ids):
        return self.table(ids)


def _rows(width: int, dtype=torch.float32):
    return lambda rows: (torch.randn(1, rows, width).to(dtype),)


def _tokens(count: int):
    return lambda rows: (torch.randint(0, count, (1, rows)),)


def _quantised(module: torch.nn.Module) -> torch.nn.Module:
    from torchao.quantization.granularity import PerGroup
    from torchao.quantization.quant_api import Int8DynamicActivationIntxWeightConfig, quantize_
    quantize_(module, Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int4, weight_granularity=PerGroup(32)))
    return module


def cases(seed: int) -> List[Case]:
    torch.manual_seed(seed)
    made = []
    blocks: Sequence[Tuple[str, Callable[[], torch.nn.Module], int]] = (
        ("norm", lambda: Norm(48), 48), ("gated_mlp", lambda: GatedMlp(64, 160), 64), ("rotary", lambda: Rotary(32), 32),
        ("attention", lambda: Attention(64, 4), 64))
    for name, make, width in blocks:
        made.append(Case(f"{name}_portable", make(), _rows(width), False, "f32"))
        made.append(Case(f"{name}_xnnpack", make(), _rows(width), True, "f32"))
    made.append(Case("gated_mlp_xnnpack_8da4w", _quantised(GatedMlp(64, 160)), _rows(64), True, "8da4w"))
    made.append(Case("norm_portable_f16", Norm(48).half(), _rows(48, torch.float16), False, "f16"))
    made.append(Case("norm_portable_bf16", Norm(48).bfloat16(), _rows(48, torch.bfloat16), False, "bf16"))
    made.append(Case("embedding_portable", Embedding(97, 24), _tokens(97), False, "exact"))
    return made


def lower(case: Case, path: str) -> None:
    """Writes the program of a case with a dynamic number of rows."""
    shapes = ({1: Dim("rows", min=1, max=LARGEST_ROWS)},)
    with torch.no_grad():
        program = export(case.module.eval(), case.make_inputs(5), dynamic_shapes=shapes, strict=True)
    edge = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()] if case.delegate else [],
                                       compile_config=EdgeCompileConfig(_check_ir_validity=False, _skip_dim_order=True))
    with open(path, "wb") as out:
        edge.to_executorch().write_to_file(out)
