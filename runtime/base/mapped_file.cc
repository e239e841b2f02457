#include "runtime/base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/base/unique_fd.h"

namespace etd {
namespace {

absl::Status ErrnoStatus(int error, const std::string& name, const char* what) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return NotFound("{}: no such file", name);
    case EACCES:
    case EPERM:
      return PermissionDenied("{}: permission denied", name);
    case ENOMEM:
      return ResourceExhausted("{}: not enough memory to {} it", name, what);
    default:
      return InvalidArgument("{}: cannot {} it: {}", name, what, std::strerror(error));
  }
}

absl::Status ReadAll(int fd, const std::string& name, std::byte* target, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t count = pread(fd, target + done, size - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, name, "read");
    if (count == 0) return InvalidArgument("{}: became shorter while it was read", name);
    done += static_cast<size_t>(count);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path, Mode mode) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return ErrnoStatus(errno, path, "open");
  return FromFd(fd.get(), path, mode);
}

absl::StatusOr<MappedFile> MappedFile::FromFd(int fd, const std::string& name, Mode mode) {
  struct stat info{};
  if (fstat(fd, &info) != 0) return ErrnoStatus(errno, name, "inspect");
  if (!S_ISREG(info.st_mode)) return InvalidArgument("{}: not a regular file", name);
  if (info.st_size <= 0) return InvalidArgument("{}: the file is empty", name);
  const size_t size = static_cast<size_t>(info.st_size);
  const bool copy = mode == Mode::kCopy;
  void* address = copy ? mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                       : mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) return ErrnoStatus(errno, name, "map");
  MappedFile file;
  file.data_ = static_cast<const std::byte*>(address);
  file.size_ = size;
  file.mode_ = mode;
  if (copy) {
    ETD_RETURN_IF_ERROR(ReadAll(fd, name, static_cast<std::byte*>(address), size));
    mprotect(address, size, PROT_READ);
  }
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)), mode_(other.mode_) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mode_, other.mode_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::ReleasePages(size_t offset, size_t size) const {
  if (mode_ != Mode::kMap || offset >= size_) return;
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t end = size > size_ - offset ? size_ : offset + size;
  const size_t first = (offset + page - 1) / page * page;
  const size_t last = end / page * page;
  if (last > first) madvise(const_cast<std::byte*>(data_) + first, last - first, MADV_DONTNEED);
}

}  // namespace etd
