#include "daemon/service/grpc_server.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/server_posix.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "daemon/service/grpc_service.h"
#include "daemon/service/reflection_service.h"
#include "runtime/base/unique_fd.h"

namespace etd::service {
namespace {

constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr int kMaxStreamsPerConnection = 256;
constexpr auto kShutdownGrace = std::chrono::milliseconds(200);

}  // namespace

struct GrpcServers::IdentityServer {
  auth::Identity identity;
  std::unique_ptr<GrpcService> service;
  ReflectionService reflection;
  std::unique_ptr<grpc::Server> server;
  size_t connections = 0;
  EventLoop::TimerId idle_timer;
};

// gRPC owns the socket. Of a second descriptor of it, which nobody reads, we learn when the connection has ended.
struct GrpcServers::Watched {
  UniqueFd watch;
  auth::Identity identity;
  std::function<void()> closed;
};

GrpcServers::GrpcServers(EventLoop* loop, Service* service, Duration idle)
    : loop_(loop), service_(service), idle_(idle), refusals_(loop) {
  static std::once_flag once;
  std::call_once(once, [] { grpc::EnableDefaultHealthCheckService(true); });
}

GrpcServers::~GrpcServers() {
  const auto deadline = std::chrono::system_clock::now() + kShutdownGrace;
  for (const auto& [identity, entry] : servers_) entry->server->Shutdown(deadline);
}

std::string_view GrpcServers::hello() const { return kHttp2Preface; }

void GrpcServers::Refuse(int socket, std::string_view why) {
  std::array<char, kHttp2Preface.size()> bytes;
  const ssize_t got = recv(socket, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  const std::string_view seen(bytes.data(), got < 0 ? 0 : static_cast<size_t>(got));
  const bool told = kHttp2Preface.starts_with(seen) && refusals_.Answer(socket, why);
  spdlog::warn("gRPC connection refused{}: {}", told ? "" : " without a word to the client", why);
}

GrpcServers::IdentityServer* GrpcServers::ServerOf(const auth::Identity& identity) {
  auto& entry = servers_[identity];
  if (entry != nullptr) return entry.get();
  entry = std::make_unique<IdentityServer>();
  entry->identity = identity;
  entry->service = std::make_unique<GrpcService>(service_, identity);
  grpc::ServerBuilder builder;
  builder.RegisterService(entry->service.get());
  builder.RegisterService(&entry->reflection);
  builder.SetMaxReceiveMessageSize(-1);
  builder.SetMaxSendMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  entry->server = builder.BuildAndStart();
  if (entry->server == nullptr) {
    servers_.erase(identity);
    return nullptr;
  }
  spdlog::debug("gRPC server for {} made", identity.tenant());
  return entry.get();
}

void GrpcServers::Adopt(UniqueFd socket, const auth::Peer& peer, std::function<void()> closed) {
  UniqueFd watch(fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
  IdentityServer* entry = watch.valid() ? ServerOf(peer.identity) : nullptr;
  if (entry == nullptr) {
    spdlog::warn("no gRPC server could be made for {}", peer.identity.tenant());
    return closed();
  }
  if (entry->connections++ == 0) loop_->CancelTimer(entry->idle_timer);
  const int fd = watch.get();
  auto watched = std::make_unique<Watched>();
  watched->watch = std::move(watch);
  watched->identity = peer.identity;
  watched->closed = std::move(closed);
  watched_[fd] = std::move(watched);
  // Only the hang-up, which is always reported: gRPC shuts the socket down when it is done with it.
  loop_->Watch(fd, 0, [this, fd](uint32_t) { Closed(fd); });
  entry->service->NotePid(socket.get(), peer.pid);
  grpc::AddInsecureChannelFromFd(entry->server.get(), socket.Release());
}

void GrpcServers::Closed(int fd) {
  loop_->Unwatch(fd);
  const auto found = watched_.find(fd);
  if (found == watched_.end()) return;
  const std::unique_ptr<Watched> watched = std::move(found->second);
  watched_.erase(found);
  watched->closed();
  const auto server = servers_.find(watched->identity);
  if (server == servers_.end() || --server->second->connections > 0) return;
  server->second->idle_timer = loop_->At(
      loop_->clock().Now() + idle_, [this, identity = watched->identity] { RemoveIdle(identity); });
}

void GrpcServers::RemoveIdle(const auth::Identity& identity) {
  const auto found = servers_.find(identity);
  if (found == servers_.end() || found->second->connections > 0) return;
  std::shared_ptr<IdentityServer> entry = std::move(found->second);
  servers_.erase(found);
  // Shutdown waits for calls that may still be finishing: not here.
  service_->parts().workers->Post([entry] {
    entry->server->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
    entry->server->Wait();
  });
}

}  // namespace etd::service
