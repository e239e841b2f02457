// The grids that XNNPACK asks for: every cell once, in the tiles that the header promises.
#include <pthreadpool.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/threads/thread_pool.h"

namespace etd::threads {
namespace {

// What the tasks were called with: indices, then sizes of tiles.
struct Calls {
  std::mutex mutex;
  std::multiset<std::vector<size_t>> seen;
  template <typename... Numbers>
  void Add(Numbers... numbers) {
    const std::lock_guard lock(mutex);
    seen.insert({static_cast<size_t>(numbers)...});
  }
};

Calls& Of(void* context) { return *static_cast<Calls*>(context); }

// The loops that the header describes.
std::multiset<std::vector<size_t>> Expected(const std::vector<size_t>& ranges, const std::vector<size_t>& tiles) {
  std::vector<size_t> steps(ranges.size() - tiles.size(), 1);
  steps.insert(steps.end(), tiles.begin(), tiles.end());
  std::multiset<std::vector<size_t>> calls;
  std::vector<size_t> at(ranges.size(), 0);
  for (;;) {
    std::vector<size_t> call = at;
    for (size_t d = ranges.size() - tiles.size(); d < ranges.size(); ++d) {
      call.push_back(std::min(steps[d], ranges[d] - at[d]));
    }
    calls.insert(call);
    size_t d = ranges.size();
    while (d > 0 && (at[d - 1] += steps[d - 1]) >= ranges[d - 1]) at[--d] = 0;
    if (d == 0) return calls;
  }
}

class PthreadpoolApi : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (GetParam() == 0) return;  // no pool at all
    pool_ = *ThreadPool::Create(GetParam());
  }
  pthreadpool_t pool() { return pool_ == nullptr ? nullptr : pool_->native(); }
  std::unique_ptr<ThreadPool> pool_;
  Calls calls_;
};

TEST_P(PthreadpoolApi, Plain) {
  pthreadpool_parallelize_1d(pool(), [](void* c, size_t i) { Of(c).Add(i); }, &calls_, 7, 0);
  EXPECT_EQ(calls_.seen, Expected({7}, {}));
  calls_.seen.clear();
  pthreadpool_parallelize_2d(pool(), [](void* c, size_t i, size_t j) { Of(c).Add(i, j); }, &calls_, 3, 5, 0);
  EXPECT_EQ(calls_.seen, Expected({3, 5}, {}));
  calls_.seen.clear();
  pthreadpool_parallelize_3d(pool(), [](void* c, size_t i, size_t j, size_t k) { Of(c).Add(i, j, k); }, &calls_, 3, 1, 4,
                             0);
  EXPECT_EQ(calls_.seen, Expected({3, 1, 4}, {}));
  calls_.seen.clear();
  pthreadpool_parallelize_4d(
      pool(), [](void* c, size_t i, size_t j, size_t k, size_t l) { Of(c).Add(i, j, k, l); }, &calls_, 2, 3, 4, 5, 0);
  EXPECT_EQ(calls_.seen, Expected({2, 3, 4, 5}, {}));
  calls_.seen.clear();
  pthreadpool_parallelize_5d(
      pool(), [](void* c, size_t i, size_t j, size_t k, size_t l, size_t m) { Of(c).Add(i, j, k, l, m); }, &calls_, 2, 3,
      1, 5, 2, 0);
  EXPECT_EQ(calls_.seen, Expected({2, 3, 1, 5, 2}, {}));
}

TEST_P(PthreadpoolApi, Tiled) {
  pthreadpool_parallelize_1d_tile_1d(pool(), [](void* c, size_t i, size_t t) { Of(c).Add(i, t); }, &calls_, 17, 4, 0);
  EXPECT_EQ(calls_.seen, Expected({17}, {4}));
  calls_.seen.clear();
  pthreadpool_parallelize_2d_tile_1d(
      pool(), [](void* c, size_t i, size_t j, size_t t) { Of(c).Add(i, j, t); }, &calls_, 3, 10, 4, 0);
  EXPECT_EQ(calls_.seen, Expected({3, 10}, {4}));
  calls_.seen.clear();
  pthreadpool_parallelize_2d_tile_2d(
      pool(), [](void* c, size_t i, size_t j, size_t t, size_t u) { Of(c).Add(i, j, t, u); }, &calls_, 7, 10, 2, 3, 0);
  EXPECT_EQ(calls_.seen, Expected({7, 10}, {2, 3}));
  calls_.seen.clear();
  pthreadpool_parallelize_3d_tile_1d(
      pool(), [](void* c, size_t i, size_t j, size_t k, size_t t) { Of(c).Add(i, j, k, t); }, &calls_, 2, 3, 9, 4, 0);
  EXPECT_EQ(calls_.seen, Expected({2, 3, 9}, {4}));
  calls_.seen.clear();
  pthreadpool_parallelize_3d_tile_2d(
      pool(), [](void* c, size_t i, size_t j, size_t k, size_t t, size_t u) { Of(c).Add(i, j, k, t, u); }, &calls_, 2, 7,
      9, 3, 4, 0);
  EXPECT_EQ(calls_.seen, Expected({2, 7, 9}, {3, 4}));
  calls_.seen.clear();
  pthreadpool_parallelize_4d_tile_2d(
      pool(),
      [](void* c, size_t i, size_t j, size_t k, size_t l, size_t t, size_t u) { Of(c).Add(i, j, k, l, t, u); }, &calls_, 2,
      3, 7, 9, 3, 4, 0);
  EXPECT_EQ(calls_.seen, Expected({2, 3, 7, 9}, {3, 4}));
  calls_.seen.clear();
  pthreadpool_parallelize_5d_tile_2d(
      pool(),
      [](void* c, size_t i, size_t j, size_t k, size_t l, size_t m, size_t t, size_t u) {
        Of(c).Add(i, j, k, l, m, t, u);
      },
      &calls_, 2, 3, 2, 7, 9, 3, 4, 0);
  EXPECT_EQ(calls_.seen, Expected({2, 3, 2, 7, 9}, {3, 4}));
  calls_.seen.clear();
  pthreadpool_parallelize_6d_tile_2d(
      pool(),
      [](void* c, size_t i, size_t j, size_t k, size_t l, size_t m, size_t n, size_t t, size_t u) {
        Of(c).Add(i, j, k, l, m, n, t, u);
      },
      &calls_, 2, 1, 2, 3, 7, 9, 3, 4, 0);
  EXPECT_EQ(calls_.seen, Expected({2, 1, 2, 3, 7, 9}, {3, 4}));
}

TEST_P(PthreadpoolApi, ThreadsAndKindsOfCores) {
  const size_t threads = pthreadpool_get_threads_count(pool());
  EXPECT_EQ(threads, std::max<size_t>(1, static_cast<size_t>(GetParam())));
  pthreadpool_parallelize_1d_with_thread(
      pool(), [](void* c, size_t, size_t i) { Of(c).Add(i); }, &calls_, 9, 0);
  EXPECT_EQ(calls_.seen, Expected({9}, {}));
  calls_.seen.clear();
  pthreadpool_parallelize_2d_with_thread(
      pool(), [](void* c, size_t, size_t i, size_t j) { Of(c).Add(i, j); }, &calls_, 3, 4, 0);
  EXPECT_EQ(calls_.seen, Expected({3, 4}, {}));
  calls_.seen.clear();
  pthreadpool_parallelize_3d_tile_1d_with_thread(
      pool(), [](void* c, size_t, size_t i, size_t j, size_t k, size_t t) { Of(c).Add(i, j, k, t); }, &calls_, 2, 3, 9,
      4, 0);
  EXPECT_EQ(calls_.seen, Expected({2, 3, 9}, {4}));
  calls_.seen.clear();
  // A kind above the last one counts as the default.
  pthreadpool_parallelize_2d_tile_2d_with_uarch(
      pool(),
      [](void* c, uint32_t kind, size_t i, size_t j, size_t t, size_t u) {
        EXPECT_EQ(kind, 0u);
        Of(c).Add(i, j, t, u);
      },
      &calls_, 0, 0, 7, 10, 2, 3, 0);
  EXPECT_EQ(calls_.seen, Expected({7, 10}, {2, 3}));
}

TEST_P(PthreadpoolApi, NothingToDo) {
  pthreadpool_parallelize_2d_tile_2d(
      pool(), [](void* c, size_t i, size_t, size_t, size_t) { Of(c).Add(i); }, &calls_, 0, 10, 2, 3, 0);
  EXPECT_TRUE(calls_.seen.empty());
}

INSTANTIATE_TEST_SUITE_P(Sizes, PthreadpoolApi, ::testing::Values(0, 1, 2, 5));

}  // namespace
}  // namespace etd::threads
