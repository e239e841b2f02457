#!/usr/bin/env python3
"""The same programs and inputs through ExecuTorch's runtime and through etrun; the outputs must agree.

    tests/differential/run.py ETRUN [--seed N] [--only NAME] [--keep FOLDER]

Programs: the blocks of programs.py, exported here, and the embedded model (prefill, then token by token, state carried
over). Each runs on etrun's planned path and on its reference path. Needs executorch 1.5 and torch in this Python.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import List, Tuple

import numpy
import torch
import executorch.kernels.quantized  # noqa: F401  registers the quantised embedding
from executorch.extension.llm.custom_ops import custom_ops  # noqa: F401  registers the cache and attention operators
from executorch.runtime import Runtime

from programs import LARGEST_ROWS, cases, lower

ROOT = Path(__file__).resolve().parents[2]

# Allowed difference by kind: (share of the output's largest absolute value, why).
TOLERANCES = {
    "exact": (0.0, "nothing is computed"),
    "f32": (1e-5, "sums of some hundred products in another order, fused or not"),
    "f16": (2e-3, "one rounding step of 2^-11 in the result, one in the norm's factor"),
    "bf16": (1.6e-2, "one rounding step of 2^-8 in the result, one in the norm's factor"),
    "8da4w": (3e-2, "a last-bit difference moves a row's dynamic quantisation by a step of 1/255"),
    # Quantisation steps move in every layer and the differences feed on each other; a wrong state is off by far more.
    "language model": (8e-2, "quantisation steps move in each of the layers"),
}

Call = Tuple[torch.Tensor, ...]


def save(path: Path, tensor: torch.Tensor) -> None:
    bits = tensor.view(torch.int16).numpy().view(numpy.uint16) if tensor.dtype == torch.bfloat16 else tensor.numpy()
    numpy.save(path, bits)


def load(path: Path, like: torch.Tensor) -> torch.Tensor:
    array = numpy.load(path)
    return torch.from_numpy(array.view(numpy.int16)).view(torch.bfloat16) if like.dtype == torch.bfloat16 else torch.from_numpy(array)


def expected_of(program: Path, calls: List[Call]) -> List[torch.Tensor]:
    method = Runtime.get().load_program(str(program)).load_method("forward")
    return [method.execute(list(call))[0].clone() for call in calls]


def actual_of(etrun: str, folder: Path, calls: List[Call], expected: List[torch.Tensor], options: List[str]) -> List[torch.Tensor]:
    meta = {"files": [{"name": "model.pte"}], "calls": []}
    for number, call in enumerate(calls):
        names = [f"c{number:02}_in{k}.npy" for k in range(len(call))]
        for name, tensor in zip(names, call):
            save(folder / name, tensor)
        meta["calls"].append({"method": "forward", "inputs": names, "outputs": [f"c{number:02}_out0.npy"]})
    (folder / "meta.json").write_text(json.dumps(meta))
    output = folder / "out"
    subprocess.run([etrun, "run", "--calls", str(folder / "meta.json"), "--output-dir", str(output), *options],
                   check=True, stdout=subprocess.DEVNULL)
    return [load(output / f"c{number:02}_out0.npy", tensor) for number, tensor in enumerate(expected)]


def worst(actual: List[torch.Tensor], expected: List[torch.Tensor]) -> float:
    """The largest difference as a share of the largest value; infinite where shapes or types differ or a NaN is new."""
    result = 0.0
    for a, e in zip(actual, expected):
        if a.shape != e.shape or a.dtype != e.dtype:
            return float("inf")
        a, e = a.double(), e.double()
        if not torch.equal(a.isnan(), e.isnan()):
            return float("inf")
        difference = (a - e).nan_to_num().abs().max().item()
        result = max(result, difference / max(e.nan_to_num().abs().max().item(), 1e-12))
    return result


def language_model_calls() -> List[Call]:
    """A prompt of 40 tokens, then 12 tokens one by one, then 9 at once."""
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(10, 1000, (1, 61), generator=generator)
    ends = [40, *range(41, 53), 61]
    return [(ids[:, begin:end].contiguous(), torch.arange(begin, end)) for begin, end in zip([0, *ends], ends)]


def compare(name: str, kind: str, etrun: str, folder: Path, calls: List[Call]) -> bool:
    expected = expected_of(folder / "model.pte", calls)
    good = True
    for path, options in (("planned", []), ("reference", ["--reference"])):
        try:
            difference = worst(actual_of(etrun, folder, calls, expected, options), expected)
        except subprocess.CalledProcessError as error:
            print(f"{name:32} {path:9}  FAILED: etrun ended with status {error.returncode}")
            good = False
            continue
        allowed, why = TOLERANCES[kind]
        verdict = "ok" if difference <= allowed else f"FAILED (allowed {allowed}: {why})"
        print(f"{name:32} {path:9}  {difference:.2e}  {verdict}", flush=True)
        good = good and difference <= allowed
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("etrun")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="run the programs whose name holds this")
    parser.add_argument("--keep", type=Path, help="put programs, inputs and outputs here and leave them")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        base = arguments.keep or Path(temporary)
        results = []
        for case in cases(arguments.seed):
            if arguments.only and arguments.only not in case.name:
                continue
            folder = base / case.name
            folder.mkdir(parents=True, exist_ok=True)
            lower(case, str(folder / "model.pte"))
            calls = [case.make_inputs(rows) for rows in (5, 1, 2, 17, LARGEST_ROWS)]
            results.append(compare(case.name, case.kind, arguments.etrun, folder, calls))
        if not arguments.only or arguments.only in "embedded":
            folder = base / "embedded"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "model.pte").write_bytes((ROOT / "clients/export/embedded/model/model.pte").read_bytes())
            results.append(compare("embedded", "language model", arguments.etrun, folder, language_model_calls()))
    print(f"{sum(results)} of {len(results)} programs agree with ExecuTorch")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
