#include "daemon/auth/file_access.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"

namespace etd::auth {
namespace {

namespace fs = std::filesystem;

struct stat Stat(uid_t uid, gid_t gid, mode_t mode) {
  struct stat s {};
  s.st_uid = uid;
  s.st_gid = gid;
  s.st_mode = mode;
  return s;
}

Identity Caller(uid_t uid, gid_t gid, std::vector<gid_t> groups = {}) {
  return {.tcp = false, .uid = uid, .gid = gid, .groups = std::move(groups)};
}

TEST(ModeAllows, TheFirstClassThatAppliesDecides) {
  EXPECT_TRUE(ModeAllows(Stat(5, 6, 0400), false, Caller(5, 9), 4));
  EXPECT_FALSE(ModeAllows(Stat(5, 6, 0044), false, Caller(5, 6), 4)) << "the owner has no part in group and others";
  EXPECT_TRUE(ModeAllows(Stat(5, 6, 0040), false, Caller(7, 6), 4));
  EXPECT_TRUE(ModeAllows(Stat(5, 6, 0040), false, Caller(7, 9, {3, 6}), 4));
  EXPECT_FALSE(ModeAllows(Stat(5, 6, 0004), false, Caller(7, 6), 4));
  EXPECT_TRUE(ModeAllows(Stat(5, 6, 0004), false, Caller(7, 9), 4));
  EXPECT_FALSE(ModeAllows(Stat(5, 6, 0004), false, Caller(7, 9), 5)) << "all of what is wanted";
}

TEST(ModeAllows, AnAccessControlListLeavesOnlyTheOwner) {
  EXPECT_TRUE(ModeAllows(Stat(5, 6, 0444), true, Caller(5, 9), 4));
  EXPECT_FALSE(ModeAllows(Stat(5, 6, 0444), true, Caller(7, 6), 4));
  EXPECT_FALSE(ModeAllows(Stat(5, 6, 0444), true, Caller(7, 9), 4));
}

class OpenForCallerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "etd-access-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = fs::canonical(pattern).string();
    fs::permissions(root_, fs::perms(0755));
    Make("open/file", 0755, 0644);
    Make("closed/file", 0700, 0644);
    Make("open2/secret", 0755, 0600);
    fs::create_symlink(root_ + "/open/file", root_ + "/open2/good_link");
    fs::create_symlink(root_ + "/closed/file", root_ + "/open2/bad_link");
  }
  void TearDown() override { fs::remove_all(root_); }
  void Make(const std::string& path, unsigned folder_mode, unsigned mode) {
    const fs::path file = fs::path(root_) / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "text";
    fs::permissions(file, fs::perms(mode));
    fs::permissions(file.parent_path(), fs::perms(folder_mode));
  }
  absl::StatusCode Code(const std::string& path, const Identity& caller) {
    return OpenForCaller(root_ + "/" + path, caller).status().code();
  }
  std::string root_;
  // Somebody who owns nothing here.
  const Identity stranger_ = Caller(54321, 54321);
};

TEST_F(OpenForCallerTest, StrangerReadsWhatOthersMay) {
  EXPECT_EQ(Code("open/file", stranger_), absl::StatusCode::kOk);
  EXPECT_EQ(Code("open", stranger_), absl::StatusCode::kOk);
  EXPECT_EQ(Code("open2/secret", stranger_), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Code("closed/file", stranger_), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Code("closed", stranger_), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Code("open/none", stranger_), absl::StatusCode::kNotFound);
}

TEST_F(OpenForCallerTest, LinksLeadWhereTheCallerCouldGo) {
  EXPECT_EQ(Code("open2/good_link", stranger_), absl::StatusCode::kOk);
  EXPECT_EQ(Code("open2/bad_link", stranger_), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(OpenForCaller(root_ + "/open2/good_link", stranger_)->real_path, root_ + "/open/file");
}

TEST_F(OpenForCallerTest, OwnerAndRootReadEverythingHere) {
  const Identity owner = Caller(geteuid(), getegid());
  EXPECT_EQ(Code("closed/file", owner), absl::StatusCode::kOk);
  EXPECT_EQ(Code("open2/secret", owner), absl::StatusCode::kOk);
  EXPECT_EQ(Code("open2/secret", TcpPeer().identity), absl::StatusCode::kPermissionDenied);
}

TEST_F(OpenForCallerTest, OnlyAbsolutePathsOfFilesAndFolders) {
  EXPECT_EQ(OpenForCaller("relative", stranger_).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenForCaller("", stranger_).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenForCaller("/dev/null", stranger_).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(OpenForCallerTest, SaysWhetherOthersCouldChangeTheFile) {
  EXPECT_FALSE(OpenForDaemon(root_ + "/open/file")->others_can_write);
  fs::permissions(root_ + "/open/file", fs::perms(0664));
  EXPECT_TRUE(OpenForDaemon(root_ + "/open/file")->others_can_write);
  if (geteuid() == 0) {
    fs::permissions(root_ + "/open/file", fs::perms(0644));
    ASSERT_EQ(chown((root_ + "/open/file").c_str(), 54321, 54321), 0);
    EXPECT_TRUE(OpenForDaemon(root_ + "/open/file")->others_can_write) << "its owner can";
  }
}

TEST_F(OpenForCallerTest, ListsADirectoryMoreThanOnce) {
  const auto folder = OpenForDaemon(root_ + "/open2");
  ASSERT_TRUE(folder.ok());
  const std::vector<std::string> expected = {"bad_link", "good_link", "secret"};
  EXPECT_EQ(*ListDirectory(*folder), expected);
  EXPECT_EQ(*ListDirectory(*folder), expected);
}

TEST(Identity, OfAConnection) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const auto peer = PeerOf(pair[0]);
  ASSERT_TRUE(peer.ok());
  EXPECT_EQ(peer->identity.uid, geteuid());
  EXPECT_EQ(peer->pid, getpid());
  EXPECT_TRUE(peer->identity.InGroup(getegid()));
  close(pair[0]);
  close(pair[1]);
}

TEST(Policy, Administrators) {
  const Policy policy(gid_t{77});
  EXPECT_TRUE(policy.IsAdministrator(Caller(0, 5)));
  EXPECT_TRUE(policy.IsAdministrator(Caller(geteuid(), 5)));
  EXPECT_TRUE(policy.IsAdministrator(Caller(54321, 77)));
  EXPECT_TRUE(policy.IsAdministrator(Caller(54321, 5, {3, 77})));
  EXPECT_FALSE(policy.IsAdministrator(Caller(54321, 5)));
  EXPECT_FALSE(policy.IsAdministrator(TcpPeer().identity));
  EXPECT_FALSE(Policy().IsAdministrator(Caller(54321, 77)));
}

}  // namespace
}  // namespace etd::auth
