// The daemon as a service: what it tells its manager and what it takes from it.
#include <signal.h>
#include <sys/socket.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "tests/integration/daemon_fixture.h"

namespace etd::testing {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr const char* kSlow = R"({"token_micros": 2000})";

TEST(Systemd, WatchdogIsFedTwiceInItsInterval) {
  // Much shorter than the scheduler's heartbeat: an idle daemon is no dead one.
  constexpr auto kInterval = std::chrono::milliseconds(200);
  constexpr int kNotices = 20;
  DaemonProcess daemon("", {.environment = {{"WATCHDOG_USEC", "200000"}}, .sockets = {}, .socket_names = {}});
  ASSERT_TRUE(daemon.WaitForNotice("WATCHDOG=1"));
  const auto begin = SteadyClock::now();
  for (int i = 0; i < kNotices; ++i) ASSERT_TRUE(daemon.WaitForNotice("WATCHDOG=1")) << i << daemon.Log();
  const auto took = SteadyClock::now() - begin;
  // The first notice may have come late; what follows does not come oftener than it must.
  EXPECT_GE(took, (kNotices - 2) * kInterval / 2);
  // Twice as long is for a busy machine; fed only when the scheduler has just gone round it would take ten seconds.
  EXPECT_LE(took, kNotices * kInterval);
}

TEST(Systemd, WatchdogIsFedWhileRequestsEnd) {
  DaemonProcess daemon("", {.environment = {{"WATCHDOG_USEC", "400000"}}, .sockets = {}, .socket_names = {}});
  const auto client = daemon.Connect();
  Load(*client, daemon.MakeModel("slow", kSlow), "slow");
  const uint32_t call = *client->Start("Generate", PromptRequest("slow", "x", 4000));
  v1::GenerateResponse message;
  absl::Status status;
  ASSERT_TRUE(client->Next(call, &message, &status));
  daemon.Signal(SIGTERM);
  ASSERT_TRUE(daemon.WaitForNotice("STOPPING=1"));
  EXPECT_TRUE(daemon.WaitForNotice("WATCHDOG=1"));
  EXPECT_TRUE(daemon.WaitForNotice("WATCHDOG=1"));
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0);
}

TEST(Systemd, NoWatchdogNoNotices) {
  DaemonProcess daemon;
  EXPECT_FALSE(daemon.WaitForNotice("WATCHDOG=1", std::chrono::seconds(1)));
}

TEST(Systemd, StopTellsHowLongItMayTake) {
  DaemonProcess daemon("limits.drain_timeout = \"90s\"");
  daemon.Signal(SIGTERM);
  EXPECT_TRUE(daemon.WaitForNotice("STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=105000000"));
  EXPECT_EQ(daemon.Wait(), 0);
}

TEST(Systemd, ReloadIsToldFromBeginToEnd) {
  DaemonProcess daemon;
  daemon.Signal(SIGHUP);
  EXPECT_TRUE(daemon.WaitForNotice("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_TRUE(daemon.WaitForNotice("READY=1"));
}

void Serves(const DaemonProcess& daemon) {
  EXPECT_EQ(Status(*daemon.Connect()).version(), "test");
  for (const std::string& path : daemon.sockets()) {
    UniqueFd raw(socket(AF_UNIX, SOCK_STREAM, 0));
    EXPECT_TRUE(ConnectTo(raw.get(), path)) << path;
  }
}

TEST(Systemd, SocketsByName) {
  DaemonProcess daemon(
      "", {.environment = {}, .sockets = {"other.sock", "third.sock"}, .socket_names = "framed:grpc"});
  EXPECT_FALSE(fs::exists(daemon.socket())) << "what was passed is used, not what is configured";
  EXPECT_FALSE(fs::exists(daemon.framed_socket()));
  auto client = client::FramedClient::Connect(daemon.folder() + "/other.sock");
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ(Status(**client).version(), "test");
  client->reset();
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0);
  EXPECT_TRUE(fs::exists(daemon.folder() + "/other.sock")) << "they are the manager's";
}

TEST(Systemd, SocketsByPath) {
  DaemonProcess daemon("", {.environment = {}, .sockets = {"etd.sock", "etd.frame.sock"}, .socket_names = {}});
  Serves(daemon);
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0);
  EXPECT_TRUE(fs::exists(daemon.socket()));
}

TEST(Systemd, OneSocketIsPassedAndOneMade) {
  DaemonProcess daemon(
      "", {.environment = {}, .sockets = {"etd.frame.sock", "stray.sock"}, .socket_names = "etd.socket:stray"});
  Serves(daemon);
  EXPECT_NE(daemon.Log().find("the socket 'stray' that was passed is not used"), std::string::npos) << daemon.Log();
}

}  // namespace
}  // namespace etd::testing
