// Lists of sessions and requests, and the daemon's status.
#include <unistd.h>

#include <fstream>
#include <string>

#include "daemon/service/convert.h"
#include "daemon/service/handlers.h"
#include "runtime/base/status.h"

namespace etd::service {
namespace {

v1::RequestState StateOf(scheduler::RequestPhase phase) {
  switch (phase) {
    case scheduler::RequestPhase::kQueued: return v1::REQUEST_STATE_QUEUED;
    case scheduler::RequestPhase::kPrefill: return v1::REQUEST_STATE_PREFILL;
    case scheduler::RequestPhase::kDecode: return v1::REQUEST_STATE_DECODE;
    case scheduler::RequestPhase::kStalled: return v1::REQUEST_STATE_STALLED;
    case scheduler::RequestPhase::kTask: break;
  }
  return v1::REQUEST_STATE_RUNNING;
}

uint64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

void FillCounters(const Service& service, const scheduler::Counters& from, v1::Counters* to) {
  to->set_requests_started(from.started);
  to->set_requests_completed(from.completed);
  to->set_requests_cancelled(from.cancelled);
  to->set_requests_failed(from.failed);
  to->set_requests_refused(from.refused);
  to->set_prompt_tokens(from.prompt_tokens);
  to->set_cached_prompt_tokens(from.cached_prompt_tokens);
  to->set_completion_tokens(from.completion_tokens);
  to->set_steps(from.steps);
  to->set_infer_calls(from.tasks);
  to->set_connections_accepted(service.connections().accepted.load());
  to->set_connections_refused(service.connections().refused.load());
  to->set_models_loaded(service.parts().models->loads());
  to->set_models_unloaded(service.parts().models->unloads());
  ToProto(from.busy, to->mutable_busy());
}

}  // namespace

absl::Status ListSessions(Service& service, const auth::Peer& peer, const v1::ListSessionsRequest& request,
                          v1::ListSessionsResponse* response) {
  const bool all = service.IsAdministrator(peer.identity);
  const std::string tenant = peer.identity.tenant();
  for (const scheduler::SessionView& view : service.parts().scheduler->Sessions()) {
    if (!all && view.tenant != tenant) continue;
    const std::string model = service.parts().models->NameOf(view.model);
    if (!request.model().empty() && request.model() != model) continue;
    v1::Session* session = response->add_sessions();
    session->set_name(view.name);
    session->set_model(model);
    session->set_tenant(view.tenant);
    session->set_tokens(view.tokens);
    session->set_memory_bytes(view.memory_bytes);
    ToProto(view.idle, session->mutable_idle());
    session->set_busy(view.busy);
  }
  return absl::OkStatus();
}

absl::Status DeleteSession(Service& service, const auth::Peer& peer, const v1::DeleteSessionRequest& request,
                           v1::DeleteSessionResponse*) {
  if (request.session().empty()) return InvalidArgument("name the session to delete");
  const std::string own = peer.identity.tenant();
  const std::string tenant = request.tenant().empty() ? own : request.tenant();
  if (tenant != own && !service.IsAdministrator(peer.identity)) {
    return PermissionDenied("only administrators may delete sessions of others");
  }
  return service.parts().scheduler->DeleteSession(tenant, request.session());
}

absl::Status ListRequests(Service& service, const auth::Peer& peer, const v1::ListRequestsRequest&,
                          v1::ListRequestsResponse* response) {
  const bool all = service.IsAdministrator(peer.identity);
  const std::string tenant = peer.identity.tenant();
  for (const scheduler::RequestView& view : service.parts().scheduler->Requests()) {
    if (!all && view.caller.tenant != tenant) continue;
    v1::Request* request = response->add_requests();
    request->set_id(view.id);
    request->set_tenant(view.caller.tenant);
    request->set_pid(view.caller.pid);
    request->set_gid(view.caller.gid);
    request->set_model(service.parts().models->NameOf(view.model));
    request->set_session(view.session);
    request->set_state(StateOf(view.phase));
    request->set_queue_position(view.queue_position);
    request->set_prompt_tokens(view.prompt_tokens);
    request->set_prefilled_tokens(view.prefilled_tokens);
    request->set_completion_tokens(view.completion_tokens);
    ToProto(view.age, request->mutable_age());
    request->set_method(view.method);
  }
  return absl::OkStatus();
}

absl::Status CancelRequest(Service& service, const auth::Peer& peer, const v1::CancelRequestRequest& request,
                           v1::CancelRequestResponse*) {
  const bool all = service.IsAdministrator(peer.identity);
  const std::string tenant = peer.identity.tenant();
  return service.parts().scheduler->CancelIf(
      request.id(), [&](const scheduler::Caller& caller) { return all || caller.tenant == tenant; });
}

absl::Status GetStatus(Service& service, const auth::Peer& peer, const v1::GetStatusRequest&,
                       v1::GetStatusResponse* response) {
  const ServiceParts& parts = service.parts();
  const std::string tenant = peer.identity.tenant();
  const scheduler::StatusView status = parts.scheduler->Status(tenant);
  response->set_version(service.options().version);
  response->set_pid(static_cast<uint32_t>(getpid()));
  ToProto(parts.clock->Now() - service.started(), response->mutable_uptime());
  response->set_draining(status.draining);
  response->mutable_memory()->set_budget_bytes(parts.budget->limit());
  response->mutable_memory()->set_used_bytes(parts.budget->used());
  response->mutable_memory()->set_model_bytes(parts.budget->used(scheduler::MemoryUse::kModel));
  response->mutable_memory()->set_session_bytes(parts.budget->used(scheduler::MemoryUse::kSession));
  response->mutable_queue()->set_waiting(status.waiting);
  response->mutable_queue()->set_running(status.running);
  response->mutable_queue()->set_max_waiting(status.max_waiting);
  response->mutable_queue()->set_max_running(status.max_running);
  FillCounters(service, status.counters, response->mutable_counters());
  uint32_t loaded = 0;
  for (const models::ModelView& view : parts.models->List()) loaded += view.state == models::ModelState::kReady ? 1 : 0;
  response->set_models_loaded(loaded);
  response->set_sessions(status.sessions);
  response->set_connections(service.connections().open.load());
  v1::Caller* caller = response->mutable_caller();
  caller->set_tenant(tenant);
  caller->set_uid(peer.identity.uid);
  caller->set_administrator(service.IsAdministrator(peer.identity));
  if (service.connections().of_tenant) caller->set_connections(service.connections().of_tenant(tenant));
  caller->set_max_connections(service.connections().max_per_tenant.load());
  caller->set_requests(status.tenant_requests);
  caller->set_max_requests(status.max_tenant_requests);
  caller->set_sessions(status.tenant_sessions);
  caller->set_max_sessions(status.max_tenant_sessions);
  response->set_socket(service.options().socket);
  response->set_framed_socket(service.options().framed_socket);
  response->set_resident_bytes(ResidentBytes());
  return absl::OkStatus();
}

}  // namespace etd::service
