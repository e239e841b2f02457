// `etrun generate`: a prompt through a model folder, without the daemon.
#ifndef ETD_RUNTIME_ETRUN_GENERATE_COMMAND_H_
#define ETD_RUNTIME_ETRUN_GENERATE_COMMAND_H_

#include <optional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "runtime/text/sampling/sampler.h"

namespace etd::etrun {

struct GenerateOptions {
  std::string model;         // a folder, or a program whose folder holds the tokenizer
  std::string tokenizer;     // empty: tokenizer.json beside the program
  std::string prompt;
  std::string system;        // a system message in front; empty: none
  bool raw = false;          // the prompt as it is, no chat template
  std::string ids;           // token ids separated by commas instead of a prompt
  bool print_ids = false;    // ids instead of text
  int max_tokens = 256;
  int threads = 0;
  bool reference = false;
  text::SamplingParams sampling;
};

// Writes the text to `out` as it is made and a line about speed to `log`. Errors: what is wrong with files or options.
absl::Status RunGenerate(const GenerateOptions& options, std::ostream& out, std::ostream& log);

}  // namespace etd::etrun

#endif  // ETD_RUNTIME_ETRUN_GENERATE_COMMAND_H_
