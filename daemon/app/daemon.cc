#include "daemon/app/daemon.h"

#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <optional>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "daemon/auth/identity.h"
#include "daemon/health/systemd.h"
#include "daemon/models/model_store.h"
#include "daemon/service/event_loop.h"
#include "daemon/service/framed_server.h"
#ifdef ETD_WITH_GRPC
#include "daemon/service/grpc_server.h"
#endif
#include "daemon/service/listener.h"
#include "daemon/service/service.h"
#include "daemon/service/worker_pool.h"
#include "runtime/base/status.h"
#include "scheduler/budget/memory_budget.h"
#include "scheduler/loop.h"

namespace etd::app {
namespace {

constexpr auto kLastFrames = std::chrono::seconds(1);

scheduler::CoreOptions CoreOptionsOf(const config::Config& config) {
  scheduler::CoreOptions options;
  options.admission = {.max_running = config.limits.max_running,
                       .max_waiting = config.limits.max_waiting,
                       .max_requests_per_tenant = config.limits.max_requests_per_user};
  options.sessions = {.max_sessions = config.limits.max_sessions,
                      .max_per_tenant = config.limits.max_sessions_per_user,
                      .idle_ttl = config.limits.session_ttl};
  options.step = {.max_segments = config.limits.max_running, .prefill_tokens = config.schedule.prefill_chunk};
  options.stall_timeout = config.limits.stall_timeout;
  return options;
}

models::StoreOptions StoreOptionsOf(const config::Config& config) {
  return {.directories = config.models.directories,
          .keep_alive = config.models.keep_alive,
          .load_keep_alive = config.models.load_keep_alive};
}

service::ListenerLimits ListenerLimitsOf(const config::Config& config) {
  return {.max_connections = config.limits.max_connections,
          .max_connections_per_tenant = config.limits.max_connections_per_user,
          .hello_timeout = config.limits.hello_timeout};
}

absl::StatusOr<auth::Policy> PolicyOf(const config::Config& config) {
  if (config.access.admin_group.empty()) return auth::Policy();
  absl::StatusOr<gid_t> group = auth::FindGroup(config.access.admin_group);
  if (!group.ok()) return Annotate(group.status(), "access.admin_group");
  return auth::Policy(*group);
}

}  // namespace

// In the order of construction; the destructor takes them down by hand, since they call each other.
struct Daemon::Parts {
  Parts(const config::Config& c, const Clock& k) : config(c), clock(k), budget(c.memory.budget_bytes) {}

  config::Config config;
  const Clock& clock;
  scheduler::MemoryBudget budget;
  std::unique_ptr<scheduler::Scheduler> scheduler;
  std::unique_ptr<models::ModelStore> store;
  std::unique_ptr<service::WorkerPool> workers;
  service::ConnectionStats stats;
  std::unique_ptr<service::Service> service;
  std::unique_ptr<service::EventLoop> loop;
  std::unique_ptr<service::FramedServer> framed;
#ifdef ETD_WITH_GRPC
  std::unique_ptr<service::GrpcServers> grpc;
#endif
  std::unique_ptr<service::Listener> listener;
  std::vector<std::string> made_sockets;

  void MakeCore(Factories factories);
  void MakeService(const std::string& version, const auth::Policy& policy);
  absl::Status Listen();

  // Runs `task` on the loop's thread and waits for it.
  void OnLoop(const std::function<void()>& task) {
    Mutex mutex;
    CondVar cond;
    bool done = false;
    loop->Post([&] {
      task();
      MutexLock lock(mutex);
      done = true;
      cond.NotifyOne();
    });
    MutexLock lock(mutex);
    while (!done) cond.Wait(lock);
  }
};

void Daemon::Parts::MakeCore(Factories factories) {
  scheduler = std::make_unique<scheduler::Scheduler>(CoreOptionsOf(config), clock, &budget, [this](uint64_t) {
    return store != nullptr && store->FreeMemory();
  });
  models::ModelHost host;
  host.add = [this](uint64_t id, const std::string& name, std::shared_ptr<engine::Engine> engine) {
    scheduler->AddModel(id, name, std::move(engine));
  };
  host.remove = [this](uint64_t id, bool force, std::function<void()> done) {
    scheduler->RemoveModel(id, force, std::move(done));
  };
  host.memory_freed = [this] { scheduler->Poke(); };
  store = std::make_unique<models::ModelStore>(StoreOptionsOf(config), std::move(factories.load_model),
                                               std::move(factories.load_text), config.cache.directory, clock, &budget,
                                               std::move(host));
}

void Daemon::Parts::MakeService(const std::string& version, const auth::Policy& policy) {
  workers = std::make_unique<service::WorkerPool>(config.service.workers);
  const service::ServiceParts parts{.scheduler = scheduler.get(),
                                    .budget = &budget,
                                    .models = store.get(),
                                    .workers = workers.get(),
                                    .clock = &clock};
  service = std::make_unique<service::Service>(parts,
                                               service::ServiceOptions{.version = version,
                                                                       .socket = config.socket.path,
                                                                       .framed_socket = config.socket.framed_path,
                                                                       .stream_buffer = config.limits.stream_buffer,
                                                                       .stream_interval = config.service.stream_interval},
                                               &stats);
  service->SetPolicy(policy);
  loop = std::make_unique<service::EventLoop>(clock);
  framed = std::make_unique<service::FramedServer>(loop.get(), service.get());
#ifdef ETD_WITH_GRPC
  grpc = std::make_unique<service::GrpcServers>(loop.get(), service.get(), config.limits.idle_server);
#endif
  listener = std::make_unique<service::Listener>(loop.get(), ListenerLimitsOf(config), &stats);
  stats.max_per_tenant = config.limits.max_connections_per_user;
  stats.of_tenant = [this](const std::string& tenant) { return listener->ConnectionsOf(tenant); };
}

absl::Status Daemon::Parts::Listen() {
  std::optional<gid_t> group;
  if (!config.socket.group.empty()) {
    absl::StatusOr<gid_t> found = auth::FindGroup(config.socket.group);
    if (!found.ok()) return Annotate(found.status(), "socket.group");
    group = *found;
  }
  std::vector<health::ActivatedSocket> activated = health::TakeActivatedSockets();
  const auto open = [&](const std::string& name, const std::string& path) -> absl::StatusOr<UniqueFd> {
    for (health::ActivatedSocket& socket : activated) {
      if (!socket.socket.valid() || (socket.name != name && socket.path != path)) continue;
      if (socket.listens) return std::move(socket.socket);
      return FailedPrecondition("the socket '{}' that was passed is no Unix stream socket that listens; its unit "
                                "needs ListenStream= with a path",
                                socket.name);
    }
    absl::StatusOr<UniqueFd> socket = service::ListenUnix(path, config.socket.mode, group);
    if (socket.ok()) made_sockets.push_back(path);
    return socket;
  };
  ETD_ASSIGN_OR_RETURN(UniqueFd frames, open("framed", config.socket.framed_path));
#ifdef ETD_WITH_GRPC
  ETD_ASSIGN_OR_RETURN(UniqueFd calls, open("grpc", config.socket.path));
  if (!config.tcp.listen.empty()) {
    ETD_ASSIGN_OR_RETURN(UniqueFd tcp, service::ListenTcp(config.tcp.listen));
    spdlog::info("gRPC on port {} of the loopback address", service::PortOf(tcp.get()));
    listener->Add(std::move(tcp), true, grpc.get());
  }
  listener->Add(std::move(calls), false, grpc.get());
#else
  if (!config.tcp.listen.empty()) return FailedPrecondition("tcp.listen: this build of etd has no gRPC");
#endif
  listener->Add(std::move(frames), false, framed.get());
  for (const health::ActivatedSocket& socket : activated) {
    if (!socket.socket.valid()) continue;
    spdlog::warn("the socket '{}' that was passed is not used: bind it to socket.path or socket.framed_path, or call "
                 "it grpc or framed (FileDescriptorName=)",
                 socket.name);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const config::Config& config, Factories factories,
                                                      const std::string& version, const Clock& clock) {
  ETD_ASSIGN_OR_RETURN(const auth::Policy policy, PolicyOf(config));
  std::unique_ptr<Daemon> daemon(new Daemon(std::make_unique<Parts>(config, clock)));
  daemon->parts_->MakeCore(std::move(factories));
  daemon->parts_->MakeService(version, policy);
  ETD_RETURN_IF_ERROR(daemon->parts_->Listen());
  return daemon;
}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Daemon::~Daemon() {
  Parts& p = *parts_;
  BeginDrain();
  CancelAll();
  // The last messages leave while the loop and the workers still run.
  const TimePoint until = p.clock.Now() + kLastFrames;
  bool quiet = false;
  while (!quiet && p.clock.Now() < until) {
    p.OnLoop([&] { quiet = p.framed->calls() == 0; });
    if (!quiet) usleep(10'000);
  }
  p.OnLoop([&] { p.framed->CloseAll(); });
  p.store->Stop();
#ifdef ETD_WITH_GRPC
  p.loop->Stop();
  p.grpc.reset();
#else
  p.loop->Stop();
#endif
  p.scheduler.reset();
  p.workers.reset();
  p.listener.reset();
  p.framed.reset();
  p.loop.reset();
  p.service.reset();
  p.store.reset();
  for (const std::string& path : p.made_sockets) unlink(path.c_str());
}

absl::Status Daemon::Reload(const config::Config& config) {
  Parts& p = *parts_;
  ETD_ASSIGN_OR_RETURN(const auth::Policy policy, PolicyOf(config));
  const bool fixed_changed = config.socket.path != p.config.socket.path ||
                             config.socket.framed_path != p.config.socket.framed_path ||
                             config.socket.mode != p.config.socket.mode || config.tcp.listen != p.config.tcp.listen ||
                             config.compute.threads != p.config.compute.threads ||
                             config.service.workers != p.config.service.workers ||
                             config.cache.directory != p.config.cache.directory;
  if (fixed_changed) spdlog::warn("changes of [socket], [tcp], [compute], [service] and [cache] need a restart");
  p.service->SetPolicy(policy);
  p.budget.SetLimit(config.memory.budget_bytes);
  p.scheduler->SetOptions(CoreOptionsOf(config));
  p.store->SetOptions(StoreOptionsOf(config));
  p.stats.max_per_tenant = config.limits.max_connections_per_user;
  p.OnLoop([&] { p.listener->SetLimits(ListenerLimitsOf(config)); });
  p.config.limits = config.limits;
  p.scheduler->Poke();
  return absl::OkStatus();
}

void Daemon::BeginDrain() {
  parts_->scheduler->Drain();
  parts_->OnLoop([this] { parts_->listener->StopAccepting(); });
}

bool Daemon::Idle() { return parts_->scheduler->Idle(); }

void Daemon::CancelAll() {
  parts_->scheduler->CancelAll(
      MakeStatus(absl::StatusCode::kUnavailable, "the daemon has stopped; connect again later"));
}

TimePoint Daemon::last_turn() const { return parts_->scheduler->last_turn(); }

std::string Daemon::Where() const {
#ifdef ETD_WITH_GRPC
  return fmt::format("gRPC on {}, frames on {}", parts_->config.socket.path, parts_->config.socket.framed_path);
#else
  return fmt::format("frames on {}", parts_->config.socket.framed_path);
#endif
}

}  // namespace etd::app
