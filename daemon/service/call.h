// A call in progress, whichever transport carries it, and the handler that answers it.
#ifndef ETD_DAEMON_SERVICE_CALL_H_
#define ETD_DAEMON_SERVICE_CALL_H_

#include <google/protobuf/message.h>

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "daemon/auth/identity.h"
#include "runtime/base/clock.h"

namespace etd::service {

// The transport's side. Any thread, but calls follow one another.
class Call {
 public:
  virtual ~Call() = default;
  virtual const auth::Peer& peer() const = 0;
  virtual std::optional<TimePoint> deadline() const = 0;
  // Sends a message; not before the handler's OnWritten for the last one. Of a unary call there is exactly one, and
  // Finish follows without waiting.
  virtual void Write(std::unique_ptr<google::protobuf::Message> message) = 0;
  // The last call; no Write may be under way. The request message is not valid any more.
  virtual void Finish(const absl::Status& status) = 0;
};

// The service's side; made by Service::NewHandler, started once, kept by the transport until the call is over.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void Start() = 0;
  // The last Write of a stream was taken; with `ok` false nobody will read it. Any thread.
  virtual void OnWritten(bool ok) = 0;
  // The caller is gone or does not want the answer any more. At most once, any thread, perhaps before or during Start.
  // Finish is still to be called.
  virtual void OnCancelled() = 0;
};

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_CALL_H_
