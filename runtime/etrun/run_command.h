// `etrun run`: one call of a method with NumPy files, or the recorded calls of a meta.json.
#ifndef ETD_RUNTIME_ETRUN_RUN_COMMAND_H_
#define ETD_RUNTIME_ETRUN_RUN_COMMAND_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace etd::etrun {

struct RunOptions {
  std::string program;
  std::vector<std::string> data_files;
  std::string method = "forward";
  std::vector<std::string> inputs;  // .npy files in order
  std::string calls;                // a meta.json; then program, data_files, method and inputs come from it
  std::string output_dir;
  int threads = 0;
  bool reference = false;           // the instruction list as it stands
};

// Writes output k as out_k.npy (or the names that the calls give) into output_dir, which is created. bfloat16 is read and
// written as uint16 bits; scalars as 0-d arrays. Errors: those of files, of loading and of the call.
absl::Status RunProgram(const RunOptions& options);

}  // namespace etd::etrun

#endif  // ETD_RUNTIME_ETRUN_RUN_COMMAND_H_
