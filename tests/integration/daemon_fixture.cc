#include "tests/integration/daemon_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "runtime/base/status.h"

namespace etd::testing {
namespace {

using Clock = std::chrono::steady_clock;

UniqueFd Bind(const std::string& path, int type) {
  UniqueFd bound(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  EXPECT_EQ(bind(bound.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  return bound;
}

// In the child: makes `sockets` the descriptors from 3 on and tells so.
void PassSockets(const std::vector<UniqueFd>& sockets, const std::string& names) {
  constexpr int kFirst = 3;
  // Out of the way first: one may lie where another belongs.
  std::vector<int> high;
  for (const UniqueFd& socket : sockets) high.push_back(fcntl(socket.get(), F_DUPFD_CLOEXEC, 100));
  for (size_t i = 0; i < high.size(); ++i) dup2(high[i], kFirst + static_cast<int>(i));
  setenv("LISTEN_FDS", std::to_string(sockets.size()).c_str(), 1);
  setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
  if (!names.empty()) setenv("LISTEN_FDNAMES", names.c_str(), 1);
}

}  // namespace

bool ConnectTo(int socket, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  ASSERT_TRUE(file.flush()) << path;
}

DaemonProcess::DaemonProcess(const std::string& settings, const Manager& manager) {
  std::string pattern = (std::filesystem::temp_directory_path() / "etd-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    ADD_FAILURE() << "no temporary folder";
    return;
  }
  folder_ = pattern;
  // Other users connect in some tests.
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  std::filesystem::create_directory(folder_ + "/models");
  WriteConfig(settings);
  notices_ = Bind(folder_ + "/notify", SOCK_DGRAM);
  Start(manager);
  EXPECT_TRUE(WaitForNotice("READY=1")) << Log();
}

DaemonProcess::~DaemonProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (::testing::Test::HasFailure()) std::fprintf(stderr, "---- log of the daemon\n%s----\n", Log().c_str());
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void DaemonProcess::WriteConfig(const std::string& settings) const {
  WriteFile(folder_ + "/etd.toml", fmt::format("socket.path = \"{0}/etd.sock\"\nsocket.mode = \"0666\"\n"
                                               "cache.directory = \"{0}/cache\"\nlog.level = \"debug\"\n{1}\n",
                                               folder_, settings));
}

void DaemonProcess::Start(const Manager& manager) {
  std::vector<UniqueFd> sockets;
  for (const std::string& name : manager.sockets) {
    sockets.push_back(Bind(folder_ + "/" + name, SOCK_STREAM));
    ASSERT_EQ(listen(sockets.back().get(), 16), 0);
  }
  // The daemon is killed when the thread that forked it ends, not only when the process does.
  ASSERT_EQ(gettid(), getpid()) << "make a DaemonProcess on the test's main thread";
  const pid_t parent = getpid();
  pid_ = fork();
  ASSERT_GE(pid_, 0);
  if (pid_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it ended before we asked to be told
  const int log = open((folder_ + "/log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
  dup2(log, 1);
  dup2(log, 2);
  setenv("NOTIFY_SOCKET", (folder_ + "/notify").c_str(), 1);
  for (const auto& [name, value] : manager.environment) setenv(name.c_str(), value.c_str(), 1);
  if (!sockets.empty()) PassSockets(sockets, manager.socket_names);
  const std::string config = folder_ + "/etd.toml";
  execl(ETD_TEST_DAEMON, "etd_test_daemon", "--config", config.c_str(), nullptr);
  _exit(127);
}

std::vector<std::string> DaemonProcess::sockets() const {
#ifdef ETD_WITH_GRPC
  return {socket(), framed_socket()};
#else
  return {framed_socket()};
#endif
}

void DaemonProcess::Signal(int signal) const { ASSERT_EQ(kill(pid_, signal), 0); }

int DaemonProcess::Wait(std::chrono::seconds limit) {
  const auto until = Clock::now() + limit;
  while (Clock::now() < until) {
    int status = 0;
    const pid_t ended = waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    // The end of the process is not a descriptor here: look again when a notice comes, or soon.
    pollfd poller{.fd = notices_.get(), .events = POLLIN, .revents = 0};
    poll(&poller, 1, 10);
    if ((poller.revents & POLLIN) != 0) {
      char block[4096];
      const ssize_t got = recv(notices_.get(), block, sizeof(block), MSG_DONTWAIT);
      if (got > 0) unread_.append(block, static_cast<size_t>(got)).append("\n");
    }
  }
  return -1;
}

bool DaemonProcess::WaitForNotice(const std::string& text, std::chrono::seconds limit) {
  const auto until = Clock::now() + limit;
  for (;;) {
    if (const size_t at = unread_.find(text); at != std::string::npos) {
      unread_.erase(0, at + text.size());
      return true;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    pollfd poller{.fd = notices_.get(), .events = POLLIN, .revents = 0};
    if (poll(&poller, 1, static_cast<int>(left)) <= 0) return false;
    char block[4096];
    const ssize_t got = recv(notices_.get(), block, sizeof(block), 0);
    if (got > 0) unread_.append(block, static_cast<size_t>(got)).append("\n");
  }
}

std::string DaemonProcess::Log() const { return ReadFile(folder_ + "/log"); }

std::string DaemonProcess::MakeModel(const std::string& name, const std::string& program_json) const {
  const std::string path = folder_ + "/models/" + name;
  std::filesystem::create_directories(path);
  WriteFile(path + "/model.pte", program_json);
  WriteFile(path + "/tokenizer.json", "{}");
  return path;
}

std::unique_ptr<client::FramedClient> DaemonProcess::Connect() const {
  absl::StatusOr<std::unique_ptr<client::FramedClient>> client = client::FramedClient::Connect(framed_socket());
  EXPECT_TRUE(client.ok()) << client.status();
  return client.ok() ? *std::move(client) : nullptr;
}

absl::Status TryLoad(client::FramedClient& client, const std::string& path, const std::string& name, v1::Model* model) {
  v1::LoadModelRequest request;
  request.set_path(path);
  request.set_name(name);
  const absl::StatusOr<uint32_t> call = client.Start("LoadModel", request);
  if (!call.ok()) return call.status();
  v1::LoadModelResponse response;
  absl::Status status;
  while (client.Next(*call, &response, &status)) {
    if (response.has_model() && model != nullptr) *model = response.model();
  }
  return status;
}

void Load(client::FramedClient& client, const std::string& path, const std::string& name) {
  const absl::Status status = TryLoad(client, path, name);
  ASSERT_TRUE(status.ok()) << status;
}

Answer Read(client::FramedClient& client, uint32_t call) {
  Answer answer;
  v1::GenerateResponse message;
  while (client.Next(call, &message, &answer.status)) {
    ++answer.messages;
    if (message.has_started()) answer.started = message.started();
    answer.text += message.text();
    answer.tokens.insert(answer.tokens.end(), message.token_ids().begin(), message.token_ids().end());
    if (message.has_end()) answer.end = message.end();
  }
  return answer;
}

Answer Generate(client::FramedClient& client, const v1::GenerateRequest& request) {
  const absl::StatusOr<uint32_t> call = client.Start("Generate", request);
  if (!call.ok()) return Answer{.status = call.status(), .text = {}, .tokens = {}, .started = {}, .end = {}};
  return Read(client, *call);
}

v1::GenerateRequest PromptRequest(const std::string& model, const std::string& prompt, uint32_t max_tokens) {
  v1::GenerateRequest request;
  request.set_model(model);
  request.set_prompt(prompt);
  request.set_max_tokens(max_tokens);
  request.set_ignore_end_tokens(true);
  return request;
}

v1::GetStatusResponse Status(client::FramedClient& client) {
  v1::GetStatusResponse response;
  const absl::Status status = client.Unary("GetStatus", v1::GetStatusRequest(), &response);
  EXPECT_TRUE(status.ok()) << status;
  return response;
}

bool Until(const std::function<bool()>& done, std::chrono::seconds limit) {
  const auto until = Clock::now() + limit;
  while (!done()) {
    if (Clock::now() > until) return false;
    poll(nullptr, 0, 2);
  }
  return true;
}

}  // namespace etd::testing
