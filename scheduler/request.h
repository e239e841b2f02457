// What callers tell the scheduler about a request, and what they get back. Tokens, ids and times only: the scheduler
// knows neither text nor transports.
#ifndef ETD_SCHEDULER_REQUEST_H_
#define ETD_SCHEDULER_REQUEST_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "runtime/base/clock.h"
#include "runtime/engine/engine.h"

namespace etd::scheduler {

class TokenChannel;

using RequestId = uint64_t;
using ModelId = uint64_t;

// Who asks. `tenant` decides about quotas and visibility; the numbers are for people.
struct Caller {
  std::string tenant;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t pid = 0;
};

// Picks the next token of one request; owned by the request. Runs on the executor's thread, never concurrently with
// itself.
class Chooser {
 public:
  virtual ~Chooser() = default;
  // `logits` [vocab_size]; `prompt` and `generated` are the tokens before `position`, valid during the call.
  virtual absl::StatusOr<engine::TokenChoice> Choose(std::span<const float> logits, std::span<const int32_t> prompt,
                                                     std::span<const int32_t> generated, int64_t position) = 0;
};

enum class FinishReason : uint8_t { kNone, kEndToken, kStop, kMaxTokens, kContextFull };

struct Usage {
  uint32_t prompt_tokens = 0;
  uint32_t cached_prompt_tokens = 0;  // of these, taken from the session
  uint32_t completion_tokens = 0;
};

struct Timing {
  Duration queued{};
  Duration prefill{};              // admission to first token
  Duration time_to_first_token{};  // from arrival
  Duration decode{};               // first to last token
};

// How a request ended. `status` is OK for a stream that ended by itself; then `reason` says why.
struct FinishInfo {
  absl::Status status = {};
  FinishReason reason = FinishReason::kNone;
  Usage usage = {};
  Timing timing = {};
};

// A generation to be run.
struct GenerateSpec {
  RequestId id = 0;
  Caller caller;
  ModelId model = 0;
  std::vector<int32_t> prompt;
  std::string session;           // empty: state is dropped at the end
  bool continue_session = false;  // `prompt` goes on where the session ends
  // Unlimited by default; the model's context always limits. 0 only prefills. Memory for so many tokens is reserved
  // before the first step; where only the context limits, as the text grows, and the stream may end with
  // RESOURCE_EXHAUSTED when there is no more.
  uint32_t max_tokens = std::numeric_limits<uint32_t>::max();
  std::vector<int32_t> end_tokens;  // sorted
  std::unique_ptr<Chooser> chooser;
  std::shared_ptr<TokenChannel> channel;  // tokens and the end go there
  TimePoint arrival{};
  std::optional<TimePoint> deadline;
  // Tokens are announced to the channel's consumer at once where the last time is so long ago, else together, and wait
  // no longer than that. The first one never waits.
  Duration stream_interval{};
};

// A single call of a model's method, opaque to the scheduler.
struct TaskSpec {
  RequestId id = 0;
  Caller caller;
  ModelId model = 0;
  std::string method;            // for lists
  std::function<void()> run;     // executor's thread; not called when refused or cancelled while waiting
  // Exactly once, on the scheduler's thread: OK after `run`, else why it did not run. Must not block.
  std::function<void(const absl::Status&)> done;
  TimePoint arrival{};
  std::optional<TimePoint> deadline;
};

enum class RequestPhase : uint8_t { kQueued, kPrefill, kDecode, kStalled, kTask };

// A line of a request list.
struct RequestView {
  RequestId id = 0;
  Caller caller;
  ModelId model = 0;
  std::string session;
  std::string method;
  RequestPhase phase = RequestPhase::kQueued;
  uint32_t queue_position = 0;  // from 1 when queued
  uint32_t prompt_tokens = 0;
  uint32_t prefilled_tokens = 0;
  uint32_t completion_tokens = 0;
  Duration age{};
};

struct SessionView {
  std::string tenant;
  std::string name;
  ModelId model = 0;
  uint64_t tokens = 0;
  uint64_t memory_bytes = 0;
  Duration idle{};
  bool busy = false;
};

// Sums since the start.
struct Counters {
  uint64_t started = 0;
  uint64_t completed = 0;
  uint64_t cancelled = 0;
  uint64_t failed = 0;
  uint64_t refused = 0;
  uint64_t prompt_tokens = 0;
  uint64_t cached_prompt_tokens = 0;
  uint64_t completion_tokens = 0;
  uint64_t steps = 0;
  uint64_t tasks = 0;
  Duration busy{};  // the executor's time in steps and tasks
};

struct StatusView {
  Counters counters;
  uint32_t waiting = 0;
  uint32_t running = 0;
  uint32_t max_waiting = 0;
  uint32_t max_running = 0;
  uint32_t sessions = 0;
  bool draining = false;
  // Of the tenant that was asked about.
  uint32_t tenant_requests = 0;
  uint32_t max_tenant_requests = 0;
  uint32_t tenant_sessions = 0;
  uint32_t max_tenant_sessions = 0;
};

}  // namespace etd::scheduler

#endif  // ETD_SCHEDULER_REQUEST_H_
