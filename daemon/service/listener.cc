#include "daemon/service/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "runtime/base/status.h"

namespace etd::service {
namespace {

constexpr int kBacklog = 128;

absl::StatusOr<sockaddr_un> UnixAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return InvalidArgument("the socket's path '{}' must have 1 to {} bytes", path, sizeof(address.sun_path) - 1);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// Removes a socket that a daemon left behind.
absl::Status RemoveStale(const sockaddr_un& address, const std::string& path) {
  struct stat stat {};
  if (lstat(path.c_str(), &stat) != 0) return absl::OkStatus();
  if (!S_ISSOCK(stat.st_mode)) return FailedPrecondition("'{}' is there and no socket; remove it", path);
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return FailedPrecondition("another daemon listens on '{}'; stop it, or set socket.path", path);
  }
  unlink(path.c_str());
  return absl::OkStatus();
}

absl::Status SystemError(std::string_view what, const std::string& path) {
  const auto code = errno == EACCES || errno == EPERM ? absl::StatusCode::kPermissionDenied
                                                      : absl::StatusCode::kFailedPrecondition;
  return MakeStatus(code, "cannot {} '{}': {}", what, path, std::strerror(errno));
}

}  // namespace

absl::StatusOr<UniqueFd> ListenUnix(const std::string& path, uint32_t mode, std::optional<gid_t> group) {
  ETD_ASSIGN_OR_RETURN(const sockaddr_un address, UnixAddress(path));
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  ETD_RETURN_IF_ERROR(RemoveStale(address, path));
  UniqueFd listening(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listening.valid()) return SystemError("make a socket for", path);
  // Nobody may connect before mode and group are right.
  const mode_t before = umask(0777);
  const int bound = bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  umask(before);
  if (bound != 0) return SystemError("listen on", path);
  if (group && chown(path.c_str(), static_cast<uid_t>(-1), *group) != 0) return SystemError("set the group of", path);
  if (chmod(path.c_str(), mode) != 0) return SystemError("set the mode of", path);
  if (listen(listening.get(), kBacklog) != 0) return SystemError("listen on", path);
  return listening;
}

absl::StatusOr<UniqueFd> ListenTcp(const std::string& address) {
  const size_t colon = address.rfind(':');
  uint16_t port = 0;
  const char* end = address.data() + address.size();
  const bool has_port = colon != std::string::npos &&
                        std::from_chars(address.data() + colon + 1, end, port).ptr == end && colon + 1 < address.size();
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const bool is_v4 = inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1;
  const bool is_v6 = !is_v4 && inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1;
  const bool loopback = is_v4 ? (ntohl(v4.sin_addr.s_addr) >> 24) == 127 : is_v6 && IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
  if (!has_port || !loopback) {
    return InvalidArgument("tcp.listen '{}' must be a loopback address with a port, such as \"127.0.0.1:7070\"",
                           address);
  }
  UniqueFd listening(socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int one = 1;
  setsockopt(listening.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  const int bound = is_v4 ? bind(listening.get(), reinterpret_cast<const sockaddr*>(&v4), sizeof(v4))
                          : bind(listening.get(), reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
  if (bound != 0 || listen(listening.get(), kBacklog) != 0) return SystemError("listen on", address);
  return listening;
}

uint16_t PortOf(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  if (storage.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
}

// A connection that was accepted and has not said hello.
struct Listener::Guest {
  UniqueFd socket;
  auth::Peer peer;
  ConnectionServer* server = nullptr;
  EventLoop::TimerId timeout;
};

Listener::Listener(EventLoop* loop, const ListenerLimits& limits, ConnectionStats* stats)
    : loop_(loop), limits_(limits), stats_(stats) {}

Listener::~Listener() = default;

void Listener::Add(UniqueFd socket, bool tcp, ConnectionServer* server) {
  auto door = std::make_unique<Door>();
  door->socket = std::move(socket);
  door->tcp = tcp;
  door->server = server;
  Door* raw = door.get();
  auto shared = std::make_shared<std::unique_ptr<Door>>(std::move(door));
  loop_->Post([this, raw, shared] {
    doors_.push_back(std::move(*shared));
    loop_->Watch(raw->socket.get(), EPOLLIN, [this, raw](uint32_t) { Accept(raw); });
  });
}

void Listener::StopAccepting() {
  for (const auto& door : doors_) loop_->Unwatch(door->socket.get());
  doors_.clear();
}

uint32_t Listener::ConnectionsOf(const std::string& tenant) const {
  MutexLock lock(mutex_);
  const auto found = open_.find(tenant);
  return found == open_.end() ? 0 : found->second;
}

bool Listener::Enter(const std::string& tenant, ConnectionServer* server, int socket) {
  if (stats_->open >= limits_.max_connections) {
    ++stats_->refused;
    server->Refuse(socket, "the daemon has as many connections as it may (limits.max_connections); retry later");
    return false;
  }
  {
    MutexLock lock(mutex_);
    uint32_t& count = open_[tenant];
    if (count < limits_.max_connections_per_tenant) {
      ++count;
      ++stats_->open;
      return true;
    }
  }
  ++stats_->refused;
  server->Refuse(socket, "you have as many connections as a user may (limits.max_connections_per_user); close one");
  return false;
}

void Listener::Leave(const std::string& tenant) {
  --stats_->open;
  MutexLock lock(mutex_);
  const auto found = open_.find(tenant);
  if (found != open_.end() && --found->second == 0) open_.erase(found);
}

void Listener::Accept(Door* door) {
  UniqueFd socket(accept4(door->socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket.valid()) {
    if (errno == EMFILE || errno == ENFILE) spdlog::warn("no descriptors left for a connection");
    return;
  }
  absl::StatusOr<auth::Peer> peer = auth::TcpPeer();
  if (!door->tcp) peer = auth::PeerOf(socket.get());
  if (!peer.ok()) {
    spdlog::warn("connection without identity: {}", ToStd(peer.status().message()));
    return;
  }
  if (door->tcp) {
    const int one = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  }
  ++stats_->accepted;
  if (!Enter(peer->identity.tenant(), door->server, socket.get())) return;
  const int fd = socket.get();
  auto guest = std::make_unique<Guest>();
  guest->socket = std::move(socket);
  guest->peer = *std::move(peer);
  guest->server = door->server;
  guest->timeout = loop_->At(loop_->clock().Now() + limits_.hello_timeout, [this, fd] { Drop(fd); });
  guests_.emplace(fd, std::move(guest));
  loop_->Watch(fd, EPOLLIN | EPOLLRDHUP, [this, fd](uint32_t) { Greet(fd); });
}

void Listener::Drop(int fd) {
  const auto found = guests_.find(fd);
  if (found == guests_.end()) return;
  const std::unique_ptr<Guest> guest = std::move(found->second);
  guests_.erase(found);
  loop_->CancelTimer(guest->timeout);
  loop_->Unwatch(fd);
  Leave(guest->peer.identity.tenant());
}

void Listener::Greet(int fd) {
  const auto found = guests_.find(fd);
  if (found == guests_.end()) return;
  Guest& guest = *found->second;
  const std::string_view hello = guest.server->hello();
  std::array<char, 64> bytes;
  const ssize_t got = recv(fd, bytes.data(), std::min(bytes.size(), hello.size()), MSG_PEEK);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const std::string_view seen(bytes.data(), got < 0 ? 0 : static_cast<size_t>(got));
  if (seen.empty() || !hello.starts_with(seen)) {
    if (!seen.empty()) guest.server->Refuse(fd, "this socket speaks another protocol; see proto/README.md");
    return Drop(fd);
  }
  if (seen.size() < hello.size()) {
    // Peeking leaves the bytes there: a level-triggered wait would spin until the rest has come.
    loop_->Rewatch(fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
    return;
  }
  const std::unique_ptr<Guest> adopted = std::move(found->second);
  guests_.erase(found);
  loop_->CancelTimer(adopted->timeout);
  loop_->Unwatch(fd);
  const std::string tenant = adopted->peer.identity.tenant();
  adopted->server->Adopt(std::move(adopted->socket), adopted->peer, [this, tenant] { Leave(tenant); });
}

}  // namespace etd::service
