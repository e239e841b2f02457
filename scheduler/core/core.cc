#include "scheduler/core/core.h"

#include <algorithm>
#include <utility>

#include "runtime/base/status.h"
#include "scheduler/refusal.h"
#include "scheduler/core/core_request.h"

namespace etd::scheduler {

Core::Core(const CoreOptions& options, const Clock& clock, MemoryBudget* budget, MemoryPressure pressure)
    : options_(options), clock_(clock), budget_(budget), pressure_(std::move(pressure)), sessions_(options.sessions) {}

Core::~Core() = default;

void Core::SetOptions(const CoreOptions& options) {
  options_ = options;
  sessions_.SetLimits(options.sessions);
}

void Core::AddModel(ModelId id, std::string name, std::shared_ptr<engine::Engine> engine) {
  Model& model = models_[id];
  model.id = id;
  model.name = std::move(name);
  model.engine = std::move(engine);
}

void Core::RemoveModel(ModelId id, bool force, std::function<void()> done) {
  const auto found = models_.find(id);
  if (found == models_.end()) {
    if (done) done();
    return;
  }
  found->second.retiring = true;
  if (done) found->second.retired = std::move(done);
  if (force) {
    std::vector<RequestId> ids;
    for (const auto& [request_id, request] : requests_) {
      if (request->spec.model == id) ids.push_back(request_id);
    }
    for (const auto& [task_id, task] : tasks_) {
      if (task->spec.model == id) ids.push_back(task_id);
    }
    const absl::Status status = MakeStatus(absl::StatusCode::kUnavailable, "the model was unloaded");
    for (const RequestId request_id : ids) Cancel(request_id, status);
  }
  ModelReleased(id);
}

// Completes a removal that waited for the model's last request or job.
void Core::ModelReleased(ModelId id) {
  const auto found = models_.find(id);
  if (found == models_.end() || !found->second.retiring || found->second.active > 0) return;
  if (job_running_ && job_model_ == id) return;
  for (const auto& session : sessions_.RemoveModel(id)) reservations_.erase(session.get());
  const std::function<void()> done = std::move(found->second.retired);
  models_.erase(found);
  if (done) done();
}

bool Core::Cancel(RequestId id, const absl::Status& status) {
  if (const auto found = requests_.find(id); found != requests_.end()) {
    Request* request = found->second.get();
    if (request->in_job) {
      if (!request->cancelled) request->cancelled = status;
      return true;
    }
    if (!request->running) waiting_.Remove(request);
    Finish(request, status, FinishReason::kNone);
    return true;
  }
  if (const auto found = tasks_.find(id); found != tasks_.end()) {
    Task* task = found->second.get();
    // A task that runs cannot be interrupted; its result is dropped by whoever asked for the cancel.
    if (task->in_job) return true;
    waiting_tasks_.Remove(task);
    FinishTask(task, status, false);
    return true;
  }
  const auto parked = std::find_if(parked_.begin(), parked_.end(), [id](const auto& p) { return p.spec.id == id; });
  if (parked == parked_.end()) return false;
  const Parked taken = std::move(*parked);
  parked_.erase(parked);
  Refuse(taken.spec, status);
  return true;
}

void Core::CancelAll(const absl::Status& status) {
  std::vector<RequestId> ids;
  for (const auto& [id, request] : requests_) ids.push_back(id);
  for (const auto& [id, task] : tasks_) ids.push_back(id);
  for (const Parked& parked : parked_) ids.push_back(parked.spec.id);
  for (const RequestId id : ids) Cancel(id, status);
}

void Core::FinishAt(RequestId id, uint32_t tokens) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  Request* request = found->second.get();
  request->finish_at = tokens;
  if (!request->in_job) Finish(request, absl::OkStatus(), FinishReason::kStop);
}

absl::Status Core::DeleteSession(const std::string& tenant, const std::string& name) {
  const auto session = sessions_.Find(tenant, name);
  if (session == nullptr) return NotFound("there is no session '{}'", name);
  if (IsBeingLeft(*session)) {
    // Nameless sessions go with their request.
    sessions_.Remove(tenant, name);
    session->name.clear();
    return absl::OkStatus();
  }
  if (session->busy) {
    return MakeStatus(absl::StatusCode::kAborted, "session '{}' is busy; cancel its request first", name);
  }
  sessions_.Remove(tenant, name);
  ReleaseSession(session);
  return absl::OkStatus();
}

// ---- Ends

void Core::CountEnd(const absl::Status& status) {
  if (status.ok()) {
    ++counters_.completed;
  } else if (status.code() == absl::StatusCode::kCancelled) {
    ++counters_.cancelled;
  } else {
    ++counters_.failed;
  }
}

// Leaves the session as the next request of the conversation wants it.
void Core::KeepSession(Request* request) {
  const std::shared_ptr<Session>& session = request->session;
  session->busy = false;
  session->last_used = clock_.Now();
  if (!request->running) {  // never started: as it was, and gone if it was new
    if (session->engine_id) return;
    if (!session->name.empty()) sessions_.Remove(session->tenant, session->name);
    ReleaseSession(session);
    return;
  }
  if (session->name.empty() || !session->engine_id || request->broken) {
    if (!session->name.empty()) sessions_.Remove(session->tenant, session->name);
    ReleaseSession(session);
    return;
  }
  // A rewind that has not happened leaves the engine as it was.
  if (!request->rewind_to) session->engine_length = static_cast<int64_t>(request->fed);
  session->tokens = std::move(request->tokens);
  // A prompt that was cut off while it was read leaves what was read of it.
  const bool cut = request->fed < request->prompt_size;
  if (cut) session->tokens.resize(request->fed);
  reservations_[session.get()].SetActual(session->bytes);
}

void Core::Finish(Request* request, absl::Status status, FinishReason reason) {
  if (request->finish_at && status.ok()) {
    const size_t keep = request->prompt_size + *request->finish_at;
    if (keep < request->tokens.size()) request->tokens.resize(keep);
    reason = FinishReason::kStop;
  }
  const TimePoint now = clock_.Now();
  const uint32_t generated = request->generated();
  FinishInfo info{.status = status, .reason = reason};
  info.usage = {.prompt_tokens = static_cast<uint32_t>(request->prompt_size),
                .cached_prompt_tokens = static_cast<uint32_t>(request->cached),
                .completion_tokens = generated};
  info.timing.queued = (request->running ? request->started : now) - request->spec.arrival;
  if (generated > 0) {
    info.timing.prefill = request->first_token - request->started;
    info.timing.time_to_first_token = request->first_token - request->spec.arrival;
    info.timing.decode = request->last_token - request->first_token;
  } else if (request->running) {
    info.timing.prefill = now - request->started;
  }
  counters_.completion_tokens += generated;
  if (RefusalOf(status)) ++counters_.refused; else CountEnd(status);
  if (request->running) {
    running_.remove(request);
    estimate_.Add(now - request->started);
  }
  KeepSession(request);
  const ModelId model = request->spec.model;
  const std::shared_ptr<TokenChannel> channel = std::move(request->spec.channel);
  requests_.erase(request->spec.id);
  --models_.at(model).active;
  channel->Finish(std::move(info));
  ModelReleased(model);
}

void Core::FinishTask(Task* task, const absl::Status& status, bool ran) {
  if (ran) {
    ++counters_.tasks;
    estimate_.Add(job_.elapsed);
  }
  CountEnd(status);
  const ModelId model = task->spec.model;
  const auto done = std::move(task->spec.done);
  tasks_.erase(task->spec.id);
  --models_.at(model).active;
  done(status);
  ModelReleased(model);
}

// ---- Jobs

bool Core::Runnable(Request* request) {
  if (!request->decoding()) return true;
  if (request->spec.channel->RoomOrArm()) {
    request->stalled_since.reset();
    return HasMemory(request);
  }
  if (!request->stalled_since) request->stalled_since = clock_.Now();
  return false;
}

Job* Core::NextJob() {
  if (job_running_) return nullptr;
  AdmitWaiting();
  // Tasks and models take turns: a task, then a model's step, then a task …
  bool planned = false;
  if (task_turn_) planned = PlanTask();
  if (!planned) {
    auto it = models_.upper_bound(last_model_);
    for (size_t tried = 0; tried < models_.size() && !planned; ++tried) {
      if (it == models_.end()) it = models_.begin();
      planned = PlanModel(&it->second);
      ++it;
    }
    if (planned) task_turn_ = true;
  }
  if (!planned) planned = PlanTask();
  if (!planned) return EndOneForMemory() ? NextJob() : nullptr;
  job_running_ = true;
  return &job_;
}

bool Core::PlanTask() {
  if (waiting_tasks_.empty()) return false;
  job_.Clear();
  job_requests_.clear();
  job_task_ = waiting_tasks_.Front();
  waiting_tasks_.Pop();
  job_task_->in_job = true;
  job_.task = &job_task_->spec;
  job_model_ = job_task_->spec.model;
  task_turn_ = false;
  return true;
}

bool Core::PlanModel(Model* model) {
  if (model->engine == nullptr) return false;
  candidates_.clear();
  candidate_requests_.clear();
  for (Request* request : running_) {
    if (request->spec.model != model->id || !Runnable(request)) continue;
    candidates_.push_back({.pending = request->pending(),
                           .decoding = request->decoding(),
                           .max_segment_tokens = model->engine->info().max_segment_tokens});
    candidate_requests_.push_back(request);
  }
  if (candidates_.empty() && model->deletes.empty()) return false;
  PlanStep(candidates_, options_.step, &picks_);
  job_.Clear();
  job_requests_.clear();
  job_task_ = nullptr;
  job_.engine = model->engine;
  job_.deletes.swap(model->deletes);
  job_model_ = model->id;
  last_model_ = model->id;
  for (const StepPick& pick : picks_) AddPart(candidate_requests_[pick.candidate], pick.tokens);
  return true;
}

void Core::AddPart(Request* request, int64_t tokens) {
  request->in_job = true;
  const auto begin = request->fed;
  const auto count = static_cast<size_t>(tokens);
  const bool last = begin + count == request->tokens.size();
  JobPart& part = job_.parts.emplace_back();
  part.session = request->session->engine_id;
  if (request->rewind_to && part.session) part.rewind_to = request->rewind_to;
  part.segment.tokens = std::span<const int32_t>(request->tokens).subspan(begin, count);
  part.segment.start_position = static_cast<int64_t>(begin);
  if (last && request->max_tokens > 0) part.segment.chooser = request;
  job_requests_.push_back(request);
  // Whoever ran goes to the end of the line.
  const auto place = std::find(running_.begin(), running_.end(), request);
  running_.splice(running_.end(), running_, place);
}

void Core::Commit() {
  if (!job_running_) return;
  job_running_ = false;
  counters_.busy += job_.elapsed;
  if (job_task_ != nullptr) {
    Task* task = std::exchange(job_task_, nullptr);
    job_.task = nullptr;
    FinishTask(task, absl::OkStatus(), true);
    return;
  }
  if (!job_.parts.empty()) ++counters_.steps;
  job_.engine.reset();
  for (size_t i = 0; i < job_requests_.size(); ++i) CommitPart(job_requests_[i], &job_.parts[i]);
  job_requests_.clear();
  ModelReleased(job_model_);
}

void Core::CommitPart(Request* request, JobPart* part) {
  request->in_job = false;
  Session& session = *request->session;
  session.engine_id = part->session;
  session.bytes = part->session_bytes;
  if (part->result.status.ok()) {
    request->rewind_to.reset();
    request->fed += part->segment.tokens.size();
  } else {
    request->broken = true;
  }
  if (request->cancelled) return Finish(request, *request->cancelled, FinishReason::kNone);
  if (!part->result.status.ok()) return Finish(request, part->result.status, FinishReason::kNone);
  if (request->finish_at) return Finish(request, absl::OkStatus(), FinishReason::kStop);
  if (request->fed < request->tokens.size()) return;  // more of the prompt to come
  if (request->max_tokens == 0) {
    return Finish(request, absl::OkStatus(), FinishReason::kMaxTokens);
  }
  if (!part->result.choice) {
    return Finish(request, Internal("the model gave no token"), FinishReason::kNone);
  }
  Deliver(request, *std::move(part->result.choice));
}

void Core::Deliver(Request* request, engine::TokenChoice choice) {
  const TimePoint now = clock_.Now();
  if (request->generated() == 0) request->first_token = now;
  request->last_token = now;
  const int32_t token = choice.token;
  const std::vector<int32_t>& ends = request->spec.end_tokens;
  if (std::binary_search(ends.begin(), ends.end(), token)) {
    return Finish(request, absl::OkStatus(), FinishReason::kEndToken);
  }
  request->tokens.push_back(token);
  const bool half_full = request->spec.channel->Push(std::move(choice));
  const bool due = request->generated() == 1 || now - request->announced >= request->spec.stream_interval;
  if (due || half_full) {
    Announce(request, now);
  } else if (!request->held_since) {
    request->held_since = now;
  }
  if (request->generated() >= request->max_tokens) {
    Finish(request, absl::OkStatus(), request->context_bound ? FinishReason::kContextFull : FinishReason::kMaxTokens);
  }
}

void Core::Announce(Request* request, TimePoint now) {
  request->announced = now;
  request->held_since.reset();
  request->spec.channel->Announce();
}

// ---- Time

void Core::CheckStall(Request* request, TimePoint now) {
  if (options_.stall_timeout <= Duration::zero() || !request->stalled_since) return;
  if (*request->stalled_since + options_.stall_timeout > now) return;
  const int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.stall_timeout).count();
  Cancel(request->spec.id,
         MakeStatus(absl::StatusCode::kCancelled, "the client has not read its stream for {} s (limits.stall_timeout)",
                    seconds));
}

void Core::Tick() {
  const TimePoint now = clock_.Now();
  std::vector<RequestId> late;
  std::vector<Request*> stalled;
  for (const auto& [id, request] : requests_) {
    if (request->held_since && *request->held_since + request->spec.stream_interval <= now) Announce(request.get(), now);
    if (request->spec.deadline && *request->spec.deadline <= now) {
      late.push_back(id);
    } else if (request->stalled_since) {
      stalled.push_back(request.get());
    }
  }
  for (const auto& [id, task] : tasks_) {
    if (task->spec.deadline && *task->spec.deadline <= now && !task->in_job) late.push_back(id);
  }
  for (Request* request : stalled) CheckStall(request, now);
  const absl::Status status = MakeStatus(absl::StatusCode::kDeadlineExceeded, "the request's deadline has passed");
  for (const RequestId id : late) Cancel(id, status);
  for (const auto& session : sessions_.RemoveExpired(now)) ReleaseSession(session);
  SubmitParked(now);
}

std::optional<TimePoint> Core::NextWakeup() const {
  std::optional<TimePoint> next = sessions_.NextExpiry();
  const auto consider = [&next](TimePoint time) {
    if (!next || time < *next) next = time;
  };
  for (const auto& [id, request] : requests_) {
    if (request->held_since) consider(*request->held_since + request->spec.stream_interval);
    if (request->cancelled) continue;  // its job will end it
    if (request->spec.deadline) consider(*request->spec.deadline);
    if (request->stalled_since && options_.stall_timeout > Duration::zero()) {
      consider(*request->stalled_since + options_.stall_timeout);
    }
  }
  for (const auto& [id, task] : tasks_) {
    if (task->spec.deadline && !task->in_job) consider(*task->spec.deadline);
  }
  for (const Parked& parked : parked_) {
    consider(parked.until);
    if (parked.spec.deadline) consider(*parked.spec.deadline);
  }
  return next;
}

}  // namespace etd::scheduler
