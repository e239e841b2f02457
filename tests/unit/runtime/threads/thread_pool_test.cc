#include "runtime/threads/thread_pool.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <limits>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/threads/workers.h"

namespace etd::threads {
namespace {

TEST(ThreadPool, RunsEveryItemOnceInTheSameRanges) {
  for (const int threads : {1, 2, 3, 8}) {
    const auto pool = ThreadPool::Create(threads);
    ASSERT_TRUE(pool.ok()) << pool.status();
    EXPECT_EQ((*pool)->size(), threads);
    for (const int64_t count : {0, 1, 2, 7, 64, 1000}) {
      for (const int64_t grain : {1, 3, 64}) {
        std::vector<std::atomic<int>> runs(static_cast<size_t>(count));
        std::mutex mutex;
        std::set<std::pair<int64_t, int64_t>> ranges;
        (*pool)->ParallelFor(count, grain, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) runs[static_cast<size_t>(i)].fetch_add(1);
          const std::lock_guard lock(mutex);
          ranges.emplace(begin, end);
        });
        for (const std::atomic<int>& run : runs) EXPECT_EQ(run.load(), 1);
        EXPECT_EQ(ranges.size(), static_cast<size_t>((count + grain - 1) / grain));
        for (const auto& [begin, end] : ranges) {
          EXPECT_EQ(begin % grain, 0);
          EXPECT_EQ(end, std::min(begin + grain, count));
        }
      }
    }
  }
}

TEST(ThreadPool, WhatItemsWriteIsSeenAndNothingIsLostOverManyRegions) {
  const auto pool = ThreadPool::Create(4);
  ASSERT_TRUE(pool.ok());
  std::vector<int64_t> sums(16, 0);  // not atomic: each is written by one item, and read when the region has ended
  for (int64_t round = 1; round <= 20000; ++round) {
    (*pool)->ParallelFor(16, 1, [&](int64_t begin, int64_t) { sums[static_cast<size_t>(begin)] += begin; });
    ASSERT_EQ(sums[15], round * 15);
  }
  for (size_t i = 0; i < sums.size(); ++i) EXPECT_EQ(sums[i], static_cast<int64_t>(i) * 20000);
}

TEST(ThreadPool, CallersTakeTurns) {
  const auto pool = ThreadPool::Create(2);
  ASSERT_TRUE(pool.ok());
  std::vector<int> counts(4, 0);
  std::vector<std::thread> callers;
  for (int& count : counts) {
    callers.emplace_back([&pool, &count] {
      for (int i = 0; i < 500; ++i) {
        std::atomic<int> items{0};
        (*pool)->ParallelFor(8, 1, [&](int64_t, int64_t) { items.fetch_add(1); });
        count += items.load();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const int count : counts) EXPECT_EQ(count, 500 * 8);
}

TEST(ThreadPool, RefusesSizesThatNoneIs) {
  EXPECT_EQ(ThreadPool::Create(-1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ThreadPool::Create(100000).status().code(), absl::StatusCode::kInvalidArgument);
  const auto pool = ThreadPool::Create(0);
  ASSERT_TRUE(pool.ok());
  EXPECT_GE((*pool)->size(), 1);
}

// ThreadSanitizer delivers signals only at calls it knows, and a thread that looks for work makes none.
#if !defined(__SANITIZE_THREAD__)

std::atomic<bool> frozen{false};
int thaw[2];

void Freeze(int) {
  frozen = true;
  char byte = 0;
  while (read(thaw[0], &byte, 1) < 0) {
  }
}

std::set<pid_t> ThreadIds() {
  std::set<pid_t> ids;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    ids.insert(static_cast<pid_t>(std::stol(entry.path().filename().string())));
  }
  return ids;
}

// A thread that has lost its core, at a moment when it has nothing to do: were it waited for, every region of a step
// would take a time slice of the system's scheduler.
TEST(Workers, RegionDoesNotWaitForAThreadThatHasNotBegun) {
  const std::set<pid_t> before = ThreadIds();
  const auto workers = Workers::Create(2);
  ASSERT_TRUE(workers.ok());
  pid_t helper = 0;
  for (const pid_t id : ThreadIds()) helper = before.count(id) == 0 ? id : helper;
  ASSERT_NE(helper, 0);
  ASSERT_EQ(pipe(thaw), 0);
  struct sigaction action {};
  action.sa_handler = Freeze;
  ASSERT_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
  ASSERT_EQ(syscall(SYS_tgkill, getpid(), helper, SIGUSR1), 0);
  while (!frozen) sched_yield();

  std::atomic<size_t> items{0};
  Region region;
  region.body = &items;
  region.count = 100;
  region.run = [](const void* body, size_t first, size_t last, size_t) {
    static_cast<std::atomic<size_t>*>(const_cast<void*>(body))->fetch_add(last - first);
  };
  for (int i = 0; i < 10; ++i) (*workers)->Run(region);
  EXPECT_EQ(items, 1000u);
  ASSERT_EQ(write(thaw[1], "x", 1), 1);
  for (int i = 0; i < 10; ++i) (*workers)->Run(region);
  EXPECT_EQ(items, 2000u);
}

#endif  // !__SANITIZE_THREAD__

TEST(Workers, EachRunningThreadHasItsOwnNumber) {
  const auto workers = Workers::Create(4);
  ASSERT_TRUE(workers.ok());
  struct State {
    std::atomic<int> users[4] = {};
    std::atomic<bool> clash{false};
  } state;
  Region region;
  region.body = &state;
  region.count = 64;
  region.run = [](const void* body, size_t, size_t, size_t thread) {
    auto& s = *static_cast<State*>(const_cast<void*>(body));
    if (thread >= 4 || s.users[thread].fetch_add(1) != 0) s.clash = true;
    s.users[thread].fetch_sub(1);
  };
  for (int i = 0; i < 1000; ++i) (*workers)->Run(region);
  EXPECT_FALSE(state.clash.load());
}

TEST(Workers, DenormalsAreFlushedWhereAskedFor) {
  const auto workers = Workers::Create(2);
  ASSERT_TRUE(workers.ok());
  struct State {
    volatile float tiny = std::numeric_limits<float>::min();
    std::atomic<int> zeros{0};
  } state;
  Region region;
  region.body = &state;
  region.count = 100;
  region.run = [](const void* body, size_t first, size_t last, size_t) {
    auto& s = *static_cast<State*>(const_cast<void*>(body));
    for (size_t i = first; i < last; ++i) s.zeros.fetch_add(s.tiny / 2 == 0 ? 1 : 0);
  };
  (*workers)->Run(region);
  EXPECT_EQ(state.zeros.load(), 0);
  region.flush_denormals = true;
  (*workers)->Run(region);
  Workers::RunAlone(region);
#if defined(__x86_64__) || defined(__aarch64__)
  EXPECT_EQ(state.zeros.load(), 200);
#endif
  EXPECT_NE(state.tiny / 2, 0);
}

}  // namespace
}  // namespace etd::threads
