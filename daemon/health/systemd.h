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
void NotifyStopping(const std::string& status);
void NotifyWatchdog();

// Within which time systemd wants to hear NotifyWatchdog; nothing when it does not.
std::optional<Duration> WatchdogInterval();

// Sockets that systemd opened for us, with their FileDescriptorName. Once per process.
struct ActivatedSocket {
  std::string name;
  UniqueFd socket;
};
std::vector<ActivatedSocket> TakeActivatedSockets();

}  // namespace etd::health

#endif  // ETD_DAEMON_HEALTH_SYSTEMD_H_
