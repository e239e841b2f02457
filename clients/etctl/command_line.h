// What stands on etctl's command line.
#ifndef ETD_CLIENTS_ETCTL_COMMAND_LINE_H_
#define ETD_CLIENTS_ETCTL_COMMAND_LINE_H_

#include <optional>
#include <string>
#include <vector>

#include "clients/etctl/commands.h"

namespace etd::etctl {

struct CommandLine {
  std::string socket;  // empty: the default one
  bool json = false;
  std::optional<Command> command;  // nothing: `exit_code` and the texts are all there is to do
  ExitCode exit_code = ExitCode::kOk;
  std::string out;  // of --help and --version
  std::string err;  // what is wrong
};

// `arguments` without the program's name. Never fails: what is wrong is in the result.
CommandLine ParseCommandLine(const std::vector<std::string>& arguments, const std::string& version);

}  // namespace etd::etctl

#endif  // ETD_CLIENTS_ETCTL_COMMAND_LINE_H_
