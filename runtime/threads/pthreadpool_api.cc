// The functions of pthreadpool.h that XNNPACK calls, on our own threads (README.md says why). The library of that name is
// not linked: should XNNPACK call another function of it, the program does not link either.
#include <cpuinfo.h>
#include <pthreadpool.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "runtime/threads/workers.h"

namespace etd::threads {
namespace {

// Kinds of processor cores, for kernels that differ between them.
struct CoreKinds {
  uint32_t otherwise = 0;  // the kind that counts where a core's is not known
  uint32_t last = 0;
};

uint32_t KindOfThisCore(const CoreKinds& kinds) {
  static const bool known = cpuinfo_initialize();
  if (!known) return kinds.otherwise;
  const uint32_t kind = cpuinfo_get_current_uarch_index_with_default(kinds.otherwise);
  return kind > kinds.last ? kinds.otherwise : kind;
}

enum Extra : unsigned { kPlain = 0, kWithThread = 1, kWithKind = 2 };

// A grid whose last kTiled dimensions are cut into tiles: `function` gets the indices where a tile begins and the sizes
// of the tiles, which are smaller at the edges.
template <unsigned kExtra, size_t kDims, size_t kTiled, typename Function>
struct Grid {
  Function function;
  void* context;
  CoreKinds kinds;
  std::array<size_t, kDims> ranges;
  std::array<size_t, kDims> tiles;  // 1 in dimensions that are not cut
  std::array<size_t, kDims> steps;

  size_t Count() {
    size_t count = 1;
    for (size_t d = 0; d < kDims; ++d) {
      steps[d] = (ranges[d] + tiles[d] - 1) / tiles[d];
      count *= steps[d];
    }
    return count;
  }

  template <size_t... kDim, size_t... kTile>
  void Call(const std::array<size_t, kDims>& at, uint32_t kind, size_t thread, std::index_sequence<kDim...>,
            std::index_sequence<kTile...>) const {
    constexpr size_t kFirst = kDims - kTiled;
    [[maybe_unused]] const auto size = [&](size_t d) { return std::min(ranges[d] - at[d], tiles[d]); };
    if constexpr (kExtra == (kWithKind | kWithThread)) {
      function(context, kind, thread, at[kDim]..., size(kFirst + kTile)...);
    } else if constexpr (kExtra == kWithKind) {
      function(context, kind, at[kDim]..., size(kFirst + kTile)...);
    } else if constexpr (kExtra == kWithThread) {
      function(context, thread, at[kDim]..., size(kFirst + kTile)...);
    } else {
      function(context, at[kDim]..., size(kFirst + kTile)...);
    }
  }

  void Run(size_t first, size_t last, size_t thread) const {
    const uint32_t kind = (kExtra & kWithKind) != 0 ? KindOfThisCore(kinds) : 0;
    std::array<size_t, kDims> at;
    size_t rest = first;
    for (size_t d = kDims; d-- > 0;) {
      at[d] = rest % steps[d] * tiles[d];
      rest /= steps[d];
    }
    for (size_t item = first; item < last; ++item) {
      Call(at, kind, thread, std::make_index_sequence<kDims>(), std::make_index_sequence<kTiled>());
      for (size_t d = kDims; d-- > 0;) {
        at[d] += tiles[d];
        if (at[d] < ranges[d]) break;
        at[d] = 0;
      }
    }
  }
};

template <unsigned kExtra, size_t kDims, size_t kTiled, typename Function>
void Parallelize(pthreadpool* pool, Function function, void* context, CoreKinds kinds,
                 const std::array<size_t, kDims>& ranges, const std::array<size_t, kTiled>& tiles, uint32_t flags) {
  using ThisGrid = Grid<kExtra, kDims, kTiled, Function>;
  ThisGrid grid{function, context, kinds, ranges, {}, {}};
  grid.tiles.fill(1);
  std::copy(tiles.begin(), tiles.end(), grid.tiles.end() - kTiled);
  Region region;
  region.run = [](const void* body, size_t first, size_t last, size_t thread) {
    static_cast<const ThisGrid*>(body)->Run(first, last, thread);
  };
  region.body = &grid;
  region.count = grid.Count();
  region.flush_denormals = (flags & PTHREADPOOL_FLAG_DISABLE_DENORMALS) != 0;
  if (region.count == 0) return;
  if (pool == nullptr) return Workers::RunAlone(region);
  pool->workers->Run(region);
}

constexpr std::array<size_t, 0> kNoTiles = {};

}  // namespace
}  // namespace etd::threads

using etd::threads::kNoTiles;
using etd::threads::Parallelize;
using enum etd::threads::Extra;

extern "C" {

size_t pthreadpool_get_threads_count(pthreadpool_t pool) { return pool == nullptr ? 1 : pool->workers->size(); }

void pthreadpool_parallelize_1d(pthreadpool_t pool, pthreadpool_task_1d_t function, void* context, size_t range, uint32_t flags) {
  Parallelize<kPlain>(pool, function, context, {}, std::array<size_t, 1>{range}, kNoTiles, flags);
}

void pthreadpool_parallelize_1d_with_thread(pthreadpool_t pool, pthreadpool_task_1d_with_thread_t function, void* context, size_t range, uint32_t flags) {
  Parallelize<kWithThread>(pool, function, context, {}, std::array<size_t, 1>{range}, kNoTiles, flags);
}

void pthreadpool_parallelize_1d_tile_1d(pthreadpool_t pool, pthreadpool_task_1d_tile_1d_t function, void* context, size_t range, size_t tile, uint32_t flags) {
  Parallelize<kPlain>(pool, function, context, {}, std::array<size_t, 1>{range}, std::array<size_t, 1>{tile}, flags);
}

void pthreadpool_parallelize_2d(pthreadpool_t pool, pthreadpool_task_2d_t function, void* context, size_t range_i, size_t range_j, uint32_t flags) {
  Parallelize<kPlain>(pool, function, context, {}, std::array<size_t, 2>{range_i, range_j}, kNoTiles, flags);
}

void pthreadpool_parallelize_2d_with_thread(pthreadpool_t pool, pthreadpool_task_2d_with_thread_t function, void* context, size_t range_i, size_t range_j, uint32_t flags) {
  Parallelize<kWithThread>(pool, function, context, {}, std::array<size_t, 2>{range_i, range_j}, kNoTiles, flags);
}

void pthreadpool_parallelize_2d_tile_1d(pthreadpool_t pool, pthreadpool_task_2d_tile_1d_t function, void* context, size_t range_i, size_t range_j, size_t tile_j, uint32_t flags) {
  Parallelize<kPlain>(pool, function, context, {}, std::array<size_t, 2>{range_i, range_j}, std::array<size_t, 1>{tile_j}, flags);
}

void pthreadpool_parallelize_2d_tile_2d(pthreadpool_t pool, pthreadpool_task_2d_tile_2d_t function, void* context, size_t range_i, size_t range_j, size_t tile_i, size_t tile_j, uint32_t flags) {
  Parallelize<kPlain>(pool, function, context, {}, std::array<size_t, 2>{range_i, range_j}, std::array<size_t, 2>{tile_i, tile_j}, flags);
}

void pthreadpool_parallelize_3d(pthreadpool_t pool, pthreadpool_task_3d_t function, void* context, size_t range_i, size_t range_j, size_t range_k, uint32_t flags) {
  Parallelize<kPlain>(pool, function, context, {}, std::array<size_t, 3>{range_i, range_j, range_k}, kNoTiles, flags);
}

void pthreadpool_parallelize_3d_tile_1d(pthreadpool_t pool, pthreadpool_task_3d_tile_1d_t function, void* context, size_t range_i, size_t range_j, size_t range_k, size_t tile_k, uint32_t flags) {
  Parallelize<kPlain>(pool, function, context, {}, std::array<size_t, 3>{range_i, range_j, range_k}, std::array<size_t, 1>{tile_k}, flags);
}

void pthreadpool_parallelize_3d_tile_1d_with_thread(pthreadpool_t pool, pthreadpool_task_3d_tile_1d_with_thread_t function, void* context, size_t range_i, size_t range_j, size_t range_k, size_t tile_k, uint32_t flags) {
  Parallelize<kWithThread>(pool, function, context, {}, std::array<size_t, 3>{range_i, range_j, range_k}, std::array<size_t, 1>{tile_k}, flags);
}

void pthreadpool_parallelize_3d_tile_2d(pthreadpool_t pool, pthreadpool_task_3d_tile_2d_t function, void* context, size_t range_i, size_t range_j, size_t range_k, size_t tile_j, size_t tile_k, uint32_t flags) {
  Parallelize<kPlain>(pool, function, context, {}, std::array<size_t, 3>{range_i, range_j, range_k}, std::array<size_t, 2>{tile_j, tile_k}, flags);
}

void pthreadpool_parallelize_4d(pthreadpool_t pool, pthreadpool_task_4d_t function, void* context, size_t range_i, size_t range_j, size_t range_k, size_t range_l, uint32_t flags) {
  Parallelize<kPlain>(pool, function, context, {}, std::array<size_t, 4>{range_i, range_j, range_k, range_l}, kNoTiles, flags);
}

void pthreadpool_parallelize_4d_tile_2d(pthreadpool_t pool, pthreadpool_task_4d_tile_2d_t function, void* context, size_t range_i, size_t range_j, size_t range_k, size_t range_l, size_t tile_k, size_t tile_l, uint32_t flags) {
  Parallelize<kPlain>(pool, function, context, {}, std::array<size_t, 4>{range_i, range_j, range_k, range_l}, std::array<size_t, 2>{tile_k, tile_l}, flags);
}

void pthreadpool_parallelize_5d(pthreadpool_t pool, pthreadpool_task_5d_t function, void* context, size_t range_i, size_t range_j, size_t range_k, size_t range_l, size_t range_m, uint32_t flags) {
  Parallelize<kPlain>(pool, function, context, {}, std::array<size_t, 5>{range_i, range_j, range_k, range_l, range_m}, kNoTiles, flags);
}

void pthreadpool_parallelize_5d_tile_2d(pthreadpool_t pool, pthreadpool_task_5d_tile_2d_t function, void* context, size_t range_i, size_t range_j, size_t range_k, size_t range_l, size_t range_m, size_t tile_l, size_t tile_m, uint32_t flags) {
  Parallelize<kPlain>(pool, function, context, {}, std::array<size_t, 5>{range_i, range_j, range_k, range_l, range_m}, std::array<size_t, 2>{tile_l, tile_m}, flags);
}

void pthreadpool_parallelize_6d_tile_2d(pthreadpool_t pool, pthreadpool_task_6d_tile_2d_t function, void* context, size_t range_i, size_t range_j, size_t range_k, size_t range_l, size_t range_m, size_t range_n, size_t tile_m, size_t tile_n, uint32_t flags) {
  Parallelize<kPlain>(pool, function, context, {}, std::array<size_t, 6>{range_i, range_j, range_k, range_l, range_m, range_n}, std::array<size_t, 2>{tile_m, tile_n}, flags);
}

void pthreadpool_parallelize_2d_tile_1d_with_uarch(pthreadpool_t pool, pthreadpool_task_2d_tile_1d_with_id_t function, void* context, uint32_t default_uarch, uint32_t max_uarch, size_t range_i, size_t range_j, size_t tile_j, uint32_t flags) {
  Parallelize<kWithKind>(pool, function, context, {default_uarch, max_uarch}, std::array<size_t, 2>{range_i, range_j}, std::array<size_t, 1>{tile_j}, flags);
}

void pthreadpool_parallelize_2d_tile_2d_with_uarch(pthreadpool_t pool, pthreadpool_task_2d_tile_2d_with_id_t function, void* context, uint32_t default_uarch, uint32_t max_uarch, size_t range_i, size_t range_j, size_t tile_i, size_t tile_j, uint32_t flags) {
  Parallelize<kWithKind>(pool, function, context, {default_uarch, max_uarch}, std::array<size_t, 2>{range_i, range_j}, std::array<size_t, 2>{tile_i, tile_j}, flags);
}

void pthreadpool_parallelize_3d_tile_1d_with_uarch(pthreadpool_t pool, pthreadpool_task_3d_tile_1d_with_id_t function, void* context, uint32_t default_uarch, uint32_t max_uarch, size_t range_i, size_t range_j, size_t range_k, size_t tile_k, uint32_t flags) {
  Parallelize<kWithKind>(pool, function, context, {default_uarch, max_uarch}, std::array<size_t, 3>{range_i, range_j, range_k}, std::array<size_t, 1>{tile_k}, flags);
}

void pthreadpool_parallelize_3d_tile_1d_with_uarch_with_thread(pthreadpool_t pool, pthreadpool_task_3d_tile_1d_with_id_with_thread_t function, void* context, uint32_t default_uarch, uint32_t max_uarch, size_t range_i, size_t range_j, size_t range_k, size_t tile_k, uint32_t flags) {
  Parallelize<kWithKind | kWithThread>(pool, function, context, {default_uarch, max_uarch}, std::array<size_t, 3>{range_i, range_j, range_k}, std::array<size_t, 1>{tile_k}, flags);
}

void pthreadpool_parallelize_3d_tile_2d_with_uarch(pthreadpool_t pool, pthreadpool_task_3d_tile_2d_with_id_t function, void* context, uint32_t default_uarch, uint32_t max_uarch, size_t range_i, size_t range_j, size_t range_k, size_t tile_j, size_t tile_k, uint32_t flags) {
  Parallelize<kWithKind>(pool, function, context, {default_uarch, max_uarch}, std::array<size_t, 3>{range_i, range_j, range_k}, std::array<size_t, 2>{tile_j, tile_k}, flags);
}

void pthreadpool_parallelize_4d_tile_2d_with_uarch(pthreadpool_t pool, pthreadpool_task_4d_tile_2d_with_id_t function, void* context, uint32_t default_uarch, uint32_t max_uarch, size_t range_i, size_t range_j, size_t range_k, size_t range_l, size_t tile_k, size_t tile_l, uint32_t flags) {
  Parallelize<kWithKind>(pool, function, context, {default_uarch, max_uarch}, std::array<size_t, 4>{range_i, range_j, range_k, range_l}, std::array<size_t, 2>{tile_k, tile_l}, flags);
}

}  // extern "C"
