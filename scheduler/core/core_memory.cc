// Memory of requests' states: reserved before it is used, by a ladder of whom to ask for it.
#include <algorithm>
#include <utility>

#include "runtime/base/status.h"
#include "scheduler/core/core.h"
#include "scheduler/core/core_request.h"
#include "scheduler/refusal.h"

namespace etd::scheduler {

std::optional<absl::Status> Core::ReserveState(Request* request, size_t tokens) {
  Session& session = *request->session;
  const engine::ModelInfo& info = models_.at(request->spec.model).engine->info();
  const uint64_t wanted = std::max(info.state_bytes_fixed + tokens * info.state_bytes_per_token, session.bytes);
  Reservation& reservation = reservations_[&session];
  for (;;) {
    absl::Status status;
    if (reservation.bytes() >= wanted) return absl::OkStatus();
    if (reservation.bytes() > 0) {
      status = reservation.Resize(wanted);
    } else {
      absl::StatusOr<Reservation> reserved = budget_->Reserve(MemoryUse::kSession, wanted, "the request's state");
      if (reserved.ok()) reservation = *std::move(reserved);
      status = reserved.status();
    }
    if (status.ok()) return status;
    // The ladder: idle conversations first, then whatever `pressure_` finds.
    if (const auto victim = sessions_.RemoveLeastRecentlyUsed()) {
      ReleaseSession(victim);
      continue;
    }
    if (pressure_ && pressure_(wanted)) return std::nullopt;
    return RefusalOf(status) ? status
                             : RefusalStatus(fmt::format("{} (memory.budget); lower max_tokens or unload a model",
                                                         ToStd(status.message())),
                                             {.limit = "memory.budget",
                                              .maximum = budget_->limit(),
                                              .current = budget_->used(),
                                              .retry_after = {},
                                              .queue_length = Waiting()});
  }
}

std::optional<absl::Status> Core::TryStart(Request* request) {
  const size_t answer = request->context_bound ? std::min<size_t>(request->max_tokens, options_.reserve_ahead)
                                               : request->max_tokens;
  const size_t tokens = request->prompt_size + answer;
  const std::optional<absl::Status> outcome = ReserveState(request, tokens);
  if (outcome && outcome->ok()) request->reserved = tokens;
  // What runs gives its memory back when it ends.
  if (outcome && !outcome->ok() && !running_.empty()) return std::nullopt;
  return outcome;
}

bool Core::HasMemory(Request* request) {
  // A step fills positions up to the last token.
  if (request->tokens.size() <= request->reserved) return true;
  const size_t more = std::min(request->prompt_size + request->max_tokens, request->reserved + options_.reserve_ahead);
  const std::optional<absl::Status> outcome = ReserveState(request, more);
  if (outcome && outcome->ok()) {
    request->reserved = more;
    request->memory_wait.reset();
    return true;
  }
  request->memory_wait = outcome.value_or(absl::OkStatus());
  return false;
}

bool Core::AnyWaitsForMemory() const {
  return std::any_of(running_.begin(), running_.end(), [](const Request* request) { return request->memory_wait; });
}

bool Core::EndOneForMemory() {
  Request* last = nullptr;
  for (Request* request : running_) {
    if (!request->memory_wait || request->memory_wait->ok()) return false;
    if (last == nullptr || request->spec.id > last->spec.id) last = request;
  }
  if (last == nullptr) return false;
  Finish(last, *last->memory_wait, FinishReason::kNone);
  return true;
}

void Core::ReleaseSession(const std::shared_ptr<Session>& session) {
  const auto model = models_.find(session->model);
  if (session->engine_id && model != models_.end()) model->second.deletes.push_back(*session->engine_id);
  session->engine_id.reset();
  // Counted as free as soon as its deletion stands before everything that could need the room.
  reservations_.erase(session.get());
}

}  // namespace etd::scheduler
