// The threads behind ThreadPool, and how a parallel region ends: see README.md.
#ifndef ETD_RUNTIME_THREADS_WORKERS_H_
#define ETD_RUNTIME_THREADS_WORKERS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/mutex.h"

namespace etd::threads {

// One parallel region: items [0, count), each run exactly once.
struct Region {
  // Runs items [first, last) as thread number `thread`. Called by several threads at once, with ranges that do not
  // overlap; `thread` is different in each of them.
  void (*run)(const void* body, size_t first, size_t last, size_t thread) = nullptr;
  const void* body = nullptr;
  size_t count = 0;
  bool flush_denormals = false;  // tiny floating-point numbers count as zero while items run
};

// A fixed set of threads that help whoever calls Run. A region never waits for a thread that has not begun to help: with
// every core busy Run costs what it costs alone, and a thread that comes late finds the next region.
class Workers {
 public:
  // `threads` counts the caller of Run. Errors: RESOURCE_EXHAUSTED when the system gives no threads.
  static absl::StatusOr<std::unique_ptr<Workers>> Create(size_t threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  size_t size() const { return slices_.size(); }
  // Returns when all items have run, and what they wrote is visible. Calls from several threads wait for each other;
  // an item must not call it.
  void Run(const Region& region);
  // The same on the caller's thread alone, for pools that are none.
  static void RunAlone(const Region& region);

 private:
  // The part of a region that a thread begins with; others take from it when theirs is done. A cache line each.
  struct alignas(64) Slice {
    std::atomic<size_t> next{0};
    size_t end = 0;
  };

  explicit Workers(size_t threads) : slices_(threads) {}
  void WorkerMain(size_t thread);
  // The gate's value once it is open for another region than that of `seen`; 0 when the pool ends.
  uint32_t AwaitRegion(uint32_t seen);
  bool Enter(uint32_t gate);
  void Leave();
  void Work(size_t thread);
  void AwaitHelpers();

  std::vector<Slice> slices_;
  std::vector<std::thread> threads_;
  Mutex mutex_;  // whoever runs a region
  Region region_;
  size_t batch_ = 1;  // items that are taken at once
  // Number of the region, whether it may still be entered, and how many are in it (workers.cc).
  alignas(64) std::atomic<uint32_t> gate_{0};
  // Set by the last to leave a region that is closed.
  alignas(64) std::atomic<uint32_t> left_{0};
};

}  // namespace etd::threads

// What XNNPACK calls a pool.
struct pthreadpool {
  std::unique_ptr<etd::threads::Workers> workers;
};

#endif  // ETD_RUNTIME_THREADS_WORKERS_H_
