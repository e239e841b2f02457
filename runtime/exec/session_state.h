// The memory of one session: what a method's mutable buffers hold between calls.
#ifndef ETD_RUNTIME_EXEC_SESSION_STATE_H_
#define ETD_RUNTIME_EXEC_SESSION_STATE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/exec/reference_method.h"
#include "runtime/graph/graph.h"
#include "runtime/memory/arena.h"

namespace etd::exec {

// Where each state value of a method lies in a session's memory.
struct StateLayout {
  struct Slot {
    graph::ValueId value = 0;
    size_t bytes = 0;
    uint32_t shared_memory_id = 0;  // ≥ 2: in the arena that all methods of a session share, at `offset`
    size_t offset = 0;
    std::span<const std::byte> initial;  // else zeros
  };
  std::vector<Slot> slots;
  size_t private_bytes = 0;

  // Private slots start on pages of their own, so that a cache costs memory only as far as it is filled.
  static StateLayout Of(const graph::Graph& graph);
};

// Not thread-safe. Zero where the program gives no first value.
class SessionState {
 public:
  // `shared` outlives the state. Errors: RESOURCE_EXHAUSTED.
  static absl::StatusOr<SessionState> Create(const StateLayout& layout, const program::Program& program,
                                             SharedArenas& shared);

  // Address of each slot, in the layout's order.
  std::span<std::byte* const> addresses() const { return addresses_; }
  // Bytes that hold memory, without shared arenas.
  size_t ResidentBytes() const { return arena_.ResidentBytes(); }
  // Zeroes bytes [begin, end) of slot `index` and gives whole pages back.
  void Forget(const StateLayout& layout, size_t index, size_t begin, size_t end);

 private:
  memory::Arena arena_;
  std::vector<std::byte*> addresses_;
};

}  // namespace etd::exec

#endif  // ETD_RUNTIME_EXEC_SESSION_STATE_H_
