#include "scheduler/admission/admission.h"

#include <algorithm>
#include <chrono>

#include "runtime/base/status.h"
#include "scheduler/refusal.h"

namespace etd::scheduler {
namespace {

constexpr double kWeightOfLast = 0.2;
constexpr double kLongestWaitSeconds = 120;
constexpr double kShortestWaitSeconds = 0.1;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void DurationEstimate::Add(Duration request) {
  seconds_ += kWeightOfLast * (std::clamp(Seconds(request), 0.0, kLongestWaitSeconds) - seconds_);
}

Duration DurationEstimate::Wait(uint32_t ahead, uint32_t servers) const {
  const double turns = static_cast<double>(ahead + 1) / static_cast<double>(std::max(servers, 1u));
  const double seconds = std::clamp(seconds_ * turns, kShortestWaitSeconds, kLongestWaitSeconds);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

absl::Status Admit(const AdmissionLimits& limits, const AdmissionLoad& load, const DurationEstimate& estimate) {
  const auto seconds = [](Duration d) { return Seconds(d); };
  if (load.tenant_requests >= limits.max_requests_per_tenant) {
    const Duration wait = estimate.Wait(0, 1);
    return RefusalStatus(
        fmt::format("you have {} requests waiting or running, the most a user may have (limits.max_requests_per_user); "
                    "retry in {:.1f} s or end one of them",
                    load.tenant_requests, seconds(wait)),
        {.limit = "limits.max_requests_per_user",
         .maximum = limits.max_requests_per_tenant,
         .current = load.tenant_requests,
         .retry_after = wait,
         .queue_length = load.waiting});
  }
  // What waits goes to free places first.
  const uint32_t places = limits.max_running > load.running ? limits.max_running - load.running : 0;
  if (load.waiting >= limits.max_waiting + places) {
    const Duration wait = estimate.Wait(0, limits.max_running);
    return RefusalStatus(fmt::format("the queue is full: {} requests wait and {} run (limits.max_waiting); retry in "
                                     "{:.1f} s",
                                     load.waiting, load.running, seconds(wait)),
                         {.limit = "limits.max_waiting",
                          .maximum = limits.max_waiting,
                          .current = load.waiting,
                          .retry_after = wait,
                          .queue_length = load.waiting});
  }
  return absl::OkStatus();
}

}  // namespace etd::scheduler
