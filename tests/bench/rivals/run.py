#!/usr/bin/env python3
"""Compares `etrun bench` with ExecuTorch's own C++ runtime on one file, alternating in one run.

  python3 tests/bench/rivals/run.py MODEL.pte [--prompt 511] [--generate 64] [--threads 2] [--rounds 5]

Needs a Python that has executorch, torch and torchao from PyPI (clients/export/embedded/requirements.txt) and g++; the
rival is built against the libraries of that wheel. Both sides read the same prompt in each round and continue it greedily.
Prints the best of all rounds of each side with the spread, and the ratio of the bests (for load time and memory: smaller
is better, ratio ours / theirs). Memory is the peak over the empty process, which is measured before anything is loaded.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import sysconfig
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def wheel_folders():
    packages = pathlib.Path(sysconfig.get_paths()["purelib"])
    executorch = packages / "executorch"
    if not (executorch / "lib" / "libexecutorch.so").exists():
        sys.exit("skipped: this Python has no executorch; install clients/export/embedded/requirements.txt or use another one")
    return executorch, packages / "torch" / "lib"


def build_rival(folder):
    executorch, torch = wheel_folders()
    custom_ops = executorch / "extension" / "llm" / "custom_ops" / "libcustom_ops_aot_lib.so"
    libraries = [executorch / "lib" / f"lib{name}.so" for name in (
        "executorch", "executorch_backend_xnnpack", "executorch_kernels_optimized", "executorch_kernels_quantized",
        "executorch_threadpool")]
    runner = folder / "executorch_runner"
    command = ["g++", "-O2", "-std=c++20", "-w", "-DC10_USING_CUSTOM_GENERATED_MACROS",
               f"-I{executorch / 'include'}", f"-I{executorch / 'include/executorch/runtime/core/portable_type/c10'}",
               str(HERE / "executorch_runner.cc"), "-o", str(runner), "-Wl,--no-as-needed", *map(str, libraries),
               str(custom_ops), f"-Wl,-rpath,{executorch / 'lib'}:{torch}:{custom_ops.parent}", f"-L{torch}",
               # The custom operators come in a library that also serves PyTorch and wants Python's symbols.
               f"-L{sysconfig.get_config_var('LIBDIR')}", f"-Wl,-rpath,{sysconfig.get_config_var('LIBDIR')}",
               f"-lpython{sysconfig.get_python_version()}", "-Wl,--allow-shlib-undefined"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("the rival could not be built:\n" + done.stderr[-3000:])
    return runner


def run_json(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def resident_of_empty(etrun):
    """Peak memory of etrun when it loads nothing, in bytes."""
    done = subprocess.run(["/usr/bin/time", "-f", "%M", etrun, "--version"], capture_output=True, text=True)
    return int(done.stderr.strip().splitlines()[-1]) * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--prompt", type=int, default=511)
    parser.add_argument("--generate", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--etrun", default=str(ROOT / "build/release/bin/etrun"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rival = build_rival(pathlib.Path(folder))
        numbers = [str(arguments.prompt), str(arguments.generate), str(arguments.threads), "2"]
        ours, theirs = [], []
        for _ in range(arguments.rounds):
            ours.append(run_json([arguments.etrun, "bench", arguments.model, "--prompt", numbers[0], "--gen", numbers[1],
                                  "--threads", numbers[2], "--repeat", numbers[3], "--json"]))
            theirs.append(run_json([str(rival), arguments.model, *numbers]))
    for result in ours:
        result["memory"] = result["peak_rss_bytes"] - resident_of_empty(arguments.etrun)
    for result in theirs:
        result["memory"] = result["peak_rss_bytes"] - result["empty_bytes"]
    print(f"{arguments.model}: {arguments.prompt} + {arguments.generate} tokens, {arguments.threads} threads, "
          f"{arguments.rounds} rounds")
    rows = [("prefill tokens/s", lambda r: r["prefill"]["samples"], max), ("decode tokens/s", lambda r: r["decode"]["samples"], max),
            ("load ms", lambda r: [r["load_ms"]], min), ("memory MiB", lambda r: [r["memory"] / 2**20], min)]
    for name, pick, best in rows:
        a = [x for r in ours for x in pick(r)]
        b = [x for r in theirs for x in pick(r)]
        print(f"{name:17} etrun {best(a):9.1f} ({min(a):.1f} … {max(a):.1f})   ExecuTorch {best(b):9.1f} "
              f"({min(b):.1f} … {max(b):.1f})   ratio {best(a) / best(b):.2f}")


if __name__ == "__main__":
    main()
