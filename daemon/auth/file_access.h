// Opens files that a caller names: only what the caller could read without the daemon.
//
// How it is checked, for callers other than root:
// 1. The path is opened with O_PATH, following symbolic links, and the kernel is asked for its real name
//    (/proc/self/fd). The links themselves need no check: the caller could have used the real name.
// 2. The real name is walked from the root directory, component by component, with openat(O_PATH | O_NOFOLLOW) on the
//    directory opened before. Each directory's fstat must give the caller search permission, the last component's read
//    permission (and search permission, for a folder that is to be used as such). Nothing is looked up by name twice:
//    what was checked is what is opened, whoever renames things meanwhile. A link where the real name had none means
//    that somebody did; that is an error.
// 3. Permission is what the mode bits say, by the first class that applies: owner, then group (the connection's gid and
//    supplementary groups, as the kernel reported them), then others. Where a file has a POSIX access control list the
//    group bits only bound it and entries could deny: then only the owner's bits count, and all else is refused.
// The descriptor that was checked is reopened for reading through /proc/self/fd, which opens the very same inode.
#ifndef ETD_DAEMON_AUTH_FILE_ACCESS_H_
#define ETD_DAEMON_AUTH_FILE_ACCESS_H_

#include <sys/stat.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/auth/identity.h"
#include "runtime/base/unique_fd.h"

namespace etd::auth {

struct OpenedFile {
  UniqueFd fd;            // read-only
  std::string real_path;
  struct stat stat = {};
  // Somebody other than root and the daemon's user could change the bytes: owner, group or others may write.
  bool others_can_write = false;

  bool is_directory() const { return S_ISDIR(stat.st_mode); }
};

// `path` must be absolute and name a regular file or a directory. Errors: INVALID_ARGUMENT, NOT_FOUND,
// PERMISSION_DENIED (as for files that are there but not readable).
absl::StatusOr<OpenedFile> OpenForCaller(const std::string& path, const Identity& caller);

// As OpenForCaller for the daemon itself: whatever it can open.
absl::StatusOr<OpenedFile> OpenForDaemon(const std::string& path);

// Whether the mode bits give `caller` all of `wanted` (4 read, 2 write, 1 search). `has_acl` as in point 3 above.
bool ModeAllows(const struct stat& stat, bool has_acl, const Identity& caller, unsigned wanted);

// Names of the entries of an opened directory, sorted, without "." and "..".
absl::StatusOr<std::vector<std::string>> ListDirectory(const OpenedFile& directory);

}  // namespace etd::auth

#endif  // ETD_DAEMON_AUTH_FILE_ACCESS_H_
