#include "runtime/base/unique_fd.h"

#include <unistd.h>

namespace etd {

void UniqueFd::Reset(int fd) {
  const int old = std::exchange(fd_, fd);
  if (old >= 0 && old != fd) close(old);
}

}  // namespace etd
