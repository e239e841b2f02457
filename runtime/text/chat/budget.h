// What one rendering may use. A template is a program that came with a model; none may hang or exhaust the service.
#ifndef ETD_RUNTIME_TEXT_CHAT_BUDGET_H_
#define ETD_RUNTIME_TEXT_CHAT_BUDGET_H_

#include <cstdint>

#include "runtime/base/status.h"

namespace etd::text {

inline constexpr int64_t kMaxSteps = 10'000'000;              // evaluated nodes, and 64 bytes or 8 items of data each
inline constexpr int64_t kMaxLiveBytes = int64_t{256} << 20;  // strings and containers alive at once
inline constexpr int64_t kMaxStringBytes = int64_t{64} << 20;  // the output, or any one string
inline constexpr int64_t kMaxRange = 100'000;                 // Jinja's own limit of range()
inline constexpr int32_t kMaxContainerDepth = 200;            // lists in lists in lists …
inline constexpr int32_t kMaxEvaluationDepth = 2'000;         // nested evaluations, macro calls included
inline constexpr int64_t kMaxStackBytes = int64_t{2} << 20;
inline constexpr int32_t kMaxNodeDepth = 300;                 // of the syntax tree
inline constexpr size_t kMaxTemplateBytes = size_t{4} << 20;

// One rendering's use of it all; one thread.
class Budget {
 public:
  // One step, plus `bytes` of data gone through.
  absl::Status Step(int64_t bytes = 0) {
    steps_ += 1 + bytes / 64;
    if (steps_ > kMaxSteps) return ResourceExhausted("The chat template runs too long; it was stopped.");
    if (live_bytes_ > kMaxLiveBytes) return ResourceExhausted("The chat template needs too much memory; it was stopped.");
    return absl::OkStatus();
  }
  absl::Status CheckSize(int64_t bytes) const {
    if (bytes > kMaxStringBytes) {
      return ResourceExhausted("The chat template makes a text of {} bytes; at most {} are allowed.", bytes,
                               kMaxStringBytes);
    }
    return absl::OkStatus();
  }
  void Hold(int64_t bytes) { live_bytes_ += bytes; }
  void Release(int64_t bytes) { live_bytes_ -= bytes; }

  // Counts a nested call for as long as it lives; check status() before going deeper.
  class Nested {
   public:
    explicit Nested(Budget* budget) : budget_(budget) { ++budget_->depth_; }
    ~Nested() { --budget_->depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    absl::Status status() const {
      const char* here = static_cast<const char*>(__builtin_frame_address(0));
      const int64_t used = budget_->stack_start_ > here ? budget_->stack_start_ - here : here - budget_->stack_start_;
      if (budget_->depth_ > kMaxEvaluationDepth || used > kMaxStackBytes) {
        return ResourceExhausted("The chat template nests its calls or values too deeply.");
      }
      return absl::OkStatus();
    }

   private:
    Budget* budget_;
  };

 private:
  int64_t steps_ = 0;
  int64_t live_bytes_ = 0;
  int32_t depth_ = 0;
  const char* stack_start_ = static_cast<const char*>(__builtin_frame_address(0));
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_BUDGET_H_
