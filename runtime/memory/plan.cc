#include "runtime/memory/plan.h"

#include <algorithm>
#include <numeric>

namespace etd::memory {

size_t PlanBuffers(std::span<PlannedBuffer> buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t i) { return buffers[i].first; });
  std::vector<size_t> alive;  // sorted by offset
  size_t total = 0;
  for (const size_t index : order) {
    PlannedBuffer& buffer = buffers[index];
    std::erase_if(alive, [&](size_t i) { return buffers[i].last < buffer.first; });
    const size_t bytes = (buffer.bytes + kPlanAlignment - 1) / kPlanAlignment * kPlanAlignment;
    size_t offset = 0;
    auto place = alive.begin();
    for (; place != alive.end() && buffers[*place].offset < offset + bytes; ++place) {
      const PlannedBuffer& other = buffers[*place];
      offset = other.offset + (other.bytes + kPlanAlignment - 1) / kPlanAlignment * kPlanAlignment;
    }
    buffer.offset = offset;
    alive.insert(place, index);
    total = std::max(total, offset + bytes);
  }
  return total;
}

}  // namespace etd::memory
