#include "daemon/auth/file_access.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>
#include <utility>

#include "runtime/base/status.h"

namespace etd::auth {
namespace {

constexpr unsigned kRead = 4;
constexpr unsigned kSearch = 1;

absl::Status OpenError(int error, std::string_view path) {
  if (error == ENOENT || error == ENOTDIR) return NotFound("'{}' does not exist", path);
  if (error == EACCES || error == EPERM) {
    return PermissionDenied("the daemon cannot read '{}'; let its user read it, or put it into a model directory",
                            path);
  }
  return InvalidArgument("cannot open '{}': {}", path, std::strerror(error));
}

absl::Status CallerError(std::string_view path) {
  return PermissionDenied("you cannot read '{}' yourself; the daemon loads only what its caller may read", path);
}

std::string DescriptorPath(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

absl::StatusOr<std::string> RealPath(int fd) {
  char buffer[PATH_MAX];
  const ssize_t size = readlink(DescriptorPath(fd).c_str(), buffer, sizeof(buffer));
  if (size <= 0 || static_cast<size_t>(size) >= sizeof(buffer) || buffer[0] != '/') {
    return Internal("cannot find the real name of an opened file; is /proc mounted?");
  }
  return std::string(buffer, static_cast<size_t>(size));
}

bool HasAcl(int path_fd) {
  // O_PATH descriptors have no fgetxattr; the name in /proc leads to the same inode.
  return getxattr(DescriptorPath(path_fd).c_str(), "system.posix_acl_access", nullptr, 0) > 0;
}

absl::Status CheckPermission(int path_fd, const Identity& caller, unsigned wanted, std::string_view path) {
  struct stat stat {};
  if (fstat(path_fd, &stat) != 0) return OpenError(errno, path);
  if (S_ISLNK(stat.st_mode)) return NotFound("'{}' changed while it was opened; try again", path);
  if (caller.tcp || !ModeAllows(stat, HasAcl(path_fd), caller, wanted)) return CallerError(path);
  return absl::OkStatus();
}

// Walks `real_path` as `caller` would; the O_PATH descriptor of its end.
absl::StatusOr<UniqueFd> Walk(const std::string& real_path, const Identity& caller) {
  constexpr int kFlags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd at(open("/", kFlags | O_DIRECTORY));
  if (!at.valid()) return OpenError(errno, "/");
  size_t begin = 1;
  while (begin < real_path.size()) {
    ETD_RETURN_IF_ERROR(CheckPermission(at.get(), caller, kSearch, real_path));
    size_t end = real_path.find('/', begin);
    if (end == std::string::npos) end = real_path.size();
    const std::string component = real_path.substr(begin, end - begin);
    UniqueFd next(openat(at.get(), component.c_str(), kFlags));
    if (!next.valid()) return OpenError(errno, real_path);
    at = std::move(next);
    begin = end + 1;
  }
  return at;
}

absl::StatusOr<OpenedFile> Reopen(const UniqueFd& path_fd, std::string real_path) {
  OpenedFile file;
  file.real_path = std::move(real_path);
  if (fstat(path_fd.get(), &file.stat) != 0) return OpenError(errno, file.real_path);
  if (!S_ISREG(file.stat.st_mode) && !S_ISDIR(file.stat.st_mode)) {
    return InvalidArgument("'{}' is neither a file nor a folder", file.real_path);
  }
  const int flags = O_RDONLY | O_CLOEXEC | (file.is_directory() ? O_DIRECTORY : 0);
  file.fd.Reset(open(DescriptorPath(path_fd.get()).c_str(), flags));
  if (!file.fd.valid()) return OpenError(errno, file.real_path);
  const bool trusted_owner = file.stat.st_uid == 0 || file.stat.st_uid == geteuid();
  file.others_can_write =
      !trusted_owner || (file.stat.st_mode & (S_IWGRP | S_IWOTH)) != 0 || HasAcl(path_fd.get());
  return file;
}

absl::StatusOr<OpenedFile> Open(const std::string& path, const Identity* caller) {
  if (!path.starts_with('/')) return InvalidArgument("'{}' is not absolute; give the whole path", path);
  if (path.find('\0') != std::string::npos) return InvalidArgument("the path has a zero byte in it");
  UniqueFd opened(open(path.c_str(), O_PATH | O_CLOEXEC));
  // The caller must not learn what lies where it cannot look: what the daemon cannot open says nothing of the reason.
  if (!opened.valid()) return OpenError(errno, path);
  ETD_ASSIGN_OR_RETURN(std::string real_path, RealPath(opened.get()));
  if (caller != nullptr && (caller->tcp || caller->uid != 0)) {
    ETD_ASSIGN_OR_RETURN(opened, Walk(real_path, *caller));
    struct stat stat {};
    if (fstat(opened.get(), &stat) != 0) return OpenError(errno, path);
    const unsigned wanted = S_ISDIR(stat.st_mode) ? kRead | kSearch : kRead;
    ETD_RETURN_IF_ERROR(CheckPermission(opened.get(), *caller, wanted, path));
  }
  return Reopen(opened, std::move(real_path));
}

}  // namespace

bool ModeAllows(const struct stat& stat, bool has_acl, const Identity& caller, unsigned wanted) {
  const unsigned mode = stat.st_mode & 0777;
  if (caller.uid == stat.st_uid) return ((mode >> 6) & wanted) == wanted;
  if (has_acl) return false;
  if (caller.InGroup(stat.st_gid)) return ((mode >> 3) & wanted) == wanted;
  return (mode & wanted) == wanted;
}

absl::StatusOr<OpenedFile> OpenForCaller(const std::string& path, const Identity& caller) {
  return Open(path, &caller);
}

absl::StatusOr<OpenedFile> OpenForDaemon(const std::string& path) { return Open(path, nullptr); }

absl::StatusOr<std::vector<std::string>> ListDirectory(const OpenedFile& directory) {
  const int fd = fcntl(directory.fd.get(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return Internal("cannot list '{}': {}", directory.real_path, std::strerror(errno));
  DIR* stream = fdopendir(fd);
  if (stream == nullptr) {
    const int error = errno;
    close(fd);
    return OpenError(error, directory.real_path);
  }
  rewinddir(stream);  // the position is shared with the descriptor that was copied
  std::vector<std::string> names;
  while (const dirent* entry = readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace etd::auth
