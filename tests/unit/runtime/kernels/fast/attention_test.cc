// Fast attention against the plain one, and the promise that a row's bits depend on its position alone.
#include "runtime/kernels/fast/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "runtime/threads/thread_pool.h"

namespace etd::kernels {
namespace {

using tensor::ScalarType;
using tensor::Tensor;

// Random queries, keys and values. The keys after the last visible one are NaN: reading them would show.
struct Case {
  Case(int rows, int start, int heads, int kv_heads, int size, int positions)
      : q(Random(rows * heads * size)),
        k(Random(positions * kv_heads * size)),
        v(Random(positions * kv_heads * size)),
        q_sizes{1, rows, heads, size},
        kv_sizes{1, positions, kv_heads, size},
        start(start) {
    const size_t visible = static_cast<size_t>((start + rows) * kv_heads * size);
    std::fill(k.begin() + static_cast<ptrdiff_t>(visible), k.end(), std::numeric_limits<float>::quiet_NaN());
    std::fill(v.begin() + static_cast<ptrdiff_t>(visible), v.end(), std::numeric_limits<float>::quiet_NaN());
  }

  static std::vector<float> Random(int count) {
    static std::mt19937 generator(7);
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = normal(generator);
    return values;
  }

  // Rows [begin, end) of the case as a call of their own.
  std::vector<float> Attend(threads::ThreadPool& threads, int begin, int end, bool fast = true,
                            std::vector<float>* mask = nullptr) {
    const int32_t row = q_sizes[2] * q_sizes[3];
    std::vector<float> result(static_cast<size_t>((end - begin) * row) + 2, -77.0f);
    const std::array<int32_t, 4> sizes = {1, end - begin, q_sizes[2], q_sizes[3]};
    Tensor query(ScalarType::kFloat32, sizes, q.data() + begin * row);
    Tensor key(ScalarType::kFloat32, kv_sizes, k.data());
    Tensor value(ScalarType::kFloat32, kv_sizes, v.data());
    // One float past the start: kernels may not count on alignment.
    Tensor out(ScalarType::kFloat32, sizes, result.data() + 1);
    const std::array<int32_t, 2> mask_sizes = {end - begin, kv_sizes[1]};
    Tensor mask_tensor(ScalarType::kFloat32, mask_sizes, mask == nullptr ? nullptr : mask->data());
    AttentionCall call;
    call.q = &query;
    call.k = &key;
    call.v = &value;
    call.out = &out;
    call.start = start + begin;
    call.causal = mask == nullptr;
    call.mask = mask == nullptr ? nullptr : &mask_tensor;
    call.scale = 1 / std::sqrt(static_cast<float>(q_sizes[3]));
    if (fast)
      AttendFast(threads, call);
    else
      AttendPlainly(threads, call);
    EXPECT_EQ(result.front(), -77.0f);
    EXPECT_EQ(result.back(), -77.0f);
    return {result.begin() + 1, result.end() - 1};
  }

  std::vector<float> q, k, v;
  std::array<int32_t, 4> q_sizes, kv_sizes;
  int start;
};

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void ExpectNear(const std::vector<float>& fast, const std::vector<float>& plain) {
  ASSERT_EQ(fast.size(), plain.size());
  for (size_t i = 0; i < fast.size(); ++i) {
    if (std::isnan(plain[i])) {
      ASSERT_TRUE(std::isnan(fast[i])) << i;
    } else {
      // Weighted means of numbers around 1: both orders of summation are within some 1e-6 of the exact one.
      ASSERT_NEAR(fast[i], plain[i], 4e-6) << i;
    }
  }
}

TEST(FastAttentionTest, EqualsThePlainOneForAllShapes) {
  const auto threads = *threads::ThreadPool::Create(1);
  for (const auto& [heads, kv_heads] : {std::pair(1, 1), {3, 1}, {4, 2}, {9, 3}}) {
    for (const int size : {1, 3, 12, 16, 64, 100}) {
      for (const int rows : {1, 7, 33}) {
        for (const int start : {0, 62, 63, 64, 130}) {
          Case c(rows, start, heads, kv_heads, size, start + rows + 3);
          ExpectNear(c.Attend(*threads, 0, rows), c.Attend(*threads, 0, rows, false));
          if (::testing::Test::HasFailure())
            FAIL() << heads << " heads, size " << size << ", rows " << rows << ", start " << start;
        }
      }
    }
  }
}

TEST(FastAttentionTest, BitsOfARowDependOnItsPositionAlone) {
  constexpr int kRows = 150;
  const auto one = *threads::ThreadPool::Create(1);
  const auto two = *threads::ThreadPool::Create(2);
  const auto three = *threads::ThreadPool::Create(3);
  std::mt19937 generator(11);
  for (const int size : {16, 20, 64}) {
    Case c(kRows, 40, 6, 2, size, 200);
    const std::vector<float> whole = c.Attend(*one, 0, kRows);
    ASSERT_TRUE(SameBits(whole, c.Attend(*two, 0, kRows)));
    ASSERT_TRUE(SameBits(whole, c.Attend(*three, 0, kRows)));
    for (int round = 0; round < 5; ++round) {
      std::vector<float> pieces;
      const int longest = round == 0 ? 1 : std::uniform_int_distribution<int>(1, 70)(generator);
      for (int begin = 0; begin < kRows;) {
        const int end = std::min(kRows, begin + std::uniform_int_distribution<int>(1, longest)(generator));
        const std::vector<float> piece = c.Attend(round % 2 == 0 ? *one : *three, begin, end);
        pieces.insert(pieces.end(), piece.begin(), piece.end());
        begin = end;
      }
      ASSERT_TRUE(SameBits(whole, pieces)) << "size " << size << ", round " << round;
    }
  }
}

TEST(FastAttentionTest, MasksAndFullyMaskedRows) {
  const auto threads = *threads::ThreadPool::Create(2);
  constexpr int kRows = 5;
  constexpr int kKeys = 131;
  Case c(kRows, kKeys - kRows, 4, 2, 16, kKeys);
  std::vector<float> mask(kRows * kKeys, 0.0f);
  for (size_t i = 0; i < mask.size(); i += 3) mask[i] = -std::numeric_limits<float>::infinity();
  std::fill_n(mask.begin(), 70, -std::numeric_limits<float>::infinity());                 // the first block and more
  std::fill_n(mask.begin() + 2 * kKeys, kKeys, -std::numeric_limits<float>::infinity());  // all of row 2
  const std::vector<float> fast = c.Attend(*threads, 0, kRows, true, &mask);
  EXPECT_TRUE(std::isnan(fast[2 * 64]));
  ExpectNear(fast, c.Attend(*threads, 0, kRows, false, &mask));
}

TEST(FastAttentionTest, NanAndInfinityPassThrough) {
  const auto threads = *threads::ThreadPool::Create(1);
  for (const float odd : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Case c(3, 100, 1, 1, 16, 110);
    c.k[50 * 16] = odd;
    ExpectNear(c.Attend(*threads, 0, 3), c.Attend(*threads, 0, 3, false));
    Case d(3, 100, 1, 1, 16, 110);
    d.v[101 * 16] = odd;  // row 0 does not see it
    const std::vector<float> result = d.Attend(*threads, 0, 3);
    EXPECT_FALSE(std::isnan(result[0]));
    EXPECT_FALSE(std::isfinite(result[16]));
  }
}

}  // namespace
}  // namespace etd::kernels
