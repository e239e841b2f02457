#include "runtime/memory/arena.h"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>

namespace etd::memory {
namespace {

TEST(Arena, IsZeroAndCostsOnlyWhatIsTouched) {
  auto arena = Arena::Create(size_t{1} << 30);
  ASSERT_TRUE(arena.ok()) << arena.status();
  EXPECT_EQ(arena->ResidentBytes(), 0u);
  arena->data()[12345] = std::byte{7};
  EXPECT_GT(arena->ResidentBytes(), 0u);
  EXPECT_LE(arena->ResidentBytes(), size_t{1} << 21);
  EXPECT_EQ(arena->data()[(size_t{1} << 30) - 1], std::byte{0});
}

TEST(Arena, ReleaseZeroesWhatWasAskedAndNothingElse) {
  auto arena = Arena::Create(5 * 4096);
  ASSERT_TRUE(arena.ok()) << arena.status();
  std::memset(arena->data(), 0x11, arena->size());
  arena->Release(100, 3 * 4096);
  EXPECT_EQ(arena->data()[99], std::byte{0x11});
  EXPECT_EQ(arena->data()[100], std::byte{0});
  EXPECT_EQ(arena->data()[100 + 3 * 4096 - 1], std::byte{0});
  EXPECT_EQ(arena->data()[100 + 3 * 4096], std::byte{0x11});
  arena->Release(10, 20);
  EXPECT_EQ(arena->data()[9], std::byte{0x11});
  EXPECT_EQ(arena->data()[29], std::byte{0});
  EXPECT_EQ(arena->data()[30], std::byte{0x11});
}

TEST(Arena, MovesKeepTheAddress) {
  auto arena = Arena::Create(4096);
  ASSERT_TRUE(arena.ok());
  const std::byte* address = arena->data();
  const Arena moved = std::move(*arena);
  EXPECT_EQ(moved.data(), address);
}

TEST(ScratchBuffer, GrowsAndKeepsWhatItHas) {
  ScratchBuffer buffer;
  const auto small = buffer.Get(100);
  ASSERT_TRUE(small.ok());
  const auto again = buffer.Get(50);
  EXPECT_EQ(*small, *again);
  const auto large = buffer.Get(1 << 20);
  ASSERT_TRUE(large.ok());
  (*large)[(1 << 20) - 1] = std::byte{1};
}

}  // namespace
}  // namespace etd::memory
