// Time as a dependency: production code asks a Clock, tests drive a fake one.
#ifndef ETD_RUNTIME_BASE_CLOCK_H_
#define ETD_RUNTIME_BASE_CLOCK_H_

#include <chrono>

namespace etd {

using Duration = std::chrono::nanoseconds;
// Monotonic time since an arbitrary start.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

// Any thread may call any method at any time.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  virtual WallTime WallNow() const = 0;
};

// The machine's clock; lives for the whole process.
const Clock& SystemClock();

}  // namespace etd

#endif  // ETD_RUNTIME_BASE_CLOCK_H_
