// Streams over the framed socket: what they say, that they take turns, sessions, stop strings, slow readers.
#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/integration/daemon_fixture.h"
#include "tests/support/fake_engine.h"
#include "tests/support/fake_text.h"

namespace etd::testing {
namespace {

// What the fake model says to a raw prompt.
std::string Expected(const std::string& prompt, size_t count) {
  const FakeText text;
  std::vector<int32_t> made = FakeContinuation(*text.Encode(prompt, true), count, true);
  return text.Decode(made, true);
}

class StreamingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_ = daemon_.Connect();
    ASSERT_NE(client_, nullptr);
    Load(*client_, daemon_.MakeModel("m"), "m");
  }
  DaemonProcess daemon_;
  std::unique_ptr<client::FramedClient> client_;
};

TEST_F(StreamingTest, SaysWhatTheModelSays) {
  v1::GenerateRequest request = PromptRequest("m", "hello", 40);
  request.set_return_token_ids(true);
  const Answer answer = Generate(*client_, request);
  ASSERT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(answer.text, Expected("hello", 40));
  EXPECT_EQ(answer.tokens.size(), 40u);
  EXPECT_EQ(answer.started.prompt_tokens(), 6u);
  EXPECT_NE(answer.started.request_id(), 0u);
  EXPECT_EQ(answer.end.finish_reason(), v1::FINISH_REASON_MAX_TOKENS);
  EXPECT_EQ(answer.end.usage().prompt_tokens(), 6u);
  EXPECT_EQ(answer.end.usage().cached_prompt_tokens(), 0u);
  EXPECT_EQ(answer.end.usage().completion_tokens(), 40u);
}

TEST_F(StreamingTest, EndTokenEndsTheText) {
  v1::GenerateRequest request = PromptRequest("m", "hello", 4000);
  request.set_ignore_end_tokens(false);
  const Answer answer = Generate(*client_, request);
  ASSERT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(answer.end.finish_reason(), v1::FINISH_REASON_END_TOKEN);
  EXPECT_EQ(answer.text.back(), 'z');
}

TEST_F(StreamingTest, ChatIsRendered) {
  v1::GenerateRequest request;
  request.set_model("m");
  request.set_max_tokens(10);
  request.set_ignore_end_tokens(true);
  v1::Message* message = request.mutable_chat()->add_messages();
  message->set_role("user");
  message->set_content("hi");
  const Answer answer = Generate(*client_, request);
  ASSERT_TRUE(answer.status.ok()) << answer.status;
  const FakeText text;
  EXPECT_EQ(answer.text, text.Decode(FakeContinuation(*text.Encode("user: hi\nassistant: ", false), 10, true), true));
}

TEST_F(StreamingTest, StopStringEndsTheTextBeforeIt) {
  const std::string all = Expected("hello", 60);
  const std::string stop = all.substr(30, 4);
  v1::GenerateRequest request = PromptRequest("m", "hello", 1000);
  request.add_stop(stop);
  const Answer answer = Generate(*client_, request);
  ASSERT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(answer.text, all.substr(0, all.find(stop)));
  EXPECT_EQ(answer.end.finish_reason(), v1::FINISH_REASON_STOP_STRING);
  EXPECT_EQ(answer.end.stop(), stop);
  EXPECT_EQ(answer.end.usage().completion_tokens(), all.find(stop) + stop.size());
  request.set_include_stop(true);
  EXPECT_EQ(Generate(*client_, request).text, all.substr(0, all.find(stop) + stop.size()));
}

TEST_F(StreamingTest, SeedDecidesTheText) {
  v1::GenerateRequest request = PromptRequest("m", "hello", 60);
  request.mutable_sampling()->set_temperature(5);
  request.set_return_token_ids(true);
  request.mutable_sampling()->set_seed(7);
  const Answer first = Generate(*client_, request);
  const Answer second = Generate(*client_, request);
  ASSERT_TRUE(first.status.ok()) << first.status;
  EXPECT_EQ(first.tokens, second.tokens);
  EXPECT_EQ(first.started.seed(), 7u);
  request.mutable_sampling()->set_seed(8);
  EXPECT_NE(first.tokens, Generate(*client_, request).tokens);
}

TEST_F(StreamingTest, LogprobsComeWithTheTokens) {
  v1::GenerateRequest request = PromptRequest("m", "hello", 3);
  request.set_logprobs(2);
  const absl::StatusOr<uint32_t> call = client_->Start("Generate", request);
  ASSERT_TRUE(call.ok());
  v1::GenerateResponse message;
  absl::Status status;
  int tokens = 0;
  while (client_->Next(*call, &message, &status)) {
    for (const v1::TokenLogprobs& logprobs : message.logprobs()) {
      ++tokens;
      ASSERT_EQ(logprobs.top_size(), 2);
      EXPECT_EQ(logprobs.top(0).token(), logprobs.token());
      EXPECT_LT(logprobs.logprob(), 0);
    }
  }
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(tokens, 3);
}

TEST_F(StreamingTest, StreamsOnOneConnectionTakeTurns) {
  Load(*client_, daemon_.MakeModel("slow", R"({"token_micros": 500})"), "slow");
  std::vector<uint32_t> calls;
  for (const char* prompt : {"one", "two", "three"}) {
    calls.push_back(*client_->Start("Generate", PromptRequest("slow", prompt, 300)));
  }
  // Every stream has said something before any has ended.
  v1::GenerateResponse message;
  absl::Status status;
  for (const uint32_t call : calls) {
    ASSERT_TRUE(client_->Next(call, &message, &status)) << status;
    EXPECT_FALSE(message.has_end());
  }
  const v1::GetStatusResponse now = Status(*client_);
  EXPECT_EQ(now.queue().running(), 3u);
  for (const uint32_t call : calls) EXPECT_EQ(Read(*client_, call).end.usage().completion_tokens(), 300u);
}

TEST_F(StreamingTest, TwoClientsStreamAtOnceWhatTheyWouldAlone) {
  Load(*client_, daemon_.MakeModel("slow", R"({"token_micros": 300})"), "slow");
  const auto other = daemon_.Connect();
  const uint32_t first = *client_->Start("Generate", PromptRequest("slow", "alpha", 200));
  const uint32_t second = *other->Start("Generate", PromptRequest("slow", "beta", 200));
  EXPECT_EQ(Read(*other, second).text, Expected("beta", 200));
  EXPECT_EQ(Read(*client_, first).text, Expected("alpha", 200));
}

TEST_F(StreamingTest, LongPromptDoesNotStopAStream) {
  Load(*client_, daemon_.MakeModel("slow", R"({"token_micros": 1000})"), "slow");
  const uint32_t stream = *client_->Start("Generate", PromptRequest("slow", "s", 4000));
  v1::GenerateResponse message;
  absl::Status status;
  ASSERT_TRUE(client_->Next(stream, &message, &status));
  const auto other = daemon_.Connect();
  const auto made = [&] {
    v1::ListRequestsResponse requests;
    EXPECT_TRUE(other->Unary("ListRequests", v1::ListRequestsRequest(), &requests).ok());
    return requests.requests_size() == 1 ? requests.requests(0).completion_tokens() : 0u;
  };
  const uint32_t before = made();
  // 1,001 tokens of prompt are eight steps, and the stream says something in each of them.
  const Answer answer = Generate(*other, PromptRequest("slow", std::string(1000, 'x'), 1));
  EXPECT_EQ(answer.end.usage().completion_tokens(), 1u);
  EXPECT_GE(made(), before + 7);
  ASSERT_TRUE(client_->Cancel(stream).ok());
  EXPECT_EQ(Read(*client_, stream).status.code(), absl::StatusCode::kCancelled);
}

TEST_F(StreamingTest, SessionIsNotPrefilledAgain) {
  v1::GenerateRequest request = PromptRequest("m", "hello", 20);
  request.set_session("s");
  const Answer first = Generate(*client_, request);
  ASSERT_TRUE(first.status.ok()) << first.status;
  // The whole text again, with more: only what is new is read. The last token of the answer was not fed back.
  request.set_prompt("hello" + first.text + " more");
  const Answer second = Generate(*client_, request);
  ASSERT_TRUE(second.status.ok()) << second.status;
  EXPECT_EQ(second.end.usage().prompt_tokens(), 1 + 5 + 20 + 5u);
  EXPECT_EQ(second.end.usage().cached_prompt_tokens(), 1 + 5 + 19u);
  EXPECT_EQ(second.text, Expected("hello" + first.text + " more", 20));
  // Another end: what does not agree is forgotten.
  request.set_prompt("hello, you");
  const Answer third = Generate(*client_, request);
  EXPECT_EQ(third.end.usage().cached_prompt_tokens(), 6u);
  EXPECT_EQ(third.text, Expected("hello, you", 20));
}

TEST_F(StreamingTest, SessionGoesOn) {
  v1::GenerateRequest request = PromptRequest("m", "hello", 20);
  request.set_session("s");
  const Answer first = Generate(*client_, request);
  request.set_prompt(" and?");
  request.set_continue_session(true);
  const Answer second = Generate(*client_, request);
  ASSERT_TRUE(second.status.ok()) << second.status;
  EXPECT_EQ(second.text, Expected("hello" + first.text + " and?", 20));
  request.set_session("never");
  EXPECT_EQ(Generate(*client_, request).status.code(), absl::StatusCode::kNotFound);
}

TEST_F(StreamingTest, SessionsAreListedAndDeleted) {
  v1::GenerateRequest request = PromptRequest("m", "hello", 5);
  request.set_session("s");
  ASSERT_TRUE(Generate(*client_, request).status.ok());
  v1::ListSessionsResponse sessions;
  ASSERT_TRUE(client_->Unary("ListSessions", v1::ListSessionsRequest(), &sessions).ok());
  ASSERT_EQ(sessions.sessions_size(), 1);
  EXPECT_EQ(sessions.sessions(0).name(), "s");
  EXPECT_EQ(sessions.sessions(0).model(), "m");
  EXPECT_EQ(sessions.sessions(0).tokens(), 11u);
  EXPECT_GT(sessions.sessions(0).memory_bytes(), 0u);
  v1::DeleteSessionRequest removal;
  removal.set_session("s");
  v1::DeleteSessionResponse removed;
  EXPECT_TRUE(client_->Unary("DeleteSession", removal, &removed).ok());
  EXPECT_EQ(client_->Unary("DeleteSession", removal, &removed).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Status(*client_).sessions(), 0u);
}

TEST_F(StreamingTest, SlowReaderPausesOnlyItself) {
  const auto slow = daemon_.Connect();
  v1::GenerateRequest request = PromptRequest("m", "slow", 4000);
  // Large messages, so that the socket's buffer is full after few of them.
  request.set_logprobs(20);
  const uint32_t stalled = *slow->Start("Generate", request);
  const Answer other = Generate(*client_, PromptRequest("m", "quick", 2000));
  EXPECT_EQ(other.end.usage().completion_tokens(), 2000u);
  // It has stopped, with as many tokens made as fit into the buffers, until its client reads on.
  ASSERT_TRUE(Until([&] {
    v1::ListRequestsResponse requests;
    EXPECT_TRUE(client_->Unary("ListRequests", v1::ListRequestsRequest(), &requests).ok());
    return requests.requests_size() == 1 && requests.requests(0).state() == v1::REQUEST_STATE_STALLED;
  }));
  EXPECT_EQ(Read(*slow, stalled).end.usage().completion_tokens(), 4000u);
}

}  // namespace
}  // namespace etd::testing
