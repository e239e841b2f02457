#include "scheduler/token_channel.h"

#include <utility>

namespace etd::scheduler {

TokenChannel::TokenChannel(size_t capacity, std::function<void()> ready)
    : capacity_(capacity), ready_(std::move(ready)) {
  tokens_.reserve(capacity_);
}

bool TokenChannel::RoomOrArm() {
  MutexLock lock(mutex_);
  if (tokens_.size() < capacity_) return true;
  armed_ = true;
  return false;
}

bool TokenChannel::Push(engine::TokenChoice choice) {
  MutexLock lock(mutex_);
  tokens_.push_back(std::move(choice));
  return 2 * tokens_.size() >= capacity_;
}

void TokenChannel::Announce() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(announced_, true)) return;
  }
  ready_();
}

void TokenChannel::Finish(FinishInfo info) {
  {
    MutexLock lock(mutex_);
    finish_ = std::move(info);
    announced_ = true;
  }
  // Also when tokens wait: their consumer may have taken them and be about to sleep.
  ready_();
}

void TokenChannel::SetResume(std::function<void()> resume) { resume_ = std::move(resume); }

bool TokenChannel::HasAnnounced() {
  MutexLock lock(mutex_);
  return announced_;
}

void TokenChannel::Take(std::vector<engine::TokenChoice>* tokens, std::optional<FinishInfo>* finish) {
  tokens->clear();
  if (tokens->capacity() < capacity_) tokens->reserve(capacity_);
  bool resume = false;
  {
    MutexLock lock(mutex_);
    tokens->swap(tokens_);
    *finish = finish_;
    announced_ = false;
    resume = std::exchange(armed_, false);
  }
  if (resume && resume_) resume_();
}

}  // namespace etd::scheduler
