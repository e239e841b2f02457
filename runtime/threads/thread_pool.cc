#include "runtime/threads/thread_pool.h"

#include <pthreadpool.h>
#include <sched.h>

#include "runtime/base/status.h"

namespace etd::threads {
namespace {

int UsableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  const int count = CPU_COUNT(&set);
  return count > 0 ? count : 1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ThreadPool>> ThreadPool::Create(int threads) {
  if (threads < 0 || threads > 1024) return InvalidArgument("{} threads: give a number from 1 to 1024, or 0 for one per core", threads);
  const int size = threads == 0 ? UsableCores() : threads;
  pthreadpool* pool = pthreadpool_create(static_cast<size_t>(size));
  if (pool == nullptr) return ResourceExhausted("the system gives no {} threads; lower the number of threads", size);
  return std::unique_ptr<ThreadPool>(new ThreadPool(pool, size));
}

ThreadPool::~ThreadPool() { pthreadpool_destroy(pool_); }

void ThreadPool::Run(int64_t count, int64_t grain, Task task, void* context) {
  pthreadpool_parallelize_1d_tile_1d(pool_, task, context, static_cast<size_t>(count), static_cast<size_t>(grain), 0);
}

}  // namespace etd::threads
