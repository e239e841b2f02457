// Accepts connections: limits, identity, and the first bytes, before any protocol sees them.
#ifndef ETD_DAEMON_SERVICE_LISTENER_H_
#define ETD_DAEMON_SERVICE_LISTENER_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/service/connection.h"
#include "daemon/service/event_loop.h"
#include "daemon/service/service.h"
#include "runtime/base/mutex.h"
#include "runtime/base/unique_fd.h"

namespace etd::service {

struct ListenerLimits {
  uint32_t max_connections = 256;
  uint32_t max_connections_per_tenant = 32;
  Duration hello_timeout = std::chrono::seconds(10);
};

// A listening Unix socket at `path`: its folder is made if need be, a socket that nobody listens on is replaced.
// Errors: FAILED_PRECONDITION (another daemon listens there), PERMISSION_DENIED, INVALID_ARGUMENT (path too long).
absl::StatusOr<UniqueFd> ListenUnix(const std::string& path, uint32_t mode, std::optional<gid_t> group);
// "127.0.0.1:7070", "[::1]:0". INVALID_ARGUMENT for addresses that are not loopback.
absl::StatusOr<UniqueFd> ListenTcp(const std::string& address);
// The port of a listening TCP socket.
uint16_t PortOf(int socket);

// On the loop's thread, but for the functions that say otherwise.
class Listener {
 public:
  // Borrows; the loop must have stopped before the listener goes.
  Listener(EventLoop* loop, const ListenerLimits& limits, ConnectionStats* stats);
  ~Listener();

  // Any thread, before the first connection. Takes the socket; `server` is borrowed.
  void Add(UniqueFd socket, bool tcp, ConnectionServer* server);
  // No more connections from now on; those that are open stay.
  void StopAccepting();
  void SetLimits(const ListenerLimits& limits) { limits_ = limits; }
  // Any thread.
  uint32_t ConnectionsOf(const std::string& tenant) const;

 private:
  struct Door {
    UniqueFd socket;
    bool tcp = false;
    ConnectionServer* server = nullptr;
  };
  struct Guest;

  void Accept(Door* door);
  void Greet(int fd);
  void Drop(int fd);
  bool Enter(const std::string& tenant, ConnectionServer* server, int socket);
  void Leave(const std::string& tenant);

  EventLoop* const loop_;
  ListenerLimits limits_;
  ConnectionStats* const stats_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::map<int, std::unique_ptr<Guest>> guests_;  // connections that have not said hello
  mutable Mutex mutex_;
  std::map<std::string, uint32_t> open_ ETD_GUARDED_BY(mutex_);
};

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_LISTENER_H_
