#include "scheduler/budget/memory_budget.h"

#include <utility>

#include "runtime/base/status.h"
#include "scheduler/refusal.h"

namespace etd::scheduler {
namespace {

size_t Index(MemoryUse use) { return static_cast<size_t>(use); }

double Mebibytes(uint64_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0); }

}  // namespace

Reservation::Reservation(Reservation&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), use_(other.use_), bytes_(std::exchange(other.bytes_, 0)) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this == &other) return *this;
  if (budget_ != nullptr) budget_->Change(use_, bytes_, 0, true);
  budget_ = std::exchange(other.budget_, nullptr);
  use_ = other.use_;
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

Reservation::~Reservation() {
  if (budget_ != nullptr) budget_->Change(use_, bytes_, 0, true);
}

absl::Status Reservation::Resize(uint64_t bytes) {
  if (budget_ == nullptr) return FailedPrecondition("this reservation belongs to no budget");
  if (!budget_->Change(use_, bytes_, bytes, bytes <= bytes_)) {
    return ResourceExhausted("{:.1f} MiB more do not fit into the memory budget", Mebibytes(bytes - bytes_));
  }
  bytes_ = bytes;
  return absl::OkStatus();
}

void Reservation::SetActual(uint64_t bytes) {
  if (budget_ == nullptr) return;
  budget_->Change(use_, bytes_, bytes, true);
  bytes_ = bytes;
}

absl::StatusOr<Reservation> MemoryBudget::Reserve(MemoryUse use, uint64_t bytes, std::string_view what) {
  if (Change(use, 0, bytes, false)) return Reservation(this, use, bytes);
  const uint64_t used_now = used();
  const uint64_t limit_now = limit();
  return RefusalStatus(
      fmt::format("{} needs {:.1f} MiB, and {:.1f} of the {:.1f} MiB memory budget are used (memory.budget); unload a "
                  "model or raise the budget",
                  what, Mebibytes(bytes), Mebibytes(used_now), Mebibytes(limit_now)),
      {.limit = "memory.budget", .maximum = limit_now, .current = used_now, .retry_after = {}, .queue_length = 0});
}

void MemoryBudget::SetLimit(uint64_t limit_bytes) {
  MutexLock lock(mutex_);
  limit_ = limit_bytes;
}

uint64_t MemoryBudget::limit() const {
  MutexLock lock(mutex_);
  return limit_;
}

uint64_t MemoryBudget::used() const {
  MutexLock lock(mutex_);
  return used_[0] + used_[1];
}

uint64_t MemoryBudget::used(MemoryUse use) const {
  MutexLock lock(mutex_);
  return used_[Index(use)];
}

bool MemoryBudget::Change(MemoryUse use, uint64_t before, uint64_t after, bool force) {
  MutexLock lock(mutex_);
  const uint64_t others = used_[0] + used_[1] - before;
  if (!force && limit_ != 0 && (others > limit_ || after > limit_ - others)) return false;
  used_[Index(use)] += after - before;  // wraps to a subtraction when after < before
  return true;
}

}  // namespace etd::scheduler
