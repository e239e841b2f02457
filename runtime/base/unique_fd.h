// A file descriptor with one owner.
#ifndef ETD_RUNTIME_BASE_UNIQUE_FD_H_
#define ETD_RUNTIME_BASE_UNIQUE_FD_H_

#include <utility>

namespace etd {

// Closes the descriptor when it goes away. Not thread-safe.
class [[nodiscard]] UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Reset(); }

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }
  // The caller owns the descriptor from here on.
  int Release() { return std::exchange(fd_, -1); }
  void Reset(int fd = -1);

 private:
  int fd_ = -1;
};

}  // namespace etd

#endif  // ETD_RUNTIME_BASE_UNIQUE_FD_H_
