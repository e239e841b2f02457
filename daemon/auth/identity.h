// Who stands behind a connection, as the kernel says.
#ifndef ETD_DAEMON_AUTH_IDENTITY_H_
#define ETD_DAEMON_AUTH_IDENTITY_H_

#include <sys/types.h>

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace etd::auth {

// What decisions are made from; connections with equal identities are equal for the daemon.
struct Identity {
  bool tcp = false;            // over TCP nobody is known: all callers are one tenant
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;   // supplementary, sorted

  auto operator<=>(const Identity&) const = default;

  // "uid:1000", or "tcp".
  std::string tenant() const;
  bool InGroup(gid_t group) const;
};

struct Peer {
  Identity identity;
  pid_t pid = 0;               // for people: it may have ended, or handed the socket on
};

// The process that connected the Unix socket `fd`, by SO_PEERCRED and SO_PEERGROUPS. Errors: INTERNAL.
absl::StatusOr<Peer> PeerOf(int fd);
Peer TcpPeer();

// Who may do what beyond their own requests. Copies are cheap; const methods are thread-safe.
class Policy {
 public:
  // Without a group only root and the daemon's own user are administrators.
  explicit Policy(std::optional<gid_t> admin_group = std::nullopt);
  bool IsAdministrator(const Identity& identity) const;

 private:
  uid_t daemon_uid_;
  std::optional<gid_t> admin_group_;
};

// The number of the group with this name (or number). NOT_FOUND.
absl::StatusOr<gid_t> FindGroup(const std::string& name);

}  // namespace etd::auth

#endif  // ETD_DAEMON_AUTH_IDENTITY_H_
