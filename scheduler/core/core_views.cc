// What lists and status pages show of the core.
#include <utility>

#include "scheduler/core/core.h"
#include "scheduler/core/core_request.h"

namespace etd::scheduler {

std::vector<RequestView> Core::Requests() const {
  const TimePoint now = clock_.Now();
  std::vector<RequestView> views;
  views.reserve(requests_.size() + tasks_.size());
  std::map<RequestId, uint32_t> positions;
  uint32_t position = 0;
  for (const Request* request : waiting_.InOrder()) positions[request->spec.id] = ++position;
  position = 0;
  for (const Task* task : waiting_tasks_.InOrder()) positions[task->spec.id] = ++position;
  const auto common = [&](const auto& spec) {
    RequestView view;
    view.id = spec.id;
    view.caller = spec.caller;
    view.model = spec.model;
    view.age = now - spec.arrival;
    if (const auto found = positions.find(spec.id); found != positions.end()) view.queue_position = found->second;
    return view;
  };
  for (const auto& [id, request] : requests_) {
    RequestView view = common(request->spec);
    view.session = request->spec.session;
    view.prompt_tokens = static_cast<uint32_t>(request->prompt_size);
    view.prefilled_tokens = static_cast<uint32_t>(std::min(request->fed, request->prompt_size));
    view.completion_tokens = request->generated();
    if (request->running) {
      view.phase = request->stalled_since ? RequestPhase::kStalled
                   : request->decoding()  ? RequestPhase::kDecode
                                          : RequestPhase::kPrefill;
    }
    views.push_back(std::move(view));
  }
  for (const Parked& parked : parked_) {
    RequestView view = common(parked.spec);
    view.session = parked.spec.session;
    view.prompt_tokens = static_cast<uint32_t>(parked.spec.prompt.size());
    views.push_back(std::move(view));
  }
  for (const auto& [id, task] : tasks_) {
    RequestView view = common(task->spec);
    view.method = task->spec.method;
    view.phase = task->in_job ? RequestPhase::kTask : RequestPhase::kQueued;
    views.push_back(std::move(view));
  }
  return views;
}

std::vector<SessionView> Core::Sessions() const {
  const TimePoint now = clock_.Now();
  std::map<const Session*, const Request*> users;
  for (const auto& [id, request] : requests_) users[request->session.get()] = request.get();
  std::vector<SessionView> views;
  for (const auto& session : sessions_.All()) {
    SessionView view{.tenant = session->tenant, .name = session->name, .model = session->model};
    view.tokens = session->tokens.size();
    if (const auto user = users.find(session.get()); user != users.end() && user->second->running) {
      view.tokens = user->second->tokens.size();
    }
    view.memory_bytes = session->bytes;
    view.busy = session->busy;
    if (!session->busy) view.idle = now - session->last_used;
    views.push_back(std::move(view));
  }
  return views;
}

StatusView Core::Status(const std::string& tenant) const {
  StatusView view;
  view.counters = counters_;
  view.waiting = Waiting();
  view.running = static_cast<uint32_t>(running_.size()) + (job_task_ != nullptr ? 1 : 0);
  view.max_waiting = options_.admission.max_waiting;
  view.max_running = options_.admission.max_running;
  view.sessions = static_cast<uint32_t>(sessions_.size());
  view.draining = draining_;
  view.tenant_requests = RequestsOf(tenant);
  view.max_tenant_requests = options_.admission.max_requests_per_tenant;
  view.tenant_sessions = sessions_.CountOf(tenant);
  view.max_tenant_sessions = options_.sessions.max_per_tenant;
  return view;
}

}  // namespace etd::scheduler
