// What two neighbouring symbols of BPE merge to.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_MERGE_TABLE_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_MERGE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace etd::text {

struct Merge {
  uint32_t rank;  // lower merges first
  int32_t id;     // the symbol that both become
};

// Open addressing on the packed pair; lookups of absent pairs, the common case, mostly end at the first slot.
// Filled once, then immutable and thread-safe.
class MergeTable {
 public:
  explicit MergeTable(size_t count) {
    size_t slots = 16;
    while (slots < count * 3) slots *= 2;
    slots_.resize(slots);
    mask_ = slots - 1;
  }

  // The last merge of a pair counts. At most as many pairs as said to the constructor.
  void Set(int32_t left, int32_t right, Merge merge) {
    const uint64_t key = Key(left, right);
    size_t slot = Hash(key) & mask_;
    while (slots_[slot].key != kFree && slots_[slot].key != key) slot = (slot + 1) & mask_;
    slots_[slot] = {key, merge};
  }

  const Merge* Find(int32_t left, int32_t right) const {
    const uint64_t key = Key(left, right);
    for (size_t slot = Hash(key) & mask_;; slot = (slot + 1) & mask_) {
      if (slots_[slot].key == key) return &slots_[slot].merge;
      if (slots_[slot].key == kFree) return nullptr;
    }
  }

 private:
  static constexpr uint64_t kFree = ~uint64_t{0};  // no ids are that large
  struct Slot {
    uint64_t key = kFree;
    Merge merge{};
  };

  static uint64_t Key(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  static size_t Hash(uint64_t key) {
    key *= 0x9E3779B97F4A7C15u;
    return static_cast<size_t>(key ^ key >> 32);
  }

  std::vector<Slot> slots_;
  size_t mask_;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_MERGE_TABLE_H_
