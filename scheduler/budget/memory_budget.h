// The daemon's memory as scoped reservations: whoever is about to hold bytes asks first and gives them back by scope.
#ifndef ETD_SCHEDULER_BUDGET_MEMORY_BUDGET_H_
#define ETD_SCHEDULER_BUDGET_MEMORY_BUDGET_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/base/mutex.h"

namespace etd::scheduler {

enum class MemoryUse : uint8_t { kModel, kSession };

class MemoryBudget;

// Bytes that are counted as used until it goes away. Move-only; the budget must outlive it. One thread at a time.
class [[nodiscard]] Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  ~Reservation();

  uint64_t bytes() const { return bytes_; }
  // Shrinking always works. Growing beyond the limit: RESOURCE_EXHAUSTED, and nothing changes.
  absl::Status Resize(uint64_t bytes);
  // As Resize, for memory that is held already: the count follows the facts, beyond the limit if need be.
  void SetActual(uint64_t bytes);

 private:
  friend class MemoryBudget;
  Reservation(MemoryBudget* budget, MemoryUse use, uint64_t bytes) : budget_(budget), use_(use), bytes_(bytes) {}

  MemoryBudget* budget_ = nullptr;
  MemoryUse use_ = MemoryUse::kModel;
  uint64_t bytes_ = 0;
};

// Thread-safe.
class MemoryBudget {
 public:
  // 0: no limit.
  explicit MemoryBudget(uint64_t limit_bytes) : limit_(limit_bytes) {}

  // RESOURCE_EXHAUSTED (a RefusalStatus) when `bytes` do not fit beside what is used; `what` names it in the message.
  absl::StatusOr<Reservation> Reserve(MemoryUse use, uint64_t bytes, std::string_view what);
  // Takes effect for the next reservation; what is reserved stays.
  void SetLimit(uint64_t limit_bytes);

  uint64_t limit() const;
  uint64_t used() const;
  uint64_t used(MemoryUse use) const;

 private:
  friend class Reservation;
  // Replaces `before` by `after` reserved bytes; false (nothing changed) if that does not fit and `force` is not set.
  bool Change(MemoryUse use, uint64_t before, uint64_t after, bool force);

  mutable Mutex mutex_;
  uint64_t limit_ ETD_GUARDED_BY(mutex_);
  uint64_t used_[2] ETD_GUARDED_BY(mutex_) = {0, 0};
};

}  // namespace etd::scheduler

#endif  // ETD_SCHEDULER_BUDGET_MEMORY_BUDGET_H_
