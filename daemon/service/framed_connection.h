// One connection of the framed transport and the calls on it. Private to daemon/service.
#ifndef ETD_DAEMON_SERVICE_FRAMED_CONNECTION_H_
#define ETD_DAEMON_SERVICE_FRAMED_CONNECTION_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "daemon/service/event_loop.h"
#include "daemon/service/frame.h"
#include "daemon/service/service.h"
#include "runtime/base/unique_fd.h"

namespace etd::service {

class FramedCall;

// On the loop's thread, but for Post* functions.
class FramedConnection : public std::enable_shared_from_this<FramedConnection> {
 public:
  // `closed` is called once, when the connection is over.
  FramedConnection(EventLoop* loop, Service* service, UniqueFd socket, const auth::Peer& peer,
                   std::function<void()> closed);
  ~FramedConnection();

  void Start();
  // Sends what is queued, for as long as the socket takes it at once, and closes.
  void Close();

  size_t unfinished() const { return calls_.size() + outgoing_.size(); }

  // Any thread: queues a frame of a call; its handler's OnWritten follows when `message` is set. With `last` the call
  // is over.
  void PostFrame(std::shared_ptr<FramedCall> call, std::string frame, bool message, bool last);

 private:
  struct Outgoing {
    std::string bytes;
    std::shared_ptr<FramedCall> written;  // told when all of it is out; may be null
  };

  void Ready(uint32_t events);
  bool Read();
  bool Flush();
  void Take(Frame frame);
  void TakeCall(Frame frame);
  // Reports an error of the connection itself and closes.
  void Abort(uint32_t code, std::string_view text);
  void UpdateWatch();

  EventLoop* const loop_;
  Service* const service_;
  UniqueFd socket_;
  const auth::Peer peer_;
  std::function<void()> closed_;
  bool greeted_ = false;
  FrameReader reader_;
  std::deque<Outgoing> outgoing_;
  size_t sent_ = 0;              // of the first outgoing frame
  bool watching_writes_ = false;
  std::unordered_map<uint32_t, std::shared_ptr<FramedCall>> calls_;
};

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_FRAMED_CONNECTION_H_
