#include "clients/etctl/console.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "clients/etctl/format.h"

namespace etd::etctl {

Console ProcessConsole() {
  Console console{.in = std::cin, .out = std::cout, .err = std::cerr};
  console.in_is_terminal = isatty(STDIN_FILENO) == 1;
  console.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  console.err_is_terminal = isatty(STDERR_FILENO) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool refused = (no_color != nullptr && *no_color != '\0') || terminal == nullptr ||
                       std::string_view(terminal) == "dumb";
  console.colours = console.out_is_terminal && !refused;
  return console;
}

void PrintError(Console& console, std::string_view text) {
  console.out.flush();
  console.err << "etctl: " << Visible(text, false) << std::endl;
}

}  // namespace etd::etctl
