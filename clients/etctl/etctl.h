// etctl, but for what is the process's: its arguments, streams and signals.
#ifndef ETD_CLIENTS_ETCTL_ETCTL_H_
#define ETD_CLIENTS_ETCTL_ETCTL_H_

#include <string>
#include <vector>

#include "clients/etctl/console.h"
#include "clients/etctl/exit_code.h"
#include "clients/etctl/interrupts.h"

namespace etd::etctl {

// Does what `arguments` (without the program's name) say.
ExitCode RunEtctl(const std::vector<std::string>& arguments, const std::string& version, Console& console,
                  Interrupts& interrupts);

}  // namespace etd::etctl

#endif  // ETD_CLIENTS_ETCTL_ETCTL_H_
