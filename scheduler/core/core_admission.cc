// The way of a request into the scheduler: refused, queued, started.
#include <algorithm>
#include <utility>

#include "runtime/base/status.h"
#include "scheduler/refusal.h"
#include "scheduler/core/core.h"
#include "scheduler/core/core_request.h"

namespace etd::scheduler {

uint32_t Core::RequestsOf(const std::string& tenant) const {
  uint32_t count = 0;
  for (const auto& [id, request] : requests_) count += request->spec.caller.tenant == tenant ? 1 : 0;
  for (const Parked& parked : parked_) count += parked.spec.caller.tenant == tenant ? 1 : 0;
  for (const auto& [id, task] : tasks_) count += task->spec.caller.tenant == tenant ? 1 : 0;
  return count;
}

absl::Status Core::CheckArrival(const Caller& caller, ModelId model) {
  if (draining_) {
    return MakeStatus(absl::StatusCode::kUnavailable, "the daemon is shutting down; connect again when it is back");
  }
  const auto found = models_.find(model);
  if (found == models_.end() || found->second.retiring) {
    return MakeStatus(absl::StatusCode::kUnavailable, "the model is being unloaded; load it again");
  }
  return Admit(options_.admission,
               {.waiting = Waiting(),
                .running = static_cast<uint32_t>(running_.size()),
                .tenant_requests = RequestsOf(caller.tenant)},
               estimate_);
}

bool Core::IsBeingLeft(const Session& session) const {
  if (!session.busy) return false;
  return std::any_of(requests_.begin(), requests_.end(), [&](const auto& entry) {
    return entry.second->session.get() == &session && entry.second->cancelled.has_value();
  });
}

bool Core::IsBusy(const GenerateSpec& spec) const {
  const auto session = spec.session.empty() ? nullptr : sessions_.Find(spec.caller.tenant, spec.session);
  return session != nullptr && session->busy;
}

void Core::SubmitParked(TimePoint now) {
  for (Parked& parked : std::exchange(parked_, {})) {
    if (!IsBusy(parked.spec)) {
      Submit(std::move(parked.spec));
    } else if (parked.spec.deadline && *parked.spec.deadline <= now) {
      Refuse(parked.spec, MakeStatus(absl::StatusCode::kDeadlineExceeded, "the request's deadline has passed"));
    } else if (parked.until <= now) {
      Refuse(parked.spec, MakeStatus(absl::StatusCode::kAborted,
                                     "session '{}' is busy with another request; wait until it has ended",
                                     parked.spec.session));
    } else {
      parked_.push_back(std::move(parked));
    }
  }
}

// Ends a request that has not become one.
void Core::Refuse(const GenerateSpec& spec, absl::Status status) {
  if (RefusalOf(status)) ++counters_.refused; else CountEnd(status);
  spec.channel->Finish({.status = std::move(status)});
}

void Core::Submit(GenerateSpec spec) {
  if (absl::Status status = CheckArrival(spec.caller, spec.model); !status.ok()) {
    return Refuse(spec, std::move(status));
  }
  if (IsBusy(spec)) {
    const TimePoint until = clock_.Now() + options_.session_patience;
    parked_.push_back({.spec = std::move(spec), .until = until});
    return;
  }
  auto owned = std::make_unique<Request>(std::move(spec));
  Request* request = owned.get();
  const RequestId id = request->spec.id;
  if (absl::Status status = Prepare(request); !status.ok()) return Refuse(request->spec, std::move(status));
  ++counters_.started;
  ++models_.at(request->spec.model).active;
  requests_.emplace(id, std::move(owned));
  waiting_.Push(request->spec.caller.tenant, request);
}

void Core::SubmitTask(TaskSpec spec) {
  if (absl::Status status = CheckArrival(spec.caller, spec.model); !status.ok()) {
    if (RefusalOf(status)) ++counters_.refused; else CountEnd(status);
    spec.done(status);
    return;
  }
  ++counters_.started;
  ++models_.at(spec.model).active;
  const RequestId id = spec.id;
  auto owned = std::make_unique<Task>(std::move(spec));
  waiting_tasks_.Push(owned->spec.caller.tenant, owned.get());
  tasks_.emplace(id, std::move(owned));
}

absl::Status Core::FindSession(Request* request) {
  const GenerateSpec& spec = request->spec;
  auto session = spec.session.empty() ? nullptr : sessions_.Find(spec.caller.tenant, spec.session);
  if (session == nullptr) {
    if (spec.continue_session) {
      return NotFound("there is no session '{}' to continue (it may have expired); send the whole text", spec.session);
    }
    session = std::make_shared<Session>();
    session->tenant = spec.caller.tenant;
    session->name = spec.session;
    session->model = spec.model;
  } else if (session->model != spec.model) {
    return FailedPrecondition("session '{}' belongs to another model; delete it or use another name", spec.session);
  }
  request->session = std::move(session);
  return absl::OkStatus();
}

// Checks what the model's numbers decide, and binds the session.
absl::Status Core::Prepare(Request* request) {
  GenerateSpec& spec = request->spec;
  const Model& model = models_.at(spec.model);
  if (model.engine == nullptr) {
    return FailedPrecondition("model '{}' cannot generate text; use Infer", model.name);
  }
  const engine::ModelInfo& info = model.engine->info();
  ETD_RETURN_IF_ERROR(FindSession(request));
  if (spec.continue_session) request->tokens = request->session->tokens;
  request->tokens.insert(request->tokens.end(), spec.prompt.begin(), spec.prompt.end());
  spec.prompt = {};
  if (request->tokens.empty()) return InvalidArgument("the prompt has no tokens; say something");
  const auto outside = std::find_if(request->tokens.begin(), request->tokens.end(),
                                    [&](int32_t token) { return token < 0 || token >= info.vocab_size; });
  if (outside != request->tokens.end()) {
    return InvalidArgument("token id {} is outside of the model's vocabulary (0 to {})", *outside, info.vocab_size - 1);
  }
  request->prompt_size = request->tokens.size();
  const auto context = static_cast<size_t>(std::max<int64_t>(info.max_context, 0));
  const size_t smallest = spec.max_tokens == 0 ? 0 : 1;
  if (request->prompt_size + smallest > context) {
    return OutOfRange("the prompt has {} tokens and the model's context {} (one is needed for the answer); shorten the "
                      "prompt",
                      request->prompt_size, context);
  }
  const size_t room = context - request->prompt_size;
  request->max_tokens = std::min<size_t>(spec.max_tokens, room);
  request->context_bound = spec.max_tokens > room;
  // Nothing is allocated while tokens come.
  request->tokens.reserve(request->prompt_size + request->max_tokens);
  if (!request->session->name.empty() && sessions_.Find(request->session->tenant, request->session->name) == nullptr) {
    std::vector<std::shared_ptr<Session>> evicted;
    if (!sessions_.Insert(request->session, &evicted)) {
      return RefusalStatus("all sessions that could make room are busy (limits.max_sessions_per_user); retry later or "
                           "delete one",
                           {.limit = "limits.max_sessions_per_user",
                            .maximum = options_.sessions.max_per_tenant,
                            .current = sessions_.CountOf(request->session->tenant),
                            .retry_after = estimate_.Wait(0, 1),
                            .queue_length = Waiting()});
    }
    for (const auto& session : evicted) ReleaseSession(session);
  }
  request->session->busy = true;
  return absl::OkStatus();
}

void Core::AdmitWaiting() {
  // Memory that comes free belongs to what runs already.
  if (AnyWaitsForMemory()) return;
  while (!waiting_.empty() && running_.size() < options_.admission.max_running) {
    Request* request = waiting_.Front();
    const std::optional<absl::Status> outcome = TryStart(request);
    if (!outcome) return;
    waiting_.Pop();
    if (!outcome->ok()) {
      Finish(request, *outcome, FinishReason::kNone);
      continue;
    }
    Start(request);
    // Only prefill was asked for, and all of it stands in the session.
    if (request->pending() == 0) Finish(request, absl::OkStatus(), FinishReason::kMaxTokens);
  }
}

void Core::Start(Request* request) {
  Session& session = *request->session;
  const engine::ModelInfo& info = models_.at(request->spec.model).engine->info();
  const bool needs_logits = request->max_tokens > 0;
  const int64_t keep = ReusableTokens(session, request->tokens, info.can_rewind, needs_logits);
  if (keep != session.engine_length) request->rewind_to = keep;
  request->fed = static_cast<size_t>(keep);
  request->cached = request->fed;
  request->running = true;
  request->started = clock_.Now();
  // The request owns the text while it runs.
  session.tokens.clear();
  counters_.prompt_tokens += request->prompt_size;
  counters_.cached_prompt_tokens += request->cached;
  running_.push_back(request);
}

}  // namespace etd::scheduler
