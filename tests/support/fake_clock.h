// A clock that tests turn by hand.
#ifndef ETD_TESTS_SUPPORT_FAKE_CLOCK_H_
#define ETD_TESTS_SUPPORT_FAKE_CLOCK_H_

#include <atomic>

#include "runtime/base/clock.h"

namespace etd::testing {

// Thread-safe.
class FakeClock final : public Clock {
 public:
  TimePoint Now() const override { return TimePoint(Duration(now_.load())); }
  WallTime WallNow() const override { return WallTime(Duration(now_.load())); }
  void Advance(Duration by) { now_ += by.count(); }

 private:
  std::atomic<int64_t> now_{1'000'000'000'000};
};

}  // namespace etd::testing

#endif  // ETD_TESTS_SUPPORT_FAKE_CLOCK_H_
