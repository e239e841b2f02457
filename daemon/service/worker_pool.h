// The threads on which requests are read, tokenised and written; never those that compute or schedule.
#ifndef ETD_DAEMON_SERVICE_WORKER_POOL_H_
#define ETD_DAEMON_SERVICE_WORKER_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "runtime/base/mutex.h"

namespace etd::service {

// Thread-safe.
class WorkerPool {
 public:
  explicit WorkerPool(size_t threads);
  // Runs what is posted before it returns.
  ~WorkerPool();
  // Tasks run in any order, concurrently. The queue is as long as there are calls: connections and streams are
  // bounded elsewhere.
  void Post(std::function<void()> task);

 private:
  void Run();

  Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> tasks_ ETD_GUARDED_BY(mutex_);
  bool stop_ ETD_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_WORKER_POOL_H_
