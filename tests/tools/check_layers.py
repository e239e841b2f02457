#!/usr/bin/env python3
"""Checks who includes whom, by the #include lines of every C and C++ file of the project.

    tests/tools/check_layers.py [ROOT]

ALLOWED below is the whole rule: a folder may include itself and what is listed, nothing else. A folder that is not listed
is an error, so that a new one gets its place in the order of layers before its first file. Cycles between folders and
between files are errors whatever the table says. LIBRARIES says where third-party headers may be used.
"""

import re
import sys
from pathlib import Path
from typing import Dict, Iterable, List, NamedTuple, Optional, Set

SUFFIXES = {".h", ".hh", ".hpp", ".cc", ".cpp", ".c"}
TOP_LEVEL = {"runtime", "backends", "scheduler", "daemon", "clients", "proto", "tests"}
SKIPPED = {"build", ".git", ".cache", "third_party"}

_BASE = {"runtime/base"}
_VALUES = _BASE | {"runtime/tensor", "runtime/memory"}
_BACKEND = _VALUES | {"runtime/threads", "runtime/delegate", "runtime/graph"}
_KERNELS = _VALUES | {"runtime/threads", "runtime/kernel", "runtime/kernels/portable/util"}
_LEAVES = {"scheduler/kv", "scheduler/budget", "scheduler/queue", "scheduler/arbiter"}
_POLICY = _BASE | {"runtime/engine", "scheduler/request", "scheduler/refusal"} | _LEAVES
_RUNTIME = {
    "runtime/base", "runtime/tensor", "runtime/threads", "runtime/memory", "runtime/engine", "runtime/program",
    "runtime/kernel", "runtime/delegate", "runtime/graph", "runtime/exec", "runtime/kernels/prim", "runtime/kernels/portable",
    "runtime/kernels/portable/util", "runtime/kernels/fast", "runtime/kernels/fused", "runtime/kernels/llm", "runtime/text/tokenizer", "runtime/text/sampling", "runtime/text/grammar",
    "runtime/text/chat", "runtime/llm",
}
_BACKENDS = {"backends/xnnpack", "backends/vulkan", "backends/plugin/host"}
_TEXT = {"runtime/text/tokenizer", "runtime/text/sampling", "runtime/text/grammar", "runtime/text/chat"}
_SCHEDULER = _LEAVES | {"scheduler/request", "scheduler/admission", "scheduler/batch", "scheduler/token_channel",
                        "scheduler/refusal", "scheduler/core", "scheduler/loop"}
_DAEMON = {"daemon/service", "daemon/auth", "daemon/models", "daemon/config", "daemon/metrics", "daemon/health"}

# Folder → what it may include besides itself. A file without its suffix is an entry of its own; "folder/." is the files
# that lie in the folder itself, without those below.
ALLOWED: Dict[str, Set[str]] = {
    "proto": set(),
    "runtime/base": set(),
    "runtime/tensor": _BASE,
    "runtime/threads": _BASE,
    "runtime/engine": _BASE,
    "runtime/memory": _BASE | {"runtime/tensor"},
    "runtime/program": _VALUES,
    "runtime/kernel": _VALUES | {"runtime/threads"},  # a kernel is handed the pool it may use
    "runtime/delegate": _VALUES,
    "runtime/graph": _BASE | {"runtime/tensor", "runtime/program", "runtime/kernel", "runtime/delegate"},
    "runtime/exec": _VALUES | {"runtime/threads", "runtime/program", "runtime/graph", "runtime/kernel", "runtime/delegate"},
    "runtime/kernels/prim": _KERNELS,
    "runtime/kernels/portable": _KERNELS,
    "runtime/kernels/portable/util": _KERNELS - {"runtime/kernels/portable/util"},  # shapes and row rules that all kernel folders share
    # A fast kernel hands what it does not cover to the reference that it replaces.
    "runtime/kernels/fast": _KERNELS | {"runtime/kernels/llm", "runtime/kernels/portable"},
    "runtime/kernels/fused": _KERNELS,
    "runtime/kernels/llm": _KERNELS,
    "runtime/text/tokenizer": _BASE,
    "runtime/text/sampling": _BASE,
    "runtime/text/grammar": _BASE,
    "runtime/text/chat": _BASE,
    # A language model is recognised by its program's signature and by the rows of its graph.
    "runtime/llm": _VALUES | _TEXT | {"runtime/engine", "runtime/program", "runtime/graph", "runtime/exec"},
    "runtime/etrun": _RUNTIME | _BACKENDS,
    "backends/xnnpack": _BACKEND,
    "backends/vulkan": _BACKEND,
    "backends/plugin/host": _BACKEND | {"backends/plugin/abi"},
    "backends/plugin/abi": set(),
    "backends/plugin/openvino": {"backends/plugin/abi"},
    "backends/plugin/null": {"backends/plugin/abi"},
    "scheduler/request": _BASE | {"runtime/engine"},
    "scheduler/kv": _BASE | {"scheduler/request", "scheduler/refusal"},
    "scheduler/budget": _BASE | {"scheduler/request", "scheduler/refusal"},
    "scheduler/queue": _BASE | {"scheduler/request", "scheduler/refusal"},
    "scheduler/arbiter": _BASE | {"scheduler/request", "scheduler/refusal"},
    "scheduler/admission": _POLICY,
    "scheduler/batch": _POLICY,
    "scheduler/token_channel": _BASE | {"runtime/engine", "scheduler/request"},
    "scheduler/refusal": _BASE,
    "scheduler/core": _POLICY | {"scheduler/admission", "scheduler/batch", "scheduler/token_channel"},
    "scheduler/loop": _POLICY | {"scheduler/token_channel", "scheduler/core"},
    "daemon/auth": _BASE,
    "daemon/config": _BASE,
    "daemon/metrics": _BASE,
    "daemon/health": _BASE,
    "daemon/models": _BASE | {"runtime/program", "runtime/engine", "scheduler/budget", "daemon/auth"},
    "daemon/service": _BASE | _TEXT | {"proto", "runtime/engine", "scheduler/request", "scheduler/refusal",
                                       "scheduler/loop", "scheduler/token_channel", "daemon/auth", "daemon/models",
                                       "daemon/metrics"},
    "daemon/app": {"proto"} | _RUNTIME | _BACKENDS | _SCHEDULER | _DAEMON,
    "daemon/main": {"proto"} | _RUNTIME | _BACKENDS | _SCHEDULER | _DAEMON | {"daemon/app"},
    "clients/cpp": {"proto"},
    "clients/etctl": {"proto", "clients/cpp"},
}

# Third-party headers that are not for everybody: start of the path → folders that may include them.
_GRPC = {"daemon/service", "daemon/app", "daemon/main", "daemon/health", "clients/cpp", "clients/etctl"}
LIBRARIES: Dict[str, Set[str]] = {
    "flatbuffers/": {"runtime/program", "backends/xnnpack", "backends/vulkan"},
    "grpc/": _GRPC,
    "grpcpp/": _GRPC,
    "google/protobuf/": _GRPC,
    "xnnpack.h": {"backends/xnnpack"},
    "pthreadpool.h": {"backends/xnnpack", "runtime/threads"},
    "cpuinfo.h": {"backends/xnnpack", "runtime/threads"},
    "vulkan/": {"backends/vulkan"},
    "openvino/": {"backends/plugin/openvino"},
    "systemd/": {"daemon/app", "daemon/main", "daemon/health"},
    "toml++/": {"daemon/config"},
    "toml.hpp": {"daemon/config"},
    "CLI/": {"daemon/app", "daemon/main", "clients/etctl", "runtime/etrun"},
    "gtest/": set(),
    "gmock/": set(),
    "benchmark/": set(),
}
# What may be included in quotes although it is not ours.
QUOTED = ("absl/", "spdlog/", "fmt/", "hwy/", "nlohmann/", "openssl/", "pcre2.h", "utf8proc.h") + tuple(LIBRARIES)

# Generated headers are included by the name their own project gives them.
GENERATED = {"etd/v1/": "proto", "grpc/reflection/": "proto"}

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
_COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|("(?:\\.|[^"\\\n])*")', re.DOTALL)


class Include(NamedTuple):
    file: str  # path from the root
    target: str  # as written
    quoted: bool
    line: int


def folder_of(path: str) -> Optional[str]:
    """The entry of ALLOWED that `path` (from the root) belongs to: the longest one that holds it."""
    if path.startswith("tests/"):
        return "tests"
    for prefix, folder in GENERATED.items():
        if path.startswith(prefix):
            return folder
    parts = path.split("/")
    for length in range(len(parts), 0, -1):
        candidate = "/".join(parts[:length])
        if length == len(parts):
            candidate = candidate.rsplit(".", 1)[0]
        if candidate in ALLOWED:
            return candidate
        if length == len(parts) and "/".join(parts[:-1]) + "/." in ALLOWED:
            return "/".join(parts[:-1]) + "/."
    return None


def source_files(root: Path) -> List[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*")
                  if p.suffix in SUFFIXES and p.is_file() and not SKIPPED & set(p.relative_to(root).parts[:-1]))


def includes_of(root: Path, file: str) -> List[Include]:
    text = (root / file).read_text(encoding="utf-8", errors="replace")
    # Comments go, lines stay, so that numbers are right; strings stay because they hold the included names.
    text = _COMMENT.sub(lambda m: m.group(1) or "\n" * m.group(0).count("\n"), text)
    return [Include(file, m.group(2), m.group(1) == '"', text.count("\n", 0, m.start(1)) + 1) for m in _INCLUDE.finditer(text)]


def _is_ours(target: str) -> bool:
    return target.split("/")[0] in TOP_LEVEL and "/" in target or target.startswith(tuple(GENERATED))


def fault_of(include: Include) -> Optional[str]:
    """What is wrong with one line, or None."""
    source = folder_of(include.file)
    if include.quoted and _is_ours(include.target):
        target = folder_of(include.target)
        if target is None:
            return f"'{include.target}' is in no folder of the table"
        if source == "tests":
            return None
        if target == "tests":
            return "production code includes tests/"
        if target != source and target not in ALLOWED[source]:
            return f"{source} may not include {target}"
        return None
    for prefix, folders in LIBRARIES.items():
        if include.target.startswith(prefix) and source != "tests" and source not in folders:
            return f"{source} may not include the library header '{include.target}'"
    if include.quoted and not include.target.startswith(QUOTED):
        return f"'{include.target}' is neither a path from the project's root nor a known library"
    return None


def cycles(edges: Dict[str, Set[str]]) -> Iterable[List[str]]:
    """One cycle for each way back that a depth-first walk meets."""
    state: Dict[str, int] = {}
    path: List[str] = []

    def walk(node: str):
        state[node] = 1
        path.append(node)
        for following in sorted(edges.get(node, ())):
            if state.get(following) == 1:
                yield path[path.index(following):] + [following]
            elif following not in state:
                yield from walk(following)
        path.pop()
        state[node] = 2

    for start in sorted(edges):
        if start not in state:
            yield from walk(start)


def check(root: Path) -> List[str]:
    """All faults of the tree, a line each."""
    faults: List[str] = []
    folders: Dict[str, Set[str]] = {}
    files: Dict[str, Set[str]] = {}
    unknown: Set[str] = set()
    sources = source_files(root)
    known = set(sources)
    for file in sources:
        source = folder_of(file)
        if source is None:
            unknown.add(str(Path(file).parent))
            continue
        for include in includes_of(root, file):
            fault = fault_of(include)
            if fault:
                faults.append(f"{file}:{include.line}: {fault}")
            if include.target in known and include.target != file:  # some SIMD sources include themselves
                files.setdefault(file, set()).add(include.target)
            target = folder_of(include.target) if _is_ours(include.target) else None
            if target and target != source:
                folders.setdefault(source, set()).add(target)
    faults += [f"{folder}: not in the table of tests/tools/check_layers.py; decide which layer it is" for folder in sorted(unknown)]
    faults += ["folders include each other: " + " → ".join(cycle) for cycle in cycles(folders)]
    faults += ["files include each other: " + " → ".join(cycle) for cycle in cycles(files)]
    return faults


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    faults = check(root)
    for fault in faults:
        print(fault)
    print(f"check_layers: {len(faults)} faults in {len(source_files(root))} files")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
