// Where the daemon listens, and the way there.
#ifndef ETD_CLIENTS_CPP_SOCKET_H_
#define ETD_CLIENTS_CPP_SOCKET_H_

#include <string>

#include "absl/status/statusor.h"

namespace etd::client {

// What the choice of the socket depends on.
struct SocketEnvironment {
  std::string chosen;             // $ETD_SOCKET
  std::string runtime_directory;  // $XDG_RUNTIME_DIR
  bool root = false;
};

// Of the calling process. Any thread that does not run beside setenv.
SocketEnvironment ReadSocketEnvironment();

// The first that applies: $ETD_SOCKET; for root /run/etd/etd.sock; $XDG_RUNTIME_DIR/etd/etd.sock, a daemon of the
// user's own, if that file exists; /run/etd/etd.sock if that exists; and where neither does, the place where a daemon
// of the user's own would listen, or the system's without $XDG_RUNTIME_DIR.
std::string DefaultSocket(const SocketEnvironment& environment);

// A connected, non-blocking stream socket that the caller closes. Errors carry the mark of a connection error
// (IsConnectionError in error.h): UNAVAILABLE when nobody listens, PERMISSION_DENIED, INVALID_ARGUMENT for a path that
// cannot be a socket's.
absl::StatusOr<int> ConnectSocket(const std::string& path);

// The other side of `socket` has gone. Reads nothing, waits for nothing.
bool PeerHasGone(int socket);

}  // namespace etd::client

#endif  // ETD_CLIENTS_CPP_SOCKET_H_
