// What systemd wants to know of a Type=notify service. All of it does nothing when nobody listens.
#ifndef ETD_DAEMON_HEALTH_SYSTEMD_H_
#define ETD_DAEMON_HEALTH_SYSTEMD_H_

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/unique_fd.h"

namespace etd::health {

void NotifyReady(const std::string& status);
void NotifyReloading();
// `limit`: how long the end may take; systemd waits for so long, whatever TimeoutStopSec= says.
void NotifyStopping(const std::string& status, Duration limit);
void NotifyWatchdog();

// Within which time systemd wants to hear NotifyWatchdog; nothing when it does not.
std::optional<Duration> WatchdogInterval();

// A socket that systemd opened for us; non-blocking, closed on exec.
struct ActivatedSocket {
  std::string name;        // FileDescriptorName=; by default the name of the socket unit
  std::string path;        // where it is bound; empty where it is no Unix socket
  bool listens = false;    // a Unix stream socket that listens
  UniqueFd socket;
};
// In the order of the socket unit. Once per process: what is left of the environment names none.
std::vector<ActivatedSocket> TakeActivatedSockets();

}  // namespace etd::health

#endif  // ETD_DAEMON_HEALTH_SYSTEMD_H_
