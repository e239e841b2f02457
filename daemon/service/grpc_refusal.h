// Tells gRPC clients why their connection is not served: a status is the only thing that every client shows.
#ifndef ETD_DAEMON_SERVICE_GRPC_REFUSAL_H_
#define ETD_DAEMON_SERVICE_GRPC_REFUSAL_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/service/event_loop.h"
#include "runtime/base/unique_fd.h"

namespace etd::service {

// On the loop's thread. Private to daemon/service.
class GrpcRefusals {
 public:
  // Borrows.
  explicit GrpcRefusals(EventLoop* loop);
  // The loop must have stopped.
  ~GrpcRefusals();

  // Answers every call on the connection with RESOURCE_EXHAUSTED and `why`, and closes it soon after. False, and
  // nothing is done, where as many are being answered as may be: limits are there to be kept.
  bool Answer(int socket, std::string_view why);

 private:
  struct Refuser;

  Refuser* RefuserOf(std::string_view why);

  EventLoop* const loop_;
  std::map<std::string, std::unique_ptr<Refuser>, std::less<>> refusers_;  // by their word; there are few
  std::map<int, UniqueFd> open_;  // second descriptors of the connections, by their number
};

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_GRPC_REFUSAL_H_
