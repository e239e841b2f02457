#include "daemon/auth/identity.h"

#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "runtime/base/status.h"

namespace etd::auth {

std::string Identity::tenant() const { return tcp ? "tcp" : fmt::format("uid:{}", uid); }

bool Identity::InGroup(gid_t group) const {
  return !tcp && (gid == group || std::binary_search(groups.begin(), groups.end(), group));
}

absl::StatusOr<Peer> PeerOf(int fd) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return Internal("SO_PEERCRED: {}", std::strerror(errno));
  }
  Peer peer{.identity = {.tcp = false, .uid = credentials.uid, .gid = credentials.gid, .groups = {}},
            .pid = credentials.pid};
  std::vector<gid_t>& groups = peer.identity.groups;
  groups.resize(64);
  for (;;) {
    size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) break;
    // With ERANGE the kernel says how much room it needs.
    if (errno != ERANGE || size / sizeof(gid_t) <= groups.size()) {
      return Internal("SO_PEERGROUPS: {}", std::strerror(errno));
    }
    groups.resize(size / sizeof(gid_t));
  }
  groups.resize(size / sizeof(gid_t));
  std::sort(groups.begin(), groups.end());
  return peer;
}

Peer TcpPeer() {
  Peer peer;
  peer.identity.tcp = true;
  peer.identity.uid = static_cast<uid_t>(-1);
  peer.identity.gid = static_cast<gid_t>(-1);
  return peer;
}

Policy::Policy(std::optional<gid_t> admin_group) : daemon_uid_(geteuid()), admin_group_(admin_group) {}

bool Policy::IsAdministrator(const Identity& identity) const {
  if (identity.tcp) return false;
  return identity.uid == 0 || identity.uid == daemon_uid_ || (admin_group_ && identity.InGroup(*admin_group_));
}

absl::StatusOr<gid_t> FindGroup(const std::string& name) {
  gid_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc() && end == name.data() + name.size()) return number;
  std::vector<char> buffer(16384);
  group entry{};
  group* found = nullptr;
  const int failed = getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (failed != 0 || found == nullptr) return NotFound("there is no group '{}'", name);
  return found->gr_gid;
}

}  // namespace etd::auth
