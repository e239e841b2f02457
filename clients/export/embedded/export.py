#!/usr/bin/env python3
"""Exports the trained model folder with optimum-executorch and writes the model folder that is committed.

The folder is complete: program, tokenizer, chat template, generation defaults, and a manifest with digests.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

NAME = "tiny-tales"
COMMAND = ["optimum-cli", "export", "executorch", "--model", "{model}", "--task", "text-generation", "--recipe", "xnnpack",
           "--use_custom_sdpa", "--use_custom_kv_cache", "--qlinear", "8da4w", "--qembedding", "8w", "--output_dir", "{output}"]
PACKAGES = ("executorch", "optimum-executorch", "transformers", "torch", "torchao", "tokenizers")
FILES = (("program", "model.pte"), ("tokenizer", "tokenizer.json"), ("tokenizer_config", "tokenizer_config.json"),
         ("generation_config", "generation_config.json"))
LARGEST = 4 << 20  # bytes


def export(model: Path, output: Path) -> None:
    program = Path(sys.executable).parent / COMMAND[0]
    command = [part.format(model=model, output=output) for part in COMMAND]
    subprocess.run([str(program), *command[1:]], check=True)


def manifest(folder: Path) -> dict:
    files = []
    for role, name in FILES:
        data = (folder / name).read_bytes()
        files.append({"path": name, "role": role, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)})
    return {
        "format": 1,
        "name": NAME,
        "description": "Tells tiny tales about animals; a test and demonstration model of 2 million parameters",
        "task": "text-generation",
        "files": files,
        "generation": {"temperature": 0.8, "max_tokens": 400},
        "provenance": {
            "source": "clients/export/embedded: trained from scratch on text written by its own grammar",
            "license": "Apache-2.0",
            "command": " ".join(COMMAND).format(model="DIR", output="OUT"),
            "versions": {name: version(name) for name in PACKAGES},
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="folder that train.py wrote")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        export(arguments.model, Path(temporary))
        shutil.copy(Path(temporary) / "model.pte", arguments.output / "model.pte")
    for name in [name for _, name in FILES[1:]] + ["config.json"]:
        shutil.copy(arguments.model / name, arguments.output / name)
    size = (arguments.output / "model.pte").stat().st_size
    if size > LARGEST:
        sys.exit(f"model.pte has {size} bytes; {LARGEST} are allowed")
    text = json.dumps(manifest(arguments.output), indent=2) + "\n"
    (arguments.output / "manifest.json").write_text(text)
    print(f"{arguments.output}: model.pte has {size} bytes")


if __name__ == "__main__":
    main()
