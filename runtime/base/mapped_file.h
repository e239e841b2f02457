// Read-only bytes of a file: mapped, or copied into private memory where the file could change under us.
#ifndef ETD_RUNTIME_BASE_MAPPED_FILE_H_
#define ETD_RUNTIME_BASE_MAPPED_FILE_H_

#include <cstddef>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace etd {

// Bytes stay valid and at the same address while the object lives (moves keep the address).
// Reading is thread-safe. The start is page-aligned.
class MappedFile {
 public:
  enum class Mode {
    kMap,   // Pages come from the file: for files that only root or this process can change.
    kCopy,  // Read into anonymous memory: a truncation of the file can't raise SIGBUS here.
  };

  // Errors: NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT (a directory, an empty file), RESOURCE_EXHAUSTED.
  static absl::StatusOr<MappedFile> Open(const std::string& path, Mode mode);
  // As Open, on a descriptor that stays the caller's; `name` is used in messages.
  static absl::StatusOr<MappedFile> FromFd(int fd, const std::string& name, Mode mode);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  Mode mode() const { return mode_; }

  // Tells the kernel that whole pages inside [offset, offset + size) are not needed for now. Reading them again
  // works for kMap (they are read from the file again); for kCopy nothing is released, since nothing could be re-read.
  void ReleasePages(size_t offset, size_t size) const;

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
  Mode mode_ = Mode::kMap;
};

}  // namespace etd

#endif  // ETD_RUNTIME_BASE_MAPPED_FILE_H_
