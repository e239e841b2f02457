// Zero-filled memory that the kernel commits page by page as it is first written.
#ifndef ETD_RUNTIME_MEMORY_ARENA_H_
#define ETD_RUNTIME_MEMORY_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace etd::memory {

// A range of address space of its own: a size at the file's upper bound costs nothing until it is used. Not
// thread-safe. The address never changes and is page-aligned.
class Arena {
 public:
  // Errors: RESOURCE_EXHAUSTED. A size of 0 is fine: data() is null.
  static absl::StatusOr<Arena> Create(size_t bytes);

  Arena() = default;
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  // Bytes that have been touched and hold memory.
  size_t ResidentBytes() const;
  // Zeroes [offset, offset + bytes) and gives whole pages in it back to the system.
  void Release(size_t offset, size_t bytes);

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// Working memory of a kernel call: grows to the largest request and stays. Not thread-safe.
class ScratchBuffer {
 public:
  // At least `bytes`, 64-byte aligned, contents undefined, valid until the next Get. Errors: RESOURCE_EXHAUSTED.
  absl::StatusOr<std::byte*> Get(size_t bytes);

 private:
  Arena arena_;
};

}  // namespace etd::memory

#endif  // ETD_RUNTIME_MEMORY_ARENA_H_
