#include "runtime/threads/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/threads/workers.h"

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
  if (threads < 0) return InvalidArgument("{} threads: give a number from 1, or 0 for one per core", threads);
  const int size = threads == 0 ? UsableCores() : threads;
  ETD_ASSIGN_OR_RETURN(std::unique_ptr<Workers> workers, Workers::Create(static_cast<size_t>(size)));
  return std::unique_ptr<ThreadPool>(new ThreadPool(
      std::unique_ptr<pthreadpool>(new pthreadpool{std::move(workers)}), size));
}

ThreadPool::ThreadPool(std::unique_ptr<pthreadpool> pool, int size) : pool_(std::move(pool)), size_(size) {}
ThreadPool::~ThreadPool() = default;

void ThreadPool::Run(int64_t count, int64_t grain, Task task, const void* context) {
  struct Body {
    Task task;
    const void* context;
    size_t count;
    size_t grain;
  };
  const Body body{task, context, static_cast<size_t>(count), static_cast<size_t>(grain)};
  Region region;
  region.run = [](const void* untyped, size_t first, size_t last, size_t) {
    const Body& b = *static_cast<const Body*>(untyped);
    for (size_t i = first; i < last; ++i) {
      b.task(b.context, i * b.grain, std::min(b.grain, b.count - i * b.grain));
    }
  };
  region.body = &body;
  region.count = (body.count + body.grain - 1) / body.grain;
  pool_->workers->Run(region);
}

}  // namespace etd::threads
