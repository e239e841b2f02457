// The CPU worker pool: one per process, created by the composition root and handed to whoever computes.
#ifndef ETD_RUNTIME_THREADS_THREAD_POOL_H_
#define ETD_RUNTIME_THREADS_THREAD_POOL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "absl/status/statusor.h"

struct pthreadpool;

namespace etd::threads {

// The threads are XNNPACK's too, so that its kernels and ours never compete for cores. A region that some core is late
// for ends without it (README.md).
// ParallelFor may be called by one thread at a time per pool; calls from several threads wait for each other.
class ThreadPool {
 public:
  // `threads` counts the caller of ParallelFor; 0 means one per core the process may use.
  // Errors: RESOURCE_EXHAUSTED when the system gives no threads.
  static absl::StatusOr<std::unique_ptr<ThreadPool>> Create(int threads);
  ~ThreadPool();

  int size() const { return size_; }
  // For XNNPACK.
  pthreadpool* native() { return pool_.get(); }

  // Calls `function(begin, end)` for consecutive ranges of at most `grain` items that cover [0, count); returns when
  // all are done. The split does not depend on the number of threads. A single range runs on the caller's thread.
  template <typename Function>
  void ParallelFor(int64_t count, int64_t grain, const Function& function) {
    if (count <= grain || size_ == 1) {
      for (int64_t begin = 0; begin < count; begin += grain) {
        function(begin, begin + grain < count ? begin + grain : count);
      }
      return;
    }
    Run(count, grain,
        [](const void* context, size_t begin, size_t items) {
          (*static_cast<const Function*>(context))(static_cast<int64_t>(begin), static_cast<int64_t>(begin + items));
        },
        &function);
  }

 private:
  using Task = void (*)(const void* context, size_t begin, size_t items);
  ThreadPool(std::unique_ptr<pthreadpool> pool, int size);
  void Run(int64_t count, int64_t grain, Task task, const void* context);

  const std::unique_ptr<pthreadpool> pool_;
  int size_;
};

}  // namespace etd::threads

#endif  // ETD_RUNTIME_THREADS_THREAD_POOL_H_
