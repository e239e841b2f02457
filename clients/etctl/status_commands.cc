// status, ps, cancel, sessions.
#include <fmt/format.h>

#include "clients/etctl/commands.h"
#include "clients/etctl/format.h"

namespace etd::etctl {
namespace {

std::string StateText(const v1::Request& request) {
  switch (request.state()) {
    case v1::REQUEST_STATE_QUEUED: return fmt::format("queued as {}", request.queue_position());
    case v1::REQUEST_STATE_PREFILL:
      return fmt::format("prefill {} of {}", request.prefilled_tokens(), request.prompt_tokens());
    case v1::REQUEST_STATE_DECODE: return "decode";
    case v1::REQUEST_STATE_STALLED: return "stalled";
    case v1::REQUEST_STATE_RUNNING: return "running";
    default: return "?";
  }
}

// "3 of 8", or "3" where there is no limit.
std::string OfLimit(uint64_t count, uint64_t limit) {
  return limit == 0 ? HumanCount(count) : fmt::format("{} of {}", HumanCount(count), HumanCount(limit));
}

void AddMemory(const v1::GetStatusResponse& status, Table* table) {
  const v1::Memory& memory = status.memory();
  const std::string limit = memory.budget_bytes() == 0 ? "no limit" : "of " + HumanBytes(memory.budget_bytes());
  table->Add({"memory", fmt::format("{} {}: models {}, sessions {}", HumanBytes(memory.used_bytes()), limit,
                                    HumanBytes(memory.model_bytes()), HumanBytes(memory.session_bytes()))});
  table->Add({"process", HumanBytes(status.resident_bytes()) + " resident"});
}

void AddCounters(const v1::Counters& counters, Table* table) {
  table->Add({"requests",
              fmt::format("{} started: {} completed, {} cancelled, {} failed; {} refused",
                          HumanCount(counters.requests_started()), HumanCount(counters.requests_completed()),
                          HumanCount(counters.requests_cancelled()), HumanCount(counters.requests_failed()),
                          HumanCount(counters.requests_refused()))});
  table->Add({"tokens", fmt::format("{} of prompts ({} of them kept), {} generated",
                                    HumanCount(counters.prompt_tokens()), HumanCount(counters.cached_prompt_tokens()),
                                    HumanCount(counters.completion_tokens()))});
  table->Add({"work", fmt::format("{} steps and {} calls of Infer in {}", HumanCount(counters.steps()),
                                  HumanCount(counters.infer_calls()), HumanSeconds(Seconds(counters.busy())))});
}

void AddCaller(const v1::Caller& caller, Table* table) {
  table->Add({"you", fmt::format("{}{}: connections {}, requests {}, sessions {}", caller.tenant(),
                                 caller.administrator() ? ", administrator" : "",
                                 OfLimit(caller.connections(), caller.max_connections()),
                                 OfLimit(caller.requests(), caller.max_requests()),
                                 OfLimit(caller.sessions(), caller.max_sessions()))});
}

}  // namespace

ExitCode Run(Context& context, const StatusOptions&) {
  const auto status = context.client.GetStatus();
  if (!status.ok()) return Fail(context, status.status());
  if (context.json) {
    PrintJson(context, *status);
    return ExitCode::kOk;
  }
  Table table({{""}, {""}});
  table.Add({"etd", fmt::format("{}, process {}, up for {}{}", status->version(), status->pid(),
                                HumanSeconds(Seconds(status->uptime())), status->draining() ? ", shutting down" : "")});
  table.Add({"socket", status->socket()});
  if (!status->framed_socket().empty()) table.Add({"frames", status->framed_socket()});
  table.Add({"models", HumanCount(status->models_loaded()) + " loaded"});
  AddMemory(*status, &table);
  const v1::Queue& queue = status->queue();
  table.Add({"now", fmt::format("running {}, waiting {}, sessions {}, connections {}",
                                OfLimit(queue.running(), queue.max_running()),
                                OfLimit(queue.waiting(), queue.max_waiting()), HumanCount(status->sessions()),
                                HumanCount(status->connections()))});
  AddCounters(status->counters(), &table);
  if (status->has_caller()) AddCaller(status->caller(), &table);
  context.console.out << table.Render(context.console.colours);
  return ExitCode::kOk;
}

ExitCode Run(Context& context, const PsOptions&) {
  const auto response = context.client.ListRequests();
  if (!response.ok()) return Fail(context, response.status());
  if (context.json) {
    PrintJson(context, *response);
    return ExitCode::kOk;
  }
  Table table({{"ID", true}, {"MODEL"}, {"CALL"}, {"STATE"}, {"PROMPT", true}, {"TOKENS", true}, {"AGE", true},
               {"USER"}, {"PID", true}, {"SESSION"}});
  for (const v1::Request& request : response->requests()) {
    table.Add({fmt::format("{}", request.id()), request.model(),
               request.method().empty() ? "generate" : request.method(), StateText(request),
               fmt::format("{}", request.prompt_tokens()), fmt::format("{}", request.completion_tokens()),
               HumanSeconds(Seconds(request.age())), request.tenant(),
               request.pid() == 0 ? "-" : fmt::format("{}", request.pid()), request.session()});
  }
  if (table.empty()) {
    PrintError(context.console, "no requests wait or run");
  } else {
    context.console.out << table.Render(context.console.colours);
  }
  return ExitCode::kOk;
}

ExitCode Run(Context& context, const CancelOptions& options) {
  v1::CancelRequestRequest request;
  request.set_id(options.request);
  const auto response = context.client.CancelRequest(request);
  if (!response.ok()) return Fail(context, response.status());
  if (context.json) {
    PrintJson(context, *response);
  } else {
    context.console.out << "request " << options.request << " is cancelled\n";
  }
  return ExitCode::kOk;
}

ExitCode Run(Context& context, const SessionsOptions& options) {
  v1::ListSessionsRequest request;
  request.set_model(options.model);
  const auto response = context.client.ListSessions(request);
  if (!response.ok()) return Fail(context, response.status());
  if (context.json) {
    PrintJson(context, *response);
    return ExitCode::kOk;
  }
  Table table({{"SESSION"}, {"MODEL"}, {"USER"}, {"TOKENS", true}, {"MEMORY", true}, {"IDLE", true}});
  for (const v1::Session& session : response->sessions()) {
    table.Add({session.name(), session.model(), session.tenant(), HumanCount(session.tokens()),
               HumanBytes(session.memory_bytes()), session.busy() ? "busy" : HumanSeconds(Seconds(session.idle()))});
  }
  if (table.empty()) {
    PrintError(context.console, "there are no sessions");
  } else {
    context.console.out << table.Render(context.console.colours);
  }
  return ExitCode::kOk;
}

ExitCode Run(Context& context, const DeleteSessionOptions& options) {
  v1::DeleteSessionRequest request;
  request.set_session(options.session);
  request.set_tenant(options.tenant);
  const auto response = context.client.DeleteSession(request);
  if (!response.ok()) return Fail(context, response.status());
  if (context.json) {
    PrintJson(context, *response);
  } else {
    context.console.out << "session " << Visible(options.session, false) << " is deleted\n";
  }
  return ExitCode::kOk;
}

}  // namespace etd::etctl
