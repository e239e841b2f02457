// One thread that waits for descriptors, times and posted tasks.
#ifndef ETD_DAEMON_SERVICE_EVENT_LOOP_H_
#define ETD_DAEMON_SERVICE_EVENT_LOOP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"
#include "runtime/base/unique_fd.h"

namespace etd::service {

// What runs on the loop's thread must not block.
class EventLoop {
 public:
  using TimerId = std::pair<TimePoint, uint64_t>;

  explicit EventLoop(const Clock& clock);
  ~EventLoop();
  // Ends the thread after the task that runs; what was posted and not run is dropped.
  void Stop();

  // Any thread.
  void Post(std::function<void()> task);

  // The rest: on the loop's thread only.
  // `ready` is called with epoll's events, level-triggered. The descriptor stays the caller's.
  void Watch(int fd, uint32_t events, std::function<void(uint32_t)> ready);
  void Rewatch(int fd, uint32_t events);
  // Before the descriptor is closed.
  void Unwatch(int fd);
  TimerId At(TimePoint time, std::function<void()> task);
  void CancelTimer(const TimerId& timer);
  const Clock& clock() const { return clock_; }

 private:
  void Run();
  void RunTasks();
  int WaitMillis() const;
  void RunTimers();

  const Clock& clock_;
  UniqueFd epoll_;
  UniqueFd wake_;
  std::unordered_map<int, std::shared_ptr<std::function<void(uint32_t)>>> watches_;
  std::map<TimerId, std::function<void()>> timers_;
  uint64_t next_timer_ = 0;
  Mutex mutex_;
  std::vector<std::function<void()>> tasks_ ETD_GUARDED_BY(mutex_);
  bool stop_ ETD_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_EVENT_LOOP_H_
