// `etrun inspect`: what a program is made of, and whether this build can run it.
#ifndef ETD_RUNTIME_ETRUN_INSPECT_COMMAND_H_
#define ETD_RUNTIME_ETRUN_INSPECT_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace etd::etrun {

struct InspectOptions {
  std::string program;
  std::vector<std::string> data_files;
  bool json = false;
  bool rows = false;  // of a causal language model's nodes instead
};

// Methods with their signatures, delegates, which operators run where, the memory plan, and what is missing. Errors: those
// of reading the files; a program that can't run here is no error.
absl::Status RunInspect(const InspectOptions& options, std::ostream& out);

}  // namespace etd::etrun

#endif  // ETD_RUNTIME_ETRUN_INSPECT_COMMAND_H_
