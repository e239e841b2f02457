// etctl, the command line of etd.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "clients/etctl/console.h"
#include "clients/etctl/etctl.h"
#include "clients/etctl/interrupts.h"

int main(int argc, char** argv) {
  // gRPC would tell on standard error what etctl tells in its own words.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  etd::etctl::Interrupts interrupts;
  interrupts.TakeSignal();
  etd::etctl::Console console = etd::etctl::ProcessConsole();
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  return static_cast<int>(etd::etctl::RunEtctl(arguments, ETD_VERSION, console, interrupts));
}
