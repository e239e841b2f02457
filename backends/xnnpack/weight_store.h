// The weights of a model in XNNPACK's packed form, kept once for all regions, methods and sessions; and the constants
// that XNNPACK reads in place.
#ifndef ETD_BACKENDS_XNNPACK_WEIGHT_STORE_H_
#define ETD_BACKENDS_XNNPACK_WEIGHT_STORE_H_

#include <xnnpack.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "backends/xnnpack/weight_form.h"
#include "runtime/base/mutex.h"
#include "runtime/memory/arena.h"

namespace etd::xnnpack {

// XNNPACK finds packed weights by (seed of the kernel, address of the weights, address of the bias). The address stands
// for much that shapes the packed bytes but is not in the key (shape, scales, the quantisation of input and output), and
// a program stores equal bytes once, whatever they mean. So weights are staged under an identity, a text of all that
// matters: the first identity of some bytes gets their own address, every other a copy at an address of its own.
//
// Not thread-safe, but for the callbacks that XNNPACK makes. Must outlive every runtime that uses it.
class WeightStore {
 public:
  WeightStore();
  WeightStore(const WeightStore&) = delete;
  WeightStore& operator=(const WeightStore&) = delete;

  xnn_weights_cache_t provider() { return &provider_; }

  // Weights for packing: valid until ReleaseStaged; the address is never used for anything else. `stored` are the file's
  // bytes, `row_elements` their innermost dimension. Errors: RESOURCE_EXHAUSTED.
  absl::StatusOr<const void*> Stage(std::string_view identity, std::span<const std::byte> stored, WeightForm form,
                                    size_t row_elements);
  // A constant that XNNPACK reads whenever it runs: a copy with the padding that its kernels need, valid as long as the
  // store. Equal requests share a copy. Errors: RESOURCE_EXHAUSTED.
  absl::StatusOr<const void*> Keep(std::span<const std::byte> stored, WeightForm form, size_t row_elements);
  // Gives the memory of staged weights back. Addresses stay reserved.
  void ReleaseStaged();
  // Keeps `owner` as long as the store: addresses of what it holds are used as keys here.
  void Hold(std::shared_ptr<const void> owner);
  // Says that bytes of the file have been packed or copied.
  void AddSource(std::span<const std::byte> source);

  // Bytes of packed weights and kept constants.
  uint64_t bytes() const;
  // What AddSource was told, without repetitions.
  std::span<const std::span<const std::byte>> sources() const { return sources_; }

 private:
  struct Staged {
    std::string identity;
    memory::Arena arena;  // Empty where the file's own bytes serve.
    bool filled = false;
  };
  struct PackedKey {
    uint32_t seed;
    const void* kernel;
    const void* bias;
    friend auto operator<=>(const PackedKey&, const PackedKey&) = default;
  };
  using Origin = std::pair<const std::byte*, WeightForm>;

  static size_t LookUp(void* context, const xnn_weights_cache_look_up_key* key);
  static void* Reserve(void* context, size_t bytes);
  static size_t LookUpOrInsert(void* context, const xnn_weights_cache_look_up_key* key, void* data, size_t bytes);

  absl::StatusOr<std::byte*> Allocate(size_t bytes) ETD_REQUIRES(mutex_);

  xnn_weights_cache_provider provider_{};
  std::map<Origin, std::vector<std::unique_ptr<Staged>>> staged_;
  std::map<std::pair<Origin, size_t>, const void*> kept_;
  std::vector<std::shared_ptr<const void>> held_;
  std::vector<std::span<const std::byte>> sources_;
  std::map<const std::byte*, size_t> source_ends_;

  mutable Mutex mutex_;
  std::map<PackedKey, size_t> packed_ ETD_GUARDED_BY(mutex_);
  std::vector<memory::Arena> chunks_ ETD_GUARDED_BY(mutex_);
  size_t chunk_used_ ETD_GUARDED_BY(mutex_) = 0;
  uint64_t bytes_ ETD_GUARDED_BY(mutex_) = 0;
};

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_WEIGHT_STORE_H_
