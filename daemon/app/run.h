// The daemon's process: command line, signals, drain, watchdog.
#ifndef ETD_DAEMON_APP_RUN_H_
#define ETD_DAEMON_APP_RUN_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/app/daemon.h"
#include "daemon/config/config.h"

namespace etd::app {

// Made once the configuration is known: the number of threads stands in it.
using FactoryMaker = std::function<absl::StatusOr<Factories>(const config::Config& config)>;

// Runs until SIGTERM or SIGINT. The process's exit status: 0, 1 (failed), 2 (wrong usage or configuration).
int RunDaemon(int argc, char** argv, const std::string& version, const FactoryMaker& make_factories);

}  // namespace etd::app

#endif  // ETD_DAEMON_APP_RUN_H_
