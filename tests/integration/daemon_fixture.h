// Runs etd_test_daemon in a temporary folder, for tests that talk to the real daemon.
#ifndef ETD_TESTS_INTEGRATION_DAEMON_FIXTURE_H_
#define ETD_TESTS_INTEGRATION_DAEMON_FIXTURE_H_

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "clients/cpp/framed_client.h"
#include "etd/v1/etd.pb.h"
#include "gtest/gtest.h"
#include "runtime/base/unique_fd.h"

namespace etd::testing {

// A process of the daemon, which ends with the test's process at the latest. It tells readiness through NOTIFY_SOCKET,
// as to systemd; nothing here waits by sleeping.
class DaemonProcess {
 public:
  // What a service manager gives its services besides NOTIFY_SOCKET.
  struct Manager {
    std::map<std::string, std::string> environment;
    // Listening sockets to be made in the daemon's folder and passed as descriptors 3, 4, …; by file name.
    std::vector<std::string> sockets;
    std::string socket_names;  // "grpc:framed"; empty: not said
  };

  // `settings` is TOML after the socket's and the cache's. On the main thread of the process only.
  explicit DaemonProcess(const std::string& settings = "") : DaemonProcess(settings, Manager()) {}
  DaemonProcess(const std::string& settings, const Manager& manager);
  // Kills what still runs.
  ~DaemonProcess();

  const std::string& folder() const { return folder_; }
  std::string socket() const { return folder_ + "/etd.sock"; }
  std::string framed_socket() const { return folder_ + "/etd.frame.sock"; }
  // All that this build of the daemon listens on.
  std::vector<std::string> sockets() const;
  pid_t pid() const { return pid_; }

  void Signal(int signal) const;
  // The exit status; -1 when it does not end in time.
  int Wait(std::chrono::seconds limit = std::chrono::seconds(20));
  // Waits for a message that contains `text`, such as "RELOADING=1". False when none comes in time.
  bool WaitForNotice(const std::string& text, std::chrono::seconds limit = std::chrono::seconds(30));
  void WriteConfig(const std::string& settings) const;
  std::string Log() const;

  // Makes a model's folder with a fake program and returns its path.
  std::string MakeModel(const std::string& name, const std::string& program_json = "{}") const;

  std::unique_ptr<client::FramedClient> Connect() const;

 private:
  void Start(const Manager& manager);

  std::string folder_;
  UniqueFd notices_;
  std::string unread_;
  pid_t pid_ = -1;
};

// Connects a Unix stream socket.
bool ConnectTo(int socket, const std::string& path);
// Reads a file whole.
std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& text);

// Unary calls and streams over frames.
template <typename Response>
absl::Status Call(client::FramedClient& client, const char* method, const google::protobuf::MessageLite& request,
                  Response* response) {
  return client.Unary(method, request, response);
}

// Loads and expects success; the name is `name`.
void Load(client::FramedClient& client, const std::string& path, const std::string& name);
absl::Status TryLoad(client::FramedClient& client, const std::string& path, const std::string& name,
                     v1::Model* model = nullptr);

// What a stream gave in all.
struct Answer {
  absl::Status status;
  std::string text;
  std::vector<int32_t> tokens;
  v1::GenerateStarted started;
  v1::GenerateEnd end;
  int messages = 0;
};
Answer Read(client::FramedClient& client, uint32_t call);
Answer Generate(client::FramedClient& client, const v1::GenerateRequest& request);
v1::GenerateRequest PromptRequest(const std::string& model, const std::string& prompt, uint32_t max_tokens);

v1::GetStatusResponse Status(client::FramedClient& client);

// Asks until `done`, the daemon answering in between; false after `limit`. For states that no message announces.
bool Until(const std::function<bool()>& done, std::chrono::seconds limit = std::chrono::seconds(20));

}  // namespace etd::testing

#endif  // ETD_TESTS_INTEGRATION_DAEMON_FIXTURE_H_
