#include "clients/etctl/exit_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/cpp/error.h"

namespace etd::etctl {
namespace {

using ::testing::HasSubstr;

TEST(ExitCodeTest, EveryCodeOfTheWireHasItsExitCode) {
  const std::pair<absl::StatusCode, int> rows[] = {
      {absl::StatusCode::kOk, 0},
      {absl::StatusCode::kCancelled, 1},
      {absl::StatusCode::kUnknown, 1},
      {absl::StatusCode::kInvalidArgument, 1},
      {absl::StatusCode::kDeadlineExceeded, 1},
      {absl::StatusCode::kNotFound, 3},
      {absl::StatusCode::kAlreadyExists, 1},
      {absl::StatusCode::kPermissionDenied, 4},
      {absl::StatusCode::kResourceExhausted, 4},
      {absl::StatusCode::kFailedPrecondition, 1},
      {absl::StatusCode::kAborted, 4},
      {absl::StatusCode::kOutOfRange, 1},
      {absl::StatusCode::kUnimplemented, 1},
      {absl::StatusCode::kInternal, 1},
      {absl::StatusCode::kUnavailable, 4},
  };
  for (const auto& [code, exit_code] : rows) {
    EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::Status(code, "x"))), exit_code) << static_cast<int>(code);
  }
  EXPECT_EQ(static_cast<int>(ExitCode::kUsage), 2);
  EXPECT_EQ(static_cast<int>(ExitCode::kInterrupted), 130);
}

TEST(ExitCodeTest, TheWayToTheDaemonIsAnErrorOfItsOwn) {
  const absl::Status gone = client::ConnectionError(absl::StatusCode::kUnavailable, "no etd is listening at /x");
  EXPECT_EQ(ExitCodeOf(gone), ExitCode::kNoConnection);
  EXPECT_THAT(Explain(gone), HasSubstr("no etd is listening at /x; start it with `etd`"));
  const absl::Status denied = client::ConnectionError(absl::StatusCode::kPermissionDenied, "you may not connect to /x");
  EXPECT_EQ(ExitCodeOf(denied), ExitCode::kNoConnection);
  EXPECT_THAT(Explain(denied), HasSubstr("socket.group"));
}

TEST(ExitCodeTest, RefusalsSayWhichLimitAndWhenToComeAgain) {
  v1::Refusal refusal;
  refusal.set_limit("limits.max_waiting");
  refusal.set_maximum(64);
  refusal.set_current(64);
  refusal.mutable_retry_after()->set_seconds(2);
  v1::ErrorStatus details;
  details.add_details()->PackFrom(v1::RetryDelay());
  details.add_details()->PackFrom(refusal);
  const absl::Status status = client::StatusFromWire(8, "the queue is full", details.SerializeAsString());
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kRefused);
  EXPECT_EQ(Explain(status), "the queue is full (limits.max_waiting: 64 of 64); try again in 2.00 s");
}

TEST(ExitCodeTest, OddAnswersOfTheWireAreErrorsToo) {
  EXPECT_TRUE(client::StatusFromWire(0, "", "").ok());
  EXPECT_EQ(client::StatusFromWire(17, "x", "").code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(client::StatusFromWire(-1, "x", "").code(), absl::StatusCode::kUnknown);
  const absl::Status status = client::StatusFromWire(5, "no such model", "\xff\xff no protobuf");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(client::RefusalOf(status));
  EXPECT_EQ(Explain(absl::Status(absl::StatusCode::kInternal, "")), "INTERNAL");
}

}  // namespace
}  // namespace etd::etctl
