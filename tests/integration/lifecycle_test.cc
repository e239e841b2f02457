// The daemon's process and its doors: signals, reload, limits of connections, identity, models and their memory.
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "tests/integration/daemon_fixture.h"

namespace etd::testing {
namespace {

namespace fs = std::filesystem;
using client::FramedClient;

constexpr const char* kSlow = R"({"token_micros": 2000})";

// Runs `child` as another user in a process of its own; its result is the process's exit status.
int AsUser(uid_t uid, gid_t gid, const std::vector<gid_t>& groups, const std::function<int()>& child) {
  const pid_t pid = fork();
  if (pid == 0) {
    if (setgroups(groups.size(), groups.data()) != 0 || setgid(gid) != 0 || setuid(uid) != 0) _exit(100);
    _exit(child());
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 101;
}

bool HasEnded(int fd, std::chrono::milliseconds limit) {
  pollfd poller{.fd = fd, .events = POLLIN, .revents = 0};
  if (poll(&poller, 1, static_cast<int>(limit.count())) <= 0) return false;
  char byte = 0;
  // A close before all was read is a reset.
  const ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno == ECONNRESET);
}

TEST(Lifecycle, TermLetsRunningRequestsEnd) {
  DaemonProcess daemon;
  const auto client = daemon.Connect();
  Load(*client, daemon.MakeModel("slow", kSlow), "slow");
  const uint32_t call = *client->Start("Generate", PromptRequest("slow", "x", 100));
  v1::GenerateResponse message;
  absl::Status status;
  ASSERT_TRUE(client->Next(call, &message, &status));
  daemon.Signal(SIGTERM);
  ASSERT_TRUE(daemon.WaitForNotice("STOPPING=1"));
  // A new request is refused, the old one ends.
  const v1::GenerateRequest late = PromptRequest("slow", "y", 5);
  ASSERT_TRUE(Until([&] { return Generate(*client, late).status.code() == absl::StatusCode::kUnavailable; }));
  const Answer rest = Read(*client, call);
  EXPECT_TRUE(rest.status.ok()) << rest.status;
  EXPECT_EQ(rest.end.usage().completion_tokens(), 100u);
  EXPECT_EQ(daemon.Wait(), 0);
  EXPECT_FALSE(fs::exists(daemon.framed_socket()));
}

TEST(Lifecycle, DrainHasALimit) {
  DaemonProcess daemon("limits.drain_timeout = \"100ms\"");
  const auto client = daemon.Connect();
  Load(*client, daemon.MakeModel("slow", kSlow), "slow");
  const uint32_t call = *client->Start("Generate", PromptRequest("slow", "x", 4000));
  v1::GenerateResponse message;
  absl::Status status;
  ASSERT_TRUE(client->Next(call, &message, &status));
  daemon.Signal(SIGTERM);
  EXPECT_EQ(Read(*client, call).status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(daemon.Wait(), 0);
}

TEST(Lifecycle, HangupReloads) {
  DaemonProcess daemon;
  const auto client = daemon.Connect();
  EXPECT_EQ(Status(*client).queue().max_waiting(), 64u);
  daemon.WriteConfig("limits.max_waiting = 7\nmemory.budget = \"123MiB\"");
  daemon.Signal(SIGHUP);
  ASSERT_TRUE(daemon.WaitForNotice("RELOADING=1"));
  ASSERT_TRUE(daemon.WaitForNotice("READY=1"));
  ASSERT_TRUE(Until([&] { return Status(*client).queue().max_waiting() == 7u; }));
  EXPECT_EQ(Status(*client).memory().budget_bytes(), uint64_t{123} << 20);
  // A wrong file changes nothing.
  daemon.WriteConfig("limits.max_waiting = \"many\"");
  daemon.Signal(SIGHUP);
  ASSERT_TRUE(daemon.WaitForNotice("READY=1"));
  EXPECT_EQ(Status(*client).queue().max_waiting(), 7u);
  EXPECT_NE(daemon.Log().find("limits.max_waiting: must be a whole number"), std::string::npos);
}

TEST(Lifecycle, SecondDaemonDoesNotTakeTheSocket) {
  DaemonProcess daemon;
  const std::string command =
      std::string(ETD_TEST_DAEMON) + " --config " + daemon.folder() + "/etd.toml 2>" + daemon.folder() + "/second";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
  EXPECT_NE(ReadFile(daemon.folder() + "/second").find("another daemon listens"), std::string::npos);
  EXPECT_EQ(Status(*daemon.Connect()).version(), "test");
}

TEST(Lifecycle, EndsWithTheTestThatMadeIt) {
  // What loses its parent becomes our child, so that its end can be waited for.
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  const pid_t test = fork();
  ASSERT_GE(test, 0);
  if (test == 0) {
    const DaemonProcess daemon;
    const std::string made = std::to_string(daemon.pid()) + " " + daemon.folder();
    [[maybe_unused]] const ssize_t put = write(pipe_fds[1], made.data(), made.size());
    pause();
  }
  char made[256] = {};
  ASSERT_GT(read(pipe_fds[0], made, sizeof(made) - 1), 0);
  const pid_t daemon = std::atoi(made);
  ASSERT_GT(daemon, 0) << made;
  kill(test, SIGKILL);
  ASSERT_EQ(waitpid(test, nullptr, 0), test);
  int status = 0;
  ASSERT_EQ(waitpid(daemon, &status, 0), daemon);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  // Nobody else takes it away: whoever made it was killed.
  fs::remove_all(std::strchr(made, ' ') + 1);
  close(pipe_fds[0]);
  close(pipe_fds[1]);
}

TEST(Lifecycle, CommandLine) {
  DaemonProcess daemon;
  const auto run = [&](const std::string& arguments) {
    const std::string command = std::string(ETD_TEST_DAEMON) + " " + arguments + " >" + daemon.folder() + "/out 2>&1";
    return WEXITSTATUS(std::system(command.c_str()));
  };
  EXPECT_EQ(run("--version"), 0);
  EXPECT_EQ(ReadFile(daemon.folder() + "/out"), "etd test\n");
  EXPECT_EQ(run("--help"), 0);
  EXPECT_EQ(run("--nonsense"), 2);
  EXPECT_EQ(run("--check-config --config " + daemon.folder() + "/etd.toml"), 0);
  WriteFile(daemon.folder() + "/bad.toml", "[limits]\nnonsense = 1\n");
  EXPECT_EQ(run("--check-config --config " + daemon.folder() + "/bad.toml"), 2);
  EXPECT_NE(ReadFile(daemon.folder() + "/out").find("bad.toml:2: limits.nonsense"), std::string::npos);
  EXPECT_EQ(run("--config " + daemon.folder() + "/none.toml"), 2);
}

TEST(Connections, WithoutHelloTheyAreClosed) {
  DaemonProcess daemon("limits.hello_timeout = \"200ms\"");
  for (const std::string& path : daemon.sockets()) {
    const auto silent = FramedClient::Connect(daemon.framed_socket());
    const int fd = (*silent)->fd();
    EXPECT_FALSE(HasEnded(fd, std::chrono::milliseconds(400))) << "one that said hello stays";
    UniqueFd raw(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_TRUE(ConnectTo(raw.get(), path));
    ASSERT_EQ(send(raw.get(), path == daemon.socket() ? "PRI" : "ETD", 3, MSG_NOSIGNAL), 3);
    EXPECT_TRUE(HasEnded(raw.get(), std::chrono::seconds(10))) << path;
  }
}

TEST(Connections, OtherProtocolsAreClosedAtOnce) {
  DaemonProcess daemon;
  for (const std::string& path : daemon.sockets()) {
    UniqueFd raw(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_TRUE(ConnectTo(raw.get(), path));
    ASSERT_EQ(send(raw.get(), "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 18);
    char block[512];
    while (recv(raw.get(), block, sizeof(block), 0) > 0) {
    }
  }
  EXPECT_TRUE(Until([&] { return Status(*daemon.Connect()).connections() == 1; }));
}

TEST(Connections, AreLimited) {
  DaemonProcess daemon("limits.max_connections_per_user = 2");
  const auto first = daemon.Connect();
  const auto second = daemon.Connect();
  // It is told why not, at the greeting or at its first call.
  const auto third = FramedClient::Connect(daemon.framed_socket());
  v1::GetStatusResponse response;
  const absl::Status refused =
      third.ok() ? (*third)->Unary("GetStatus", v1::GetStatusRequest(), &response) : third.status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  EXPECT_NE(refused.message().find("max_connections_per_user"), absl::string_view::npos) << refused;
  const v1::GetStatusResponse status = Status(*first);
  EXPECT_EQ(status.caller().connections(), 2u);
  EXPECT_EQ(status.caller().max_connections(), 2u);
  EXPECT_EQ(status.counters().connections_refused(), 1u);
}

class IdentityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can become other users";
  }
};

TEST_F(IdentityTest, OnlyAdministratorsLoadAndOnlyWhatTheyCanRead) {
  DaemonProcess daemon("access.admin_group = \"60077\"");
  const std::string open = daemon.MakeModel("open");
  const std::string secret = daemon.MakeModel("secret");
  fs::permissions(secret + "/model.pte", fs::perms(0600));
  const std::string socket = daemon.framed_socket();
  const auto load = [&](const std::string& path) {
    return [=] {
      const auto client = FramedClient::Connect(socket);
      return client.ok() ? static_cast<int>(TryLoad(**client, path, "").code()) : 90;
    };
  };
  const auto denied = static_cast<int>(absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(AsUser(60001, 60001, {}, load(open)), denied);
  EXPECT_EQ(AsUser(60001, 60077, {}, load(open)), 0);
  EXPECT_EQ(AsUser(60002, 60002, {60077}, load(open)), 0) << "a supplementary group counts";
  EXPECT_EQ(AsUser(60001, 60077, {}, load(secret)), denied);
  EXPECT_EQ(load(secret)(), 0);
  const auto client = daemon.Connect();
  v1::ListModelsResponse models;
  ASSERT_TRUE(client->Unary("ListModels", v1::ListModelsRequest(), &models).ok());
  EXPECT_EQ(models.models_size(), 2);
}

TEST_F(IdentityTest, UsersSeeAndTouchOnlyTheirOwn) {
  DaemonProcess daemon;
  const auto client = daemon.Connect();
  Load(*client, daemon.MakeModel("slow", kSlow), "slow");
  v1::GenerateRequest request = PromptRequest("slow", "x", 4000);
  request.set_session("s");
  const uint32_t call = *client->Start("Generate", request);
  v1::GenerateResponse message;
  absl::Status status;
  ASSERT_TRUE(client->Next(call, &message, &status));
  const std::string socket = daemon.framed_socket();
  const uint64_t id = message.started().request_id();
  EXPECT_EQ(AsUser(60001, 60001, {}, [=] {
              const auto other = FramedClient::Connect(socket);
              if (!other.ok()) return 90;
              v1::ListRequestsResponse requests;
              v1::ListSessionsResponse sessions;
              v1::CancelRequestRequest cancel;
              cancel.set_id(id);
              v1::CancelRequestResponse cancelled;
              v1::DeleteSessionRequest removal;
              removal.set_session("s");
              removal.set_tenant("uid:0");
              v1::DeleteSessionResponse removed;
              if (!(*other)->Unary("ListRequests", v1::ListRequestsRequest(), &requests).ok()) return 91;
              if (!(*other)->Unary("ListSessions", v1::ListSessionsRequest(), &sessions).ok()) return 92;
              if (requests.requests_size() != 0 || sessions.sessions_size() != 0) return 93;
              if ((*other)->Unary("CancelRequest", cancel, &cancelled).code() != absl::StatusCode::kNotFound) return 94;
              if ((*other)->Unary("DeleteSession", removal, &removed).code() != absl::StatusCode::kPermissionDenied) {
                return 95;
              }
              // The same name is another session.
              v1::GenerateRequest own = PromptRequest("slow", "y", 3);
              own.set_session("s");
              if (!Generate(**other, own).status.ok()) return 96;
              v1::GetStatusResponse who;
              if (!(*other)->Unary("GetStatus", v1::GetStatusRequest(), &who).ok()) return 97;
              return who.caller().tenant() == "uid:60001" && !who.caller().administrator() ? 0 : 98;
            }),
            0);
  v1::ListRequestsResponse requests;
  ASSERT_TRUE(client->Unary("ListRequests", v1::ListRequestsRequest(), &requests).ok());
  ASSERT_EQ(requests.requests_size(), 1);
  EXPECT_EQ(requests.requests(0).pid(), static_cast<uint32_t>(getpid()));
  v1::ListSessionsResponse sessions;
  ASSERT_TRUE(client->Unary("ListSessions", v1::ListSessionsRequest(), &sessions).ok());
  EXPECT_EQ(sessions.sessions_size(), 2) << "an administrator sees all";
}

TEST(Models, DamagedOnesAreRefusedAndTheDaemonServesOn) {
  DaemonProcess daemon;
  const auto client = daemon.Connect();
  const auto code = [&](const std::string& path) { return TryLoad(*client, path, "").code(); };
  EXPECT_EQ(code(daemon.MakeModel("broken", "no program")), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(daemon.folder() + "/none"), absl::StatusCode::kNotFound);
  EXPECT_EQ(code("relative"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(""), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("/dev/zero"), absl::StatusCode::kInvalidArgument);
  const std::string wrong = daemon.MakeModel("wrong");
  const std::string program = R"({"path": "model.pte", "role": "program", "sha256": ")" + std::string(64, '0') + "\"}";
  WriteFile(wrong + "/manifest.json", R"({"format": 1, "files": [)" + program + "]}");
  v1::LoadModelRequest request;
  const absl::Status digest = TryLoad(*client, wrong, "");
  EXPECT_EQ(digest.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(digest.message().find("SHA-256"), absl::string_view::npos) << digest;
  EXPECT_EQ(Status(*client).models_loaded(), 0u);
  EXPECT_EQ(Status(*client).memory().used_bytes(), 0u);
  Load(*client, daemon.MakeModel("good"), "good");
}

TEST(Models, DigestsThatAgreeAreTold) {
  DaemonProcess daemon;
  const auto client = daemon.Connect();
  const std::string path = daemon.MakeModel("m");
  // SHA-256 of "{}".
  const std::string digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
  WriteFile(path + "/manifest.json", R"({"format": 1, "name": "named", "files": [
      {"path": "model.pte", "role": "program", "sha256": ")" + digest + R"(", "size": 2},
      {"path": "tokenizer.json", "role": "tokenizer", "sha256": ")" + digest + "\"}]}");
  v1::Model model;
  ASSERT_TRUE(TryLoad(*client, path, "", &model).ok());
  EXPECT_EQ(model.name(), "named");
  EXPECT_EQ(model.sha256(), digest);
  EXPECT_EQ(model.state(), v1::MODEL_STATE_READY);
  EXPECT_TRUE(model.has_tokenizer());
  EXPECT_TRUE(model.can_generate());
  EXPECT_EQ(model.uses(), 1u);
  EXPECT_EQ(model.active_requests(), 0u);
}

TEST(Models, OnDemandKeepAliveAndUnload) {
  DaemonProcess daemon("models.keep_alive = \"50ms\"\nmodels.directories = [\"/tmp/none\"]");
  const auto client = daemon.Connect();
  daemon.MakeModel("shelved");
  daemon.WriteConfig("models.keep_alive = \"50ms\"\nmodels.directories = [\"" + daemon.folder() + "/models\"]");
  daemon.Signal(SIGHUP);
  ASSERT_TRUE(daemon.WaitForNotice("RELOADING=1"));
  ASSERT_TRUE(daemon.WaitForNotice("READY=1"));
  v1::ListModelsResponse models;
  ASSERT_TRUE(client->Unary("ListModels", v1::ListModelsRequest(), &models).ok());
  ASSERT_EQ(models.models_size(), 1);
  EXPECT_EQ(models.models(0).state(), v1::MODEL_STATE_AVAILABLE);
  ASSERT_TRUE(Generate(*client, PromptRequest("shelved", "x", 5)).status.ok());
  EXPECT_EQ(Status(*client).counters().models_loaded(), 1u);
  EXPECT_TRUE(Until([&] { return Status(*client).counters().models_unloaded() == 1u; }));
  EXPECT_EQ(Status(*client).memory().used_bytes(), 0u);
  // Loaded by hand it stays, until it is unloaded as often.
  const std::string path = daemon.folder() + "/models/shelved";
  Load(*client, path, "shelved");
  Load(*client, path, "shelved");
  v1::UnloadModelRequest request;
  request.set_model("shelved");
  v1::UnloadModelResponse response;
  ASSERT_TRUE(client->Unary("UnloadModel", request, &response).ok());
  EXPECT_EQ(response.uses(), 1u);
  EXPECT_FALSE(response.unloaded());
  response.Clear();
  ASSERT_TRUE(client->Unary("UnloadModel", request, &response).ok());
  EXPECT_TRUE(response.unloaded());
  EXPECT_EQ(client->Unary("UnloadModel", request, &response).code(), absl::StatusCode::kNotFound);
}

// A load that would take an hour.
constexpr const char* kEndless = R"({"load_micros": 3600000000})";

TEST(Models, CancelledLoadEnds) {
  DaemonProcess daemon;
  const auto client = daemon.Connect();
  const auto start = [&](FramedClient& from) {
    v1::LoadModelRequest request;
    request.set_path(daemon.MakeModel("endless", kEndless));
    const uint32_t call = *from.Start("LoadModel", request);
    v1::LoadModelResponse response;
    absl::Status status;
    EXPECT_TRUE(from.Next(call, &response, &status)) << status;
    return call;
  };
  const uint32_t call = start(*client);
  ASSERT_TRUE(client->Cancel(call).ok());
  v1::LoadModelResponse response;
  absl::Status status;
  while (client->Next(call, &response, &status)) {
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
  // Loads follow one another: this one would wait for an hour.
  Load(*client, daemon.MakeModel("m"), "m");
  // A client that goes away is no different.
  auto other = daemon.Connect();
  start(*other);
  other.reset();
  Load(*client, daemon.MakeModel("n"), "n");
  EXPECT_EQ(Status(*client).counters().models_loaded(), 2u);
  // And a load does not hold up the end.
  start(*client);
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0);
}

TEST(Models, CancelledRequestDoesNotLoad) {
  DaemonProcess daemon;
  const auto client = daemon.Connect();
  daemon.MakeModel("endless", kEndless);
  daemon.WriteConfig("models.directories = [\"" + daemon.folder() + "/models\"]");
  daemon.Signal(SIGHUP);
  ASSERT_TRUE(daemon.WaitForNotice("RELOADING=1"));
  ASSERT_TRUE(daemon.WaitForNotice("READY=1"));
  const auto state = [&] {
    v1::ListModelsResponse models;
    EXPECT_TRUE(client->Unary("ListModels", v1::ListModelsRequest(), &models).ok());
    return models.models_size() == 1 ? models.models(0).state() : v1::MODEL_STATE_UNSPECIFIED;
  };
  const uint32_t call = *client->Start("Generate", PromptRequest("endless", "x", 5));
  ASSERT_TRUE(Until([&] { return state() == v1::MODEL_STATE_LOADING; }));
  ASSERT_TRUE(client->Cancel(call).ok());
  EXPECT_EQ(Read(*client, call).status.code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(Until([&] { return state() == v1::MODEL_STATE_AVAILABLE; }));
}

TEST(Models, ForcedUnloadEndsItsRequests) {
  DaemonProcess daemon;
  const auto client = daemon.Connect();
  Load(*client, daemon.MakeModel("slow", kSlow), "slow");
  const uint32_t call = *client->Start("Generate", PromptRequest("slow", "x", 4000));
  v1::GenerateResponse message;
  absl::Status status;
  ASSERT_TRUE(client->Next(call, &message, &status));
  v1::UnloadModelRequest request;
  request.set_model("slow");
  request.set_force(true);
  v1::UnloadModelResponse response;
  ASSERT_TRUE(client->Unary("UnloadModel", request, &response).ok());
  EXPECT_TRUE(response.unloaded());
  EXPECT_EQ(Read(*client, call).status.code(), absl::StatusCode::kUnavailable);
}

TEST(Models, MemoryBudgetRefuses) {
  DaemonProcess daemon("memory.budget = \"1MiB\"");
  const auto client = daemon.Connect();
  Load(*client, daemon.MakeModel("a", R"({"memory_bytes": 600000})"), "a");
  const absl::Status refused = TryLoad(*client, daemon.MakeModel("b", R"({"memory_bytes": 600000})"), "b");
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  // The state of a request counts as well: 4,096 tokens of 100 bytes fit, two such do not; the second waits.
  EXPECT_TRUE(Generate(*client, PromptRequest("a", "x", 4000)).status.ok());
  EXPECT_EQ(Status(*client).memory().used_bytes(), 600000u);
}

}  // namespace
}  // namespace etd::testing
