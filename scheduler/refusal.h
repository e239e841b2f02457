// Refusals that explain themselves: which limit, how full, when to come again.
#ifndef ETD_SCHEDULER_REFUSAL_H_
#define ETD_SCHEDULER_REFUSAL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "runtime/base/clock.h"

namespace etd::scheduler {

struct Refusal {
  std::string limit;                     // the setting that was reached, as the config names it
  uint64_t maximum = 0;
  uint64_t current = 0;
  std::optional<Duration> retry_after;   // absent: waiting alone does not help
  uint32_t queue_length = 0;
};

// RESOURCE_EXHAUSTED with `message` and the refusal as payload.
absl::Status RefusalStatus(std::string_view message, const Refusal& refusal);

// The refusal that a status carries, if any.
std::optional<Refusal> RefusalOf(const absl::Status& status);

}  // namespace etd::scheduler

#endif  // ETD_SCHEDULER_REFUSAL_H_
