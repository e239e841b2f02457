// Serves the service over gRPC: one grpc::Server for each identity, fed with sockets that the daemon accepted itself,
// so that a call's identity is a property of the server that runs it and cannot be mistaken.
#ifndef ETD_DAEMON_SERVICE_GRPC_SERVER_H_
#define ETD_DAEMON_SERVICE_GRPC_SERVER_H_

#include <functional>
#include <map>
#include <memory>
#include <string_view>

#include "daemon/service/connection.h"
#include "daemon/service/event_loop.h"
#include "daemon/service/grpc_refusal.h"
#include "daemon/service/service.h"

namespace etd::service {

// On the loop's thread. No gRPC header is needed to use it.
class GrpcServers final : public ConnectionServer {
 public:
  // Borrows; both outlive this. A server without connections goes after `idle`.
  GrpcServers(EventLoop* loop, Service* service, Duration idle);
  // The loop must have stopped. Calls that run are cancelled.
  ~GrpcServers() override;

  std::string_view hello() const override;
  void Adopt(UniqueFd socket, const auth::Peer& peer, std::function<void()> closed) override;
  void Refuse(int socket, std::string_view why) override;

  size_t size() const { return servers_.size(); }

 private:
  struct IdentityServer;
  struct Watched;

  IdentityServer* ServerOf(const auth::Identity& identity);
  void Closed(int watch);
  void RemoveIdle(const auth::Identity& identity);

  EventLoop* const loop_;
  Service* const service_;
  const Duration idle_;
  GrpcRefusals refusals_;
  std::map<auth::Identity, std::unique_ptr<IdentityServer>> servers_;
  std::map<int, std::unique_ptr<Watched>> watched_;  // by our own descriptor of the connection
};

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_GRPC_SERVER_H_
