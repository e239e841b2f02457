#include "daemon/health/systemd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include "runtime/base/status.h"

namespace etd::health {
namespace {

// The path that a Unix socket is bound to; empty for other sockets.
std::string PathOf(int socket) {
  sockaddr_un address{};
  socklen_t size = sizeof(address);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  if (address.sun_family != AF_UNIX || size <= offsetof(sockaddr_un, sun_path)) return "";
  // With or without a zero at its end; an abstract name begins with one.
  std::string path(address.sun_path, size - offsetof(sockaddr_un, sun_path));
  return path.substr(0, path.find('\0'));
}

}  // namespace

void NotifyReady(const std::string& status) { sd_notify(0, fmt::format("READY=1\nSTATUS={}", status).c_str()); }

void NotifyReloading() {
  // systemd orders reloads by this time (Type=notify-reload).
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t micros = static_cast<int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
  sd_notify(0, fmt::format("RELOADING=1\nMONOTONIC_USEC={}", micros).c_str());
}

void NotifyStopping(const std::string& status, Duration limit) {
  const int64_t micros = std::chrono::duration_cast<std::chrono::microseconds>(limit).count();
  sd_notify(0, fmt::format("STOPPING=1\nSTATUS={}\nEXTEND_TIMEOUT_USEC={}", status, micros).c_str());
}

void NotifyWatchdog() { sd_notify(0, "WATCHDOG=1"); }

std::optional<Duration> WatchdogInterval() {
  uint64_t micros = 0;
  if (sd_watchdog_enabled(0, &micros) <= 0) return std::nullopt;
  return std::chrono::microseconds(micros);
}

std::vector<ActivatedSocket> TakeActivatedSockets() {
  std::vector<ActivatedSocket> sockets;
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(1, &names);
  for (int i = 0; i < count; ++i) {
    const int fd = SD_LISTEN_FDS_START + i;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    sockets.push_back({.name = names[i],
                       .path = PathOf(fd),
                       .listens = sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0,
                       .socket = UniqueFd(fd)});
    std::free(names[i]);
  }
  std::free(names);
  return sockets;
}

}  // namespace etd::health
