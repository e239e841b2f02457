#include "clients/etctl/etctl.h"

#include <memory>
#include <variant>

#include "clients/cpp/client.h"
#include "clients/cpp/socket.h"
#include "clients/etctl/command_line.h"
#include "clients/etctl/commands.h"
#include "clients/etctl/json.h"

namespace etd::etctl {

ExitCode Fail(Context& context, const absl::Status& status) {
  PrintError(context.console, Explain(status));
  return ExitCodeOf(status);
}

void PrintJson(Context& context, const google::protobuf::Message& message) {
  context.console.out << JsonText(message, true) << '\n';
}

ExitCode RunEtctl(const std::vector<std::string>& arguments, const std::string& version, Console& console,
                  Interrupts& interrupts) {
  const CommandLine line = ParseCommandLine(arguments, version);
  console.out << line.out;
  console.err << line.err;
  if (!line.command) return line.exit_code;
  const std::string socket = line.socket.empty() ? client::DefaultSocket(client::ReadSocketEnvironment()) : line.socket;
  const auto client = client::Client::Connect(socket);
  if (!client.ok()) {
    PrintError(console, Explain(client.status()));
    return ExitCodeOf(client.status());
  }
  Context context{.client = **client, .console = console, .interrupts = interrupts, .json = line.json};
  const ExitCode code = std::visit([&](const auto& options) { return Run(context, options); }, *line.command);
  console.out.flush();
  if (console.out || code != ExitCode::kOk) return code;
  PrintError(console, "the output cannot be written");
  return ExitCode::kError;
}

}  // namespace etd::etctl
