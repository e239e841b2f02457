#include "runtime/exec/session_state.h"

#include <cstring>

#include "runtime/base/status.h"

namespace etd::exec {
namespace {

constexpr size_t kPage = 4096;

}  // namespace

StateLayout StateLayout::Of(const graph::Graph& graph) {
  StateLayout layout;
  for (graph::ValueId id = 0; id < graph.values.size(); ++id) {
    const graph::GraphValue& value = graph.values[id];
    if (value.origin != graph::GraphValue::Origin::kState) continue;
    const program::TensorSpec& spec = *value.tensor();
    Slot slot{id, spec.layout.nbytes(), spec.memory_id > 1 ? spec.memory_id : 0, spec.memory_offset, spec.data};
    if (slot.shared_memory_id == 0) {
      slot.offset = layout.private_bytes;
      layout.private_bytes += (slot.bytes + kBufferPadding + kPage - 1) / kPage * kPage;
    }
    layout.slots.push_back(slot);
  }
  return layout;
}

absl::StatusOr<SessionState> SessionState::Create(const StateLayout& layout, const program::Program& program,
                                                  SharedArenas& shared) {
  SessionState state;
  ETD_ASSIGN_OR_RETURN(state.arena_, memory::Arena::Create(layout.private_bytes));
  for (const StateLayout::Slot& slot : layout.slots) {
    std::byte* base = state.arena_.data();
    if (slot.shared_memory_id != 0) {
      ETD_ASSIGN_OR_RETURN(base, shared.Get(program, slot.shared_memory_id));
    }
    state.addresses_.push_back(base + slot.offset);
    if (!slot.initial.empty()) std::memcpy(state.addresses_.back(), slot.initial.data(), slot.initial.size());
  }
  return state;
}

void SessionState::Forget(const StateLayout& layout, size_t index, size_t begin, size_t end) {
  const StateLayout::Slot& slot = layout.slots[index];
  if (slot.shared_memory_id != 0) {
    std::memset(addresses_[index] + begin, 0, end - begin);
  } else {
    arena_.Release(slot.offset + begin, end - begin);
  }
}

}  // namespace etd::exec
