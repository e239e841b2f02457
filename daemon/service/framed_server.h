// Serves the service over frames on plain sockets (proto/README.md). Knows nothing of gRPC.
#ifndef ETD_DAEMON_SERVICE_FRAMED_SERVER_H_
#define ETD_DAEMON_SERVICE_FRAMED_SERVER_H_

#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "daemon/service/connection.h"
#include "daemon/service/event_loop.h"
#include "daemon/service/service.h"

namespace etd::service {

class FramedConnection;

// On the loop's thread. Calls are parsed and answered on the service's workers.
class FramedServer final : public ConnectionServer {
 public:
  // Borrows; both outlive the server. The loop must have stopped before the server goes.
  FramedServer(EventLoop* loop, Service* service);
  ~FramedServer() override;

  std::string_view hello() const override;
  void Adopt(UniqueFd socket, const auth::Peer& peer, std::function<void()> closed) override;
  void Refuse(int socket, std::string_view why) override;

  // Calls that have not ended, or whose end has not been sent.
  size_t calls() const;
  // Closes every connection as soon as what is queued for it has been sent; calls that still run are cancelled.
  void CloseAll();

 private:
  EventLoop* const loop_;
  Service* const service_;
  std::unordered_map<FramedConnection*, std::shared_ptr<FramedConnection>> connections_;
};

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_FRAMED_SERVER_H_
