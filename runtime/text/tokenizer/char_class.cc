#include "runtime/text/tokenizer/char_class.h"

#include <algorithm>
#include <array>
#include <map>

namespace etd::text {
namespace {

constexpr uint32_t kFlagBits = 11;
constexpr uint32_t kFlagMask = (1u << kFlagBits) - 1;
constexpr char32_t kEnd = 0x110000;
constexpr size_t kBlock = 128;

// Two-stage lookup: equal blocks of 128 code points are stored once.
class FlagTable {
 public:
  FlagTable() {
    std::map<std::array<uint16_t, kBlock>, uint16_t> known;
    std::array<uint16_t, kBlock> block{};
    size_t run = 0;
    for (char32_t code_point = 0; code_point < kEnd; ++code_point) {
      while (run + 1 < kCharRunCount && (kCharRuns[run + 1] >> kFlagBits) <= code_point) ++run;
      block[code_point % kBlock] = static_cast<uint16_t>(kCharRuns[run] & kFlagMask);
      if (code_point % kBlock != kBlock - 1) continue;
      auto [entry, added] = known.emplace(block, static_cast<uint16_t>(known.size()));
      if (added) flags_.insert(flags_.end(), block.begin(), block.end());
      block_of_[code_point / kBlock] = entry->second;
    }
  }

  uint16_t Get(char32_t code_point) const {
    if (code_point >= kEnd) return 0;
    return flags_[block_of_[code_point / kBlock] * kBlock + code_point % kBlock];
  }

 private:
  std::array<uint16_t, kEnd / kBlock> block_of_{};
  std::vector<uint16_t> flags_;
};

}  // namespace

uint16_t CharFlags(char32_t code_point) {
  static const FlagTable* const table = new FlagTable();
  return table->Get(code_point);
}

std::vector<CharRange> RangesWith(uint16_t flags) {
  std::vector<CharRange> ranges;
  for (size_t run = 0; run < kCharRunCount; ++run) {
    if ((kCharRuns[run] & flags) == 0) continue;
    const char32_t first = kCharRuns[run] >> kFlagBits;
    const char32_t last = (run + 1 < kCharRunCount ? kCharRuns[run + 1] >> kFlagBits : kEnd) - 1;
    if (!ranges.empty() && ranges.back().last + 1 == first) {
      ranges.back().last = last;
    } else {
      ranges.push_back({first, last});
    }
  }
  return ranges;
}

bool IsNormalizationInert(char32_t code_point) {
  const CharRange* end = kNormalizationInert + kNormalizationInertCount;
  const CharRange* range = std::lower_bound(kNormalizationInert, end, code_point,
                                            [](const CharRange& r, char32_t value) { return r.last < value; });
  return range != end && range->first <= code_point;
}

}  // namespace etd::text
