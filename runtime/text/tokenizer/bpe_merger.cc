#include "runtime/text/tokenizer/bpe_merger.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace etd::text {
namespace {

constexpr uint32_t kNoRank = std::numeric_limits<uint32_t>::max();
constexpr size_t kShort = 48;

// Up to kShort symbols a scan for the lowest rank is quicker than a heap.
void MergeShort(const MergeTable& merges, std::vector<int32_t>& symbols) {
  uint32_t ranks[kShort];  // of the pair that starts here
  int32_t merged[kShort];
  size_t count = symbols.size();
  const auto look = [&](size_t at) {
    const Merge* merge = at + 1 < count ? merges.Find(symbols[at], symbols[at + 1]) : nullptr;
    ranks[at] = merge != nullptr ? merge->rank : kNoRank;
    merged[at] = merge != nullptr ? merge->id : 0;
  };
  for (size_t i = 0; i < count; ++i) look(i);
  while (count > 1) {
    const size_t best = static_cast<size_t>(std::min_element(ranks, ranks + count - 1) - ranks);
    if (ranks[best] == kNoRank) break;
    symbols[best] = merged[best];
    const auto close = [&](auto* array) { std::copy(array + best + 2, array + count, array + best + 1); };
    close(symbols.data());
    close(ranks);
    close(merged);
    --count;
    look(best);
    if (best > 0) look(best - 1);
  }
  symbols.resize(count);
}

class LongMerger {
 public:
  LongMerger(const MergeTable& merges, const std::vector<int32_t>& symbols) : merges_(merges) {
    nodes_.reserve(symbols.size());
    for (size_t i = 0; i < symbols.size(); ++i) {
      nodes_.push_back({symbols[i], static_cast<int32_t>(i) - 1, static_cast<int32_t>(i) + 1});
    }
    nodes_.back().next = -1;
    heap_.reserve(symbols.size());
    for (size_t i = 0; i + 1 < nodes_.size(); ++i) {
      if (const Merge* merge = merges_.Find(nodes_[i].id, nodes_[i + 1].id)) {
        heap_.push_back({Key(merge->rank, static_cast<int32_t>(i)), merge->id});
      }
    }
    std::make_heap(heap_.begin(), heap_.end(), Later);
  }

  void Run() {
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), Later);
      const Candidate top = heap_.back();
      heap_.pop_back();
      const auto at = static_cast<int32_t>(top.key & 0xFFFFFFFFu);
      Node& node = nodes_[static_cast<size_t>(at)];
      if (node.id < 0 || node.next < 0) continue;
      Node& right = nodes_[static_cast<size_t>(node.next)];
      // Neighbours may have merged since this candidate was noted.
      const Merge* merge = merges_.Find(node.id, right.id);
      if (merge == nullptr || merge->id != top.id) continue;
      node.id = top.id;
      node.next = right.next;
      right.id = -1;
      if (node.next >= 0) nodes_[static_cast<size_t>(node.next)].previous = at;
      if (node.previous >= 0) Note(node.previous, at);
      if (node.next >= 0) Note(at, node.next);
    }
  }

  void Take(std::vector<int32_t>& symbols) const {
    symbols.clear();
    for (int32_t at = 0; at >= 0; at = nodes_[static_cast<size_t>(at)].next) {
      symbols.push_back(nodes_[static_cast<size_t>(at)].id);
    }
  }

 private:
  struct Node {
    int32_t id;  // -1 once merged into the node before
    int32_t previous;
    int32_t next;  // -1 at the end
  };
  struct Candidate {
    uint64_t key;  // rank, then position
    int32_t id;
  };

  static uint64_t Key(uint32_t rank, int32_t at) {
    return static_cast<uint64_t>(rank) << 32 | static_cast<uint32_t>(at);
  }
  static bool Later(const Candidate& a, const Candidate& b) { return a.key > b.key; }

  void Note(int32_t left, int32_t right) {
    const Merge* merge = merges_.Find(nodes_[static_cast<size_t>(left)].id, nodes_[static_cast<size_t>(right)].id);
    if (merge == nullptr) return;
    heap_.push_back({Key(merge->rank, left), merge->id});
    std::push_heap(heap_.begin(), heap_.end(), Later);
  }

  const MergeTable& merges_;
  std::vector<Node> nodes_;
  std::vector<Candidate> heap_;
};

}  // namespace

void MergeSymbols(const MergeTable& merges, std::vector<int32_t>& symbols) {
  if (symbols.size() < 2) return;
  if (symbols.size() <= kShort) {
    MergeShort(merges, symbols);
    return;
  }
  LongMerger merger(merges, symbols);
  merger.Run();
  merger.Take(symbols);
}

}  // namespace etd::text
