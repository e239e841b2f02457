#include "runtime/threads/workers.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "runtime/base/status.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace etd::threads {
namespace {

// The gate: bits 0 to 9 count the threads that are in the region, bit 10 says that it may be entered, bit 11 that the
// pool ends, the rest is the region's number. A thread that sleeps through all numbers misses one region, which needs
// nobody.
constexpr uint32_t kInside = 0x3ff;
constexpr uint32_t kOpen = 0x400;
constexpr uint32_t kEnd = 0x800;
constexpr uint32_t kNextNumber = 0x1000;
constexpr uint32_t kNumber = ~(kNextNumber - 1);

// Between two regions of a step there are microseconds, and waking a thread takes tens of them: so they look for a
// while before they sleep. Longer would only take a core from others.
constexpr auto kLookForRegion = std::chrono::microseconds(500);
// Items take tens of microseconds. Whoever takes longer has probably lost its core: let it have this one.
constexpr auto kLookForHelpers = std::chrono::microseconds(100);
constexpr int kLooksPerTime = 32;

// How many parts each thread's share is taken in: fine enough that the others can help out at the end.
constexpr size_t kPartsPerThread = 32;

void Relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

// Looks until `done` or the time is up; says whether it is done.
template <typename Done>
bool Look(std::chrono::microseconds limit, const Done& done) {
  if (done()) return true;
  const auto until = std::chrono::steady_clock::now() + limit;
  do {
    for (int i = 0; i < kLooksPerTime; ++i) {
      Relax();
      if (done()) return true;
    }
  } while (std::chrono::steady_clock::now() < until);
  return false;
}

// Sets the processor's mode for tiny numbers, and back.
class DenormalMode {
 public:
  explicit DenormalMode(bool flush) : flush_(flush) {
    if (!flush_) return;
#if defined(__x86_64__)
    saved_ = _mm_getcsr();
    _mm_setcsr(static_cast<unsigned>(saved_) | 0x8040u);  // flush to zero, denormals are zero
#elif defined(__aarch64__)
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    asm volatile("msr fpcr, %0" ::"r"(saved_ | (uint64_t{1} << 24)));
#endif
  }
  ~DenormalMode() {
    if (!flush_) return;
#if defined(__x86_64__)
    _mm_setcsr(static_cast<unsigned>(saved_));
#elif defined(__aarch64__)
    asm volatile("msr fpcr, %0" ::"r"(saved_));
#endif
  }
  DenormalMode(const DenormalMode&) = delete;
  DenormalMode& operator=(const DenormalMode&) = delete;

 private:
  const bool flush_;
  uint64_t saved_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Workers>> Workers::Create(size_t threads) {
  if (threads < 1 || threads > kInside) return InvalidArgument("a pool has 1 to {} threads, not {}", kInside, threads);
  std::unique_ptr<Workers> workers(new Workers(threads));
  workers->threads_.reserve(threads - 1);
  try {
    for (size_t i = 1; i < threads; ++i) {
      workers->threads_.emplace_back([pool = workers.get(), i] { pool->WorkerMain(i); });
    }
  } catch (const std::system_error&) {
    return ResourceExhausted("the system gives no {} threads; lower the number of threads", threads);
  }
  return workers;
}

Workers::~Workers() {
  gate_.fetch_or(kEnd);
  gate_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::RunAlone(const Region& region) {
  const DenormalMode mode(region.flush_denormals);
  region.run(region.body, 0, region.count, 0);
}

void Workers::Run(const Region& region) {
  if (region.count == 0) return;
  if (region.count == 1 || size() == 1) return RunAlone(region);
  MutexLock lock(mutex_);
  region_ = region;
  batch_ = std::max<size_t>(1, region.count / (size() * kPartsPerThread));
  const size_t share = region.count / size();
  const size_t longer = region.count % size();
  size_t begin = 0;
  for (size_t i = 0; i < size(); ++i) {
    slices_[i].next.store(begin, std::memory_order_relaxed);
    begin += share + (i < longer ? 1 : 0);
    slices_[i].end = begin;
  }
  left_.store(0, std::memory_order_relaxed);
  // Nobody is inside: the number can be changed without regard to the count.
  const uint32_t number = (gate_.load(std::memory_order_relaxed) & kNumber) + kNextNumber;
  gate_.store(number | kOpen, std::memory_order_seq_cst);
  gate_.notify_all();  // costs nothing when nobody sleeps
  Work(0);
  if ((gate_.fetch_and(~kOpen, std::memory_order_acq_rel) & kInside) != 0) AwaitHelpers();
}

void Workers::AwaitHelpers() {
  const auto left = [this] { return left_.load(std::memory_order_acquire) != 0; };
  if (Look(kLookForHelpers, left)) return;
  while (!left()) left_.wait(0, std::memory_order_acquire);
}

// Own items first, then what the others have not begun.
void Workers::Work(size_t thread) {
  const DenormalMode mode(region_.flush_denormals);
  for (size_t i = 0; i < size(); ++i) {
    Slice& slice = slices_[(thread + i) % size()];
    while (slice.next.load(std::memory_order_relaxed) < slice.end) {
      const size_t first = slice.next.fetch_add(batch_, std::memory_order_relaxed);
      if (first >= slice.end) break;
      region_.run(region_.body, first, std::min(first + batch_, slice.end), thread);
    }
  }
}

bool Workers::Enter(uint32_t gate) {
  while ((gate & kOpen) != 0) {
    if (gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acq_rel, std::memory_order_relaxed)) return true;
  }
  return false;
}

void Workers::Leave() {
  const uint32_t before = gate_.fetch_sub(1, std::memory_order_acq_rel);
  if ((before & kOpen) != 0 || (before & kInside) != 1) return;
  left_.store(1, std::memory_order_seq_cst);
  left_.notify_one();
}

uint32_t Workers::AwaitRegion(uint32_t seen) {
  uint32_t gate = 0;
  const auto has_come = [&] {
    gate = gate_.load(std::memory_order_acquire);
    return (gate & kEnd) != 0 || ((gate & kOpen) != 0 && (gate & kNumber) != seen);
  };
  while (!Look(kLookForRegion, has_come)) gate_.wait(gate, std::memory_order_acquire);
  return (gate & kEnd) != 0 ? 0 : gate;
}

void Workers::WorkerMain(size_t thread) {
  uint32_t seen = 0;
  while (const uint32_t gate = AwaitRegion(seen)) {
    if (Enter(gate)) {
      // The number cannot change while somebody is inside.
      seen = gate_.load(std::memory_order_relaxed) & kNumber;
      Work(thread);
      Leave();
    }
  }
}

}  // namespace etd::threads
