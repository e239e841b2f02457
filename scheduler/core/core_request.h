// Private to the scheduler's core: the records behind Core's tables.
#ifndef ETD_SCHEDULER_CORE_CORE_REQUEST_H_
#define ETD_SCHEDULER_CORE_CORE_REQUEST_H_

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "scheduler/core/core.h"
#include "scheduler/token_channel.h"

namespace etd::scheduler {

// Gives the engine the chooser's view of a request: its text lies in the request and does not change during a step.
struct Core::Request final : engine::TokenChooser {
  explicit Request(GenerateSpec s) : spec(std::move(s)) {}

  absl::StatusOr<engine::TokenChoice> Choose(std::span<const float> logits, int64_t position) override {
    const std::span<const int32_t> text(tokens);
    return spec.chooser->Choose(logits, text.first(prompt_size), text.subspan(prompt_size), position);
  }

  uint32_t generated() const { return static_cast<uint32_t>(tokens.size() - prompt_size); }
  bool decoding() const { return fed >= prompt_size; }
  int64_t pending() const { return static_cast<int64_t>(tokens.size() - fed); }

  GenerateSpec spec;
  std::shared_ptr<Session> session;
  std::vector<int32_t> tokens;        // prompt and what was generated
  size_t prompt_size = 0;
  size_t fed = 0;                     // of `tokens`, how many stand in the engine
  size_t cached = 0;
  size_t max_tokens = 0;              // to be generated; fits into the context
  bool context_bound = false;         // max_tokens is the context's limit, not the caller's
  size_t reserved = 0;                // positions for which memory is reserved, once it runs
  // Set while the next step waits for memory: OK where some is coming, else why there is none.
  std::optional<absl::Status> memory_wait;
  bool running = false;
  bool in_job = false;
  bool broken = false;                // a step failed: nobody knows what the engine's session holds
  std::optional<absl::Status> cancelled;  // acts when the job it is in has run
  std::optional<uint32_t> finish_at;
  std::optional<TimePoint> stalled_since;
  std::optional<int64_t> rewind_to;   // for the first step
  TimePoint started{};
  TimePoint first_token{};
  TimePoint last_token{};
  TimePoint announced{};              // when the consumer was last told of tokens
  std::optional<TimePoint> held_since;  // since when a token waits to be announced
};

struct Core::Task {
  explicit Task(TaskSpec s) : spec(std::move(s)) {}
  TaskSpec spec;
  bool in_job = false;
};

}  // namespace etd::scheduler

#endif  // ETD_SCHEDULER_CORE_CORE_REQUEST_H_
