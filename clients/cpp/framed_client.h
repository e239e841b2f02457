// A client of etd's framed transport (proto/README.md): blocking, without gRPC, for one thread.
#ifndef ETD_CLIENTS_CPP_FRAMED_CLIENT_H_
#define ETD_CLIENTS_CPP_FRAMED_CLIENT_H_

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace etd::client {

// Any number of calls at once on one connection. One thread.
class FramedClient {
 public:
  // Errors: UNAVAILABLE (nobody listens), RESOURCE_EXHAUSTED (refused), FAILED_PRECONDITION (another protocol).
  static absl::StatusOr<std::unique_ptr<FramedClient>> Connect(const std::string& socket_path);
  ~FramedClient();
  FramedClient(const FramedClient&) = delete;
  FramedClient& operator=(const FramedClient&) = delete;

  // Starts a call and returns its id. `timeout_ms` 0: none. Errors: UNAVAILABLE when the connection is gone.
  absl::StatusOr<uint32_t> Start(std::string_view method, const google::protobuf::MessageLite& request,
                                 uint32_t timeout_ms = 0);
  absl::Status Cancel(uint32_t call);
  // Waits for the call's next message and parses it. False at the end, with the status of the call in `status`.
  bool Next(uint32_t call, google::protobuf::MessageLite* message, absl::Status* status);
  // Binary details of the last status that Next gave (a serialised etd.v1.ErrorStatus); often empty.
  const std::string& details() const { return details_; }

  // A unary call from start to end.
  absl::Status Unary(std::string_view method, const google::protobuf::MessageLite& request,
                     google::protobuf::MessageLite* response);

  // The socket, for tests and for waiting with poll.
  int fd() const { return fd_; }

 private:
  struct CallState {
    std::deque<std::string> messages;
    std::optional<std::string> end;  // payload of the STATUS frame
  };

  explicit FramedClient(int fd) : fd_(fd) {}
  absl::Status WhyGone();
  absl::Status Send(std::string_view bytes);
  absl::Status Receive(size_t size);  // until so many bytes are in `buffer_`
  absl::Status ReceiveFrame();
  absl::Status ParseEnd(const std::string& payload);

  const int fd_;
  uint32_t next_call_ = 1;
  std::string buffer_;
  std::map<uint32_t, CallState> calls_;
  std::string details_;
};

}  // namespace etd::client

#endif  // ETD_CLIENTS_CPP_FRAMED_CLIENT_H_
