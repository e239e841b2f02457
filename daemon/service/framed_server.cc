#include "daemon/service/framed_server.h"

#include <sys/socket.h>

#include <string>
#include <utility>
#include <vector>

#include "daemon/service/frame.h"
#include "daemon/service/framed_connection.h"

namespace etd::service {

FramedServer::FramedServer(EventLoop* loop, Service* service) : loop_(loop), service_(service) {}

FramedServer::~FramedServer() = default;

std::string_view FramedServer::hello() const { return kFramePreface; }

void FramedServer::Adopt(UniqueFd socket, const auth::Peer& peer, std::function<void()> closed) {
  auto slot = std::make_shared<FramedConnection*>(nullptr);
  auto connection = std::make_shared<FramedConnection>(loop_, service_, std::move(socket), peer,
                                                       [this, slot, closed = std::move(closed)] {
                                                         connections_.erase(*slot);
                                                         closed();
                                                       });
  *slot = connection.get();
  connections_.emplace(connection.get(), connection);
  connection->Start();
}

void FramedServer::Refuse(int socket, std::string_view why) {
  // The client may speak another version: it gets ours, and the reason.
  const std::string bytes = std::string(kFramePreface) +
                            MakeStatusFrame(0, static_cast<uint32_t>(absl::StatusCode::kResourceExhausted), why, "");
  // What a fresh socket does not take at once nobody waits for.
  [[maybe_unused]] const ssize_t put = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

size_t FramedServer::calls() const {
  size_t calls = 0;
  for (const auto& [raw, connection] : connections_) calls += connection->unfinished();
  return calls;
}

void FramedServer::CloseAll() {
  std::vector<std::shared_ptr<FramedConnection>> all;
  for (const auto& [raw, connection] : connections_) all.push_back(connection);
  for (const auto& connection : all) connection->Close();
}

}  // namespace etd::service
