# What the lanes share; sourced by them. A lane exits 0 when it passed, 77 when it cannot run here, else it failed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

jobs=${ETD_JOBS:-$(nproc)}
cmake=/usr/bin/cmake
[ -x "$cmake" ] || cmake=cmake
ctest=$(dirname "$(command -v "$cmake")")/ctest
cache=${ETD_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/etd}

skip() {
  printf 'skipped: %s\n' "$*"
  exit 77
}

need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || skip "$tool is not installed; deploy/dependencies --lanes installs it"
  done
}

# quietly COMMAND…: its output only if it fails.
quietly() {
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1; then rm -f "$log"; else cat "$log"; rm -f "$log"; return 1; fi
}

# build FOLDER [TARGET …]
build() {
  local folder=$1
  shift
  "$cmake" --build "$folder" -j "$jobs" ${@:+--target "$@"} 2>&1 | tests/tools/progress.py
}

# run_tests FOLDER [CTEST_ARGUMENT …]
run_tests() {
  local folder=$1
  shift
  "$ctest" --test-dir "$folder" --output-on-failure --no-tests=error -j "$jobs" "$@"
}

# configure_clang: build/clang, everything built by clang with AddressSanitizer, UndefinedBehaviorSanitizer and the
# coverage that libFuzzer needs. Two lanes share it, so that the slowest build is made once.
configure_clang() {
  need clang++-16
  quietly "$cmake" -S . -B build/clang -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1" -DCMAKE_C_COMPILER=clang-16 -DCMAKE_CXX_COMPILER=clang++-16 -DETD_FUZZ=ON
}

# The comparison of a whole text with the peer's logits belongs to the build that users run: another compiler contracts
# other multiplications with additions, and a few of its 304 positions stand on the edge (measured: 299 to 301 are equal).
without_reference_text() { export GTEST_FILTER=-ReferenceText.*; }
