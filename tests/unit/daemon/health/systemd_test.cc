// What reaches the service manager's socket, byte by byte.
#include "daemon/health/systemd.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <string>

#include "gtest/gtest.h"

namespace etd::health {
namespace {

int64_t MonotonicMicros() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

class SystemdTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "etd-notify-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    const std::string path = folder_ + "/notify";
    manager_ = UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(manager_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
    std::filesystem::remove_all(folder_);
  }
  // The next message; empty when there is none.
  std::string Next() {
    char block[1024];
    const ssize_t got = recv(manager_.get(), block, sizeof(block), MSG_DONTWAIT);
    return std::string(block, got < 0 ? 0 : static_cast<size_t>(got));
  }
  std::string folder_;
  UniqueFd manager_;
};

TEST_F(SystemdTest, Notices) {
  NotifyReady("gRPC on a");
  EXPECT_EQ(Next(), "READY=1\nSTATUS=gRPC on a");
  NotifyWatchdog();
  EXPECT_EQ(Next(), "WATCHDOG=1");
  NotifyStopping("draining", std::chrono::seconds(40));
  EXPECT_EQ(Next(), "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=40000000");
  EXPECT_EQ(Next(), "");
}

TEST_F(SystemdTest, ReloadTellsItsTime) {
  const int64_t before = MonotonicMicros();
  NotifyReloading();
  const int64_t after = MonotonicMicros();
  const std::string notice = Next();
  const std::string prefix = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_TRUE(notice.starts_with(prefix)) << notice;
  const int64_t time = std::stoll(notice.substr(prefix.size()));
  EXPECT_GE(time, before);
  EXPECT_LE(time, after);
}

TEST_F(SystemdTest, NobodyListens) {
  unsetenv("NOTIFY_SOCKET");
  NotifyReady("x");
  NotifyReloading();
  NotifyStopping("x", std::chrono::seconds(1));
  NotifyWatchdog();
  EXPECT_EQ(Next(), "");
}

TEST_F(SystemdTest, WatchdogIsOursOnly) {
  EXPECT_FALSE(WatchdogInterval());
  setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(WatchdogInterval(), Duration(std::chrono::seconds(30)));
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  EXPECT_EQ(WatchdogInterval(), Duration(std::chrono::seconds(30)));
  setenv("WATCHDOG_PID", std::to_string(getpid() + 1).c_str(), 1);
  EXPECT_FALSE(WatchdogInterval());
}

TEST_F(SystemdTest, NoSocketsArePassed) { EXPECT_TRUE(TakeActivatedSockets().empty()); }

}  // namespace
}  // namespace etd::health
