#include "runtime/memory/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/base/status.h"

namespace etd::memory {
namespace {

size_t PageSize() {
  static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

absl::StatusOr<Arena> Arena::Create(size_t bytes) {
  Arena arena;
  if (bytes == 0) return arena;
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return ResourceExhausted("no address space for {} bytes of working memory", bytes);
  arena.data_ = static_cast<std::byte*>(address);
  arena.size_ = bytes;
  return arena;
}

Arena::Arena(Arena&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Arena::~Arena() {
  if (data_ != nullptr) munmap(data_, size_);
}

size_t Arena::ResidentBytes() const {
  if (data_ == nullptr) return 0;
  const size_t pages = (size_ + PageSize() - 1) / PageSize();
  std::vector<unsigned char> present(pages);
  if (mincore(data_, size_, present.data()) != 0) return size_;
  return static_cast<size_t>(std::ranges::count_if(present, [](unsigned char page) { return (page & 1) != 0; })) *
         PageSize();
}

void Arena::Release(size_t offset, size_t bytes) {
  if (offset >= size_) return;
  const size_t end = std::min(size_, offset + bytes);
  const size_t first = std::min(end, (offset + PageSize() - 1) / PageSize() * PageSize());
  const size_t last = end == size_ ? end : end / PageSize() * PageSize();
  if (last > first) {
    madvise(data_ + first, last - first, MADV_DONTNEED);
    std::memset(data_ + offset, 0, first - offset);
    std::memset(data_ + last, 0, end - last);
  } else {
    std::memset(data_ + offset, 0, end - offset);
  }
}

absl::StatusOr<std::byte*> ScratchBuffer::Get(size_t bytes) {
  if (bytes > arena_.size()) {
    const size_t wanted = std::max(bytes, arena_.size() * 2);
    arena_ = Arena();
    ETD_ASSIGN_OR_RETURN(arena_, Arena::Create((wanted + PageSize() - 1) / PageSize() * PageSize()));
  }
  return arena_.data();
}

}  // namespace etd::memory
