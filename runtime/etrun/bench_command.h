// `etrun bench`: how fast a causal language model reads a prompt and writes a text, by the engine that Generate uses.
#ifndef ETD_RUNTIME_ETRUN_BENCH_COMMAND_H_
#define ETD_RUNTIME_ETRUN_BENCH_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace etd::etrun {

struct BenchOptions {
  std::string program;
  std::vector<std::string> data_files;
  int prompt = 128;  // tokens
  int generate = 64;  // tokens
  int threads = 0;   // 0: one per core
  int repeat = 5;
  int chunk = 0;     // tokens a segment; 0: as many as the model takes
  int sessions = 1;  // that decode together
  bool json = false;
  bool reference = false;
};

// Errors: those of loading; INVALID_ARGUMENT for numbers that make no sense or do not fit the context.
absl::Status RunBench(const BenchOptions& options, std::ostream& out);

}  // namespace etd::etrun

#endif  // ETD_RUNTIME_ETRUN_BENCH_COMMAND_H_
