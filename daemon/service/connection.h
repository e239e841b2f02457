// Between whoever accepts connections and whoever speaks a protocol on them.
#ifndef ETD_DAEMON_SERVICE_CONNECTION_H_
#define ETD_DAEMON_SERVICE_CONNECTION_H_

#include <functional>
#include <string_view>

#include "daemon/auth/identity.h"
#include "runtime/base/unique_fd.h"

namespace etd::service {

// Speaks one protocol. All on the event loop's thread.
class ConnectionServer {
 public:
  virtual ~ConnectionServer() = default;
  // What a client says first; a connection is adopted when its first bytes are these.
  virtual std::string_view hello() const = 0;
  // Takes over a non-blocking socket, of which nothing was read. `closed` is called once, on the loop's thread, when
  // the connection has ended.
  virtual void Adopt(UniqueFd socket, const auth::Peer& peer, std::function<void()> closed) = 0;
  // Tells a client why it is not served, as far as the protocol can, before its socket is closed.
  virtual void Refuse(int socket, std::string_view why) = 0;
};

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_CONNECTION_H_
