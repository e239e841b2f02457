// The one place of the daemon that names kernels, backends and tokenizers.
#ifndef ETD_DAEMON_APP_RUNTIME_FACTORIES_H_
#define ETD_DAEMON_APP_RUNTIME_FACTORIES_H_

#include "absl/status/statusor.h"
#include "daemon/app/daemon.h"
#include "daemon/config/config.h"

namespace etd::app {

// Loaders over the runtime, which share one thread pool and one set of kernels; these live as long as the factories
// and every model made by them.
absl::StatusOr<Factories> MakeRuntimeFactories(const config::Config& config);

}  // namespace etd::app

#endif  // ETD_DAEMON_APP_RUNTIME_FACTORIES_H_
