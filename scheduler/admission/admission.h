// Decides at arrival whether a request may wait. Pure: numbers in, a status out.
#ifndef ETD_SCHEDULER_ADMISSION_ADMISSION_H_
#define ETD_SCHEDULER_ADMISSION_ADMISSION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "runtime/base/clock.h"

namespace etd::scheduler {

struct AdmissionLimits {
  uint32_t max_running = 8;              // generations that take turns
  uint32_t max_waiting = 64;             // requests that wait for a turn
  uint32_t max_requests_per_tenant = 32;  // waiting and running
};

// The load that a new request meets.
struct AdmissionLoad {
  uint32_t waiting = 0;
  uint32_t running = 0;
  uint32_t tenant_requests = 0;
};

// Learns how long requests take, for the retry times of refusals.
class DurationEstimate {
 public:
  void Add(Duration request);
  // Time until a place is free behind `ahead` others with `servers` places.
  Duration Wait(uint32_t ahead, uint32_t servers) const;

 private:
  double seconds_ = 2;  // running mean of a request's time; the start is a guess
};

// OK, or a RefusalStatus that names the limit.
absl::Status Admit(const AdmissionLimits& limits, const AdmissionLoad& load, const DurationEstimate& estimate);

}  // namespace etd::scheduler

#endif  // ETD_SCHEDULER_ADMISSION_ADMISSION_H_
