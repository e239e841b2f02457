// What a status means to the shell, and to the person before it.
#ifndef ETD_CLIENTS_ETCTL_EXIT_CODE_H_
#define ETD_CLIENTS_ETCTL_EXIT_CODE_H_

#include <string>

#include "absl/status/status.h"

namespace etd::etctl {

// Part of etctl's contract: numbers keep their meaning.
enum class ExitCode {
  kOk = 0,
  kError = 1,
  kUsage = 2,          // the command line is wrong
  kNotFound = 3,       // no such model, session, request or file
  kRefused = 4,        // busy, full, not permitted, or shutting down
  kNoConnection = 5,   // no daemon there, or it went away
  kInterrupted = 130,  // Ctrl-C
};

// The same as lines for --help.
extern const char kExitCodeHelp[];

ExitCode ExitCodeOf(const absl::Status& status);

// One line that says what is wrong and what to do about it.
std::string Explain(const absl::Status& status);

}  // namespace etd::etctl

#endif  // ETD_CLIENTS_ETCTL_EXIT_CODE_H_
