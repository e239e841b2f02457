// The daemon, composed: scheduler, models, service and transports, wired by the configuration.
#ifndef ETD_DAEMON_APP_DAEMON_H_
#define ETD_DAEMON_APP_DAEMON_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/config/config.h"
#include "daemon/models/loader.h"
#include "runtime/base/clock.h"

namespace etd::app {

// How files become models. The daemon itself knows neither programs nor tokenizers.
struct Factories {
  models::ModelLoader load_model;
  models::TextLoader load_text;
};

// One thread (main's), but for what says otherwise.
class Daemon {
 public:
  // Listens when it returns. `config` is resolved. Errors: those of the sockets and groups.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const config::Config& config, Factories factories,
                                                       const std::string& version, const Clock& clock);
  // Ends everything that Drain has not ended.
  ~Daemon();

  // Takes over what can change while running; logs what cannot. Errors leave all as it was.
  absl::Status Reload(const config::Config& config);

  // No new connections and requests from now on. Running requests go on.
  void BeginDrain();
  // Whether no request waits or runs.
  bool Idle();
  // Ends the requests that are left with UNAVAILABLE.
  void CancelAll();

  // When the scheduler last went round; for the watchdog.
  TimePoint last_turn() const;
  // "gRPC on /run/etd/etd.sock, frames on …".
  std::string Where() const;

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace etd::app

#endif  // ETD_DAEMON_APP_DAEMON_H_
