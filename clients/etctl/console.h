// Where a command reads and writes.
#ifndef ETD_CLIENTS_ETCTL_CONSOLE_H_
#define ETD_CLIENTS_ETCTL_CONSOLE_H_

#include <istream>
#include <ostream>
#include <string_view>

namespace etd::etctl {

struct Console {
  std::istream& in;
  std::ostream& out;  // results
  std::ostream& err;  // all else
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colours = false;  // of `out`; never when NO_COLOR is set or it is no terminal
};

// Of this process: std::cin, std::cout, std::cerr.
Console ProcessConsole();

// A line on `err`, behind "etctl: ".
void PrintError(Console& console, std::string_view text);

}  // namespace etd::etctl

#endif  // ETD_CLIENTS_ETCTL_CONSOLE_H_
