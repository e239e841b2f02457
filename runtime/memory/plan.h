// Where buffers lie in an arena so that those which are never needed at the same time share bytes.
#ifndef ETD_RUNTIME_MEMORY_PLAN_H_
#define ETD_RUNTIME_MEMORY_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace etd::memory {

// A buffer that is written at step `first` and read for the last time at step `last` (first ≤ last).
struct PlannedBuffer {
  size_t bytes = 0;
  uint32_t first = 0;
  uint32_t last = 0;
  size_t offset = 0;  // the result, a multiple of kPlanAlignment
};

inline constexpr size_t kPlanAlignment = 64;

// Fills the offsets and returns the bytes that the arena needs. Buffers of one step never overlap: an operator's output
// is not its input. Takes the first gap that fits, in the order of the steps: O(n · buffers alive at once).
size_t PlanBuffers(std::span<PlannedBuffer> buffers);

}  // namespace etd::memory

#endif  // ETD_RUNTIME_MEMORY_PLAN_H_
