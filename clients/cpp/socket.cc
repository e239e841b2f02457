#include "clients/cpp/socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "clients/cpp/error.h"

namespace etd::client {
namespace {

constexpr char kSystemSocket[] = "/run/etd/etd.sock";

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

absl::Status ErrorOf(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
    case ECONNREFUSED:
    case ENOTDIR:
      return ConnectionError(absl::StatusCode::kUnavailable, fmt::format("no etd is listening at {}", path));
    case EACCES:
    case EPERM:
      return ConnectionError(absl::StatusCode::kPermissionDenied, fmt::format("you may not connect to {}", path));
    case EPROTOTYPE:
      return ConnectionError(absl::StatusCode::kInvalidArgument, fmt::format("{} is no stream socket", path));
    // A Unix socket has a queue of connections that wait to be accepted; a full one is no room to wait in.
    case EAGAIN:
      return ConnectionError(absl::StatusCode::kUnavailable,
                             fmt::format("etd at {} has too many connections waiting; try again", path));
    default:
      return ConnectionError(absl::StatusCode::kUnavailable,
                             fmt::format("cannot connect to {}: {}", path, std::strerror(error)));
  }
}

}  // namespace

SocketEnvironment ReadSocketEnvironment() {
  return {.chosen = Variable("ETD_SOCKET"), .runtime_directory = Variable("XDG_RUNTIME_DIR"), .root = geteuid() == 0};
}

std::string DefaultSocket(const SocketEnvironment& environment) {
  if (!environment.chosen.empty()) return environment.chosen;
  if (environment.root || environment.runtime_directory.empty()) return kSystemSocket;
  const std::string own = environment.runtime_directory + "/etd/etd.sock";
  return Exists(own) || !Exists(kSystemSocket) ? own : kSystemSocket;
}

absl::StatusOr<int> ConnectSocket(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    constexpr size_t kLongest = sizeof(address.sun_path) - 1;
    return ConnectionError(absl::StatusCode::kInvalidArgument,
                           fmt::format("the path of a socket has 1 to {} bytes: '{}'", kLongest, path));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return ErrorOf(errno, path);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  const int error = errno;
  close(fd);
  return ErrorOf(error, path);
}

bool PeerHasGone(int socket) {
  pollfd poller = {.fd = socket, .events = POLLRDHUP, .revents = 0};
  return poll(&poller, 1, 0) > 0 && (poller.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace etd::client
