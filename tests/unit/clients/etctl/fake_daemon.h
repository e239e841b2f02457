// A daemon that answers as etd would, without models: for tests of what talks to one.
#ifndef ETD_TESTS_UNIT_CLIENTS_ETCTL_FAKE_DAEMON_H_
#define ETD_TESTS_UNIT_CLIENTS_ETCTL_FAKE_DAEMON_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "etd/v1/etd.pb.h"

namespace etd::etctl {

// Models: "tales" has a chat template, "base" has none; "full" refuses all generations; other names are NOT_FOUND.
// Generate answers "You said: " and the last message or the prompt, in pieces of a word; "forever" gets words until it
// is cancelled. Infer gives its inputs back. A token of a text is a byte.
class FakeDaemon {
 public:
  FakeDaemon();
  ~FakeDaemon();

  const std::string& socket() const { return socket_; }
  // Ends all connections.
  void Stop();

  // What was asked so far.
  std::vector<v1::GenerateRequest> generated() const;
  std::optional<v1::LoadModelRequest> loaded() const;
  std::vector<std::string> deleted_sessions() const;
  // Waits until a generation has ended because its caller cancelled it. False after 30 s.
  bool WaitForCancel();

 private:
  class Implementation;

  std::string socket_;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace etd::etctl

#endif  // ETD_TESTS_UNIT_CLIENTS_ETCTL_FAKE_DAEMON_H_
