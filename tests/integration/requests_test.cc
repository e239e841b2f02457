// Requests that end early or never begin: cancels, deadlines, limits, and bad requests of every kind.
#include <sys/socket.h>

#include <string>

#include "gtest/gtest.h"
#include "tests/integration/daemon_fixture.h"

namespace etd::testing {
namespace {

constexpr const char* kSlow = R"({"token_micros": 2000})";

class RequestsTest : public ::testing::Test {
 protected:
  explicit RequestsTest(const std::string& settings = "") : daemon_(settings) {}
  void SetUp() override {
    client_ = daemon_.Connect();
    ASSERT_NE(client_, nullptr);
    Load(*client_, daemon_.MakeModel("m"), "m");
    Load(*client_, daemon_.MakeModel("slow", kSlow), "slow");
  }
  v1::RequestState StateOfOnly() {
    v1::ListRequestsResponse requests;
    EXPECT_TRUE(client_->Unary("ListRequests", v1::ListRequestsRequest(), &requests).ok());
    return requests.requests_size() == 1 ? requests.requests(0).state() : v1::REQUEST_STATE_UNSPECIFIED;
  }
  bool NothingRuns() {
    v1::ListRequestsResponse requests;
    EXPECT_TRUE(client_->Unary("ListRequests", v1::ListRequestsRequest(), &requests).ok());
    return requests.requests_size() == 0;
  }
  absl::StatusCode CodeOf(const v1::GenerateRequest& request) { return Generate(*client_, request).status.code(); }

  DaemonProcess daemon_;
  std::unique_ptr<client::FramedClient> client_;
};

TEST_F(RequestsTest, CancelInPrefill) {
  const uint32_t call = *client_->Start("Generate", PromptRequest("slow", std::string(3000, 'x'), 10));
  ASSERT_TRUE(Until([&] { return StateOfOnly() == v1::REQUEST_STATE_PREFILL; }));
  ASSERT_TRUE(client_->Cancel(call).ok());
  const Answer answer = Read(*client_, call);
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(answer.text.empty());
  // 3,000 tokens would take 6 s; a step takes a quarter of one.
  EXPECT_LT(Status(*client_).counters().steps(), 20u);
  EXPECT_TRUE(NothingRuns());
}

TEST_F(RequestsTest, CancelInDecode) {
  const uint32_t call = *client_->Start("Generate", PromptRequest("slow", "x", 4000));
  v1::GenerateResponse message;
  absl::Status status;
  ASSERT_TRUE(client_->Next(call, &message, &status));
  ASSERT_TRUE(client_->Cancel(call).ok());
  EXPECT_EQ(Read(*client_, call).status.code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(NothingRuns());
  EXPECT_EQ(Status(*client_).memory().session_bytes(), 0u);
  EXPECT_EQ(Status(*client_).counters().requests_cancelled(), 1u);
}

TEST_F(RequestsTest, CancelById) {
  const uint32_t call = *client_->Start("Generate", PromptRequest("slow", "x", 4000));
  v1::GenerateResponse message;
  absl::Status status;
  ASSERT_TRUE(client_->Next(call, &message, &status));
  v1::CancelRequestRequest request;
  request.set_id(message.started().request_id());
  v1::CancelRequestResponse response;
  EXPECT_TRUE(client_->Unary("CancelRequest", request, &response).ok());
  EXPECT_EQ(Read(*client_, call).status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(client_->Unary("CancelRequest", request, &response).code(), absl::StatusCode::kNotFound);
}

TEST_F(RequestsTest, ClientThatGoesAwayCancels) {
  auto other = daemon_.Connect();
  const uint32_t call = *other->Start("Generate", PromptRequest("slow", "x", 4000));
  v1::GenerateResponse message;
  absl::Status status;
  ASSERT_TRUE(other->Next(call, &message, &status));
  other.reset();
  EXPECT_TRUE(Until([&] { return NothingRuns(); }));
  EXPECT_TRUE(Until([&] { return Status(*client_).connections() == 1; }));
}

TEST_F(RequestsTest, DeadlineOfTheRequestAndOfTheTransport) {
  v1::GenerateRequest request = PromptRequest("slow", "x", 4000);
  request.mutable_timeout()->set_nanos(50'000'000);
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kDeadlineExceeded);
  request.clear_timeout();
  const uint32_t call = *client_->Start("Generate", request, 50);
  EXPECT_EQ(Read(*client_, call).status.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(RequestsTest, BadGenerateRequests) {
  v1::GenerateRequest request;
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument);
  request.set_model("nobody");
  const absl::Status unknown = Generate(*client_, request).status;
  EXPECT_EQ(unknown.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(unknown.message().find("there are: m, slow"), absl::string_view::npos) << unknown;
  request.set_model("m");
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument) << "no input";
  request.mutable_chat();
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument) << "no messages";
  request.mutable_chat()->add_messages()->set_json("not json");
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument) << "a message that is no JSON";
  request.mutable_token_ids();
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument) << "no tokens";
  request.mutable_token_ids()->add_ids(100000);
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument) << "a token outside of the vocabulary";
  request = PromptRequest("m", "x", 5);
  request.mutable_sampling()->set_top_p(2);
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument) << "top_p";
  request.mutable_sampling()->Clear();
  request.add_stop("");
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument) << "an empty stop string";
  request.clear_stop();
  request.set_continue_session(true);
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument) << "to continue no session";
  // And the daemon serves on.
  EXPECT_TRUE(Generate(*client_, PromptRequest("m", "x", 5)).status.ok());
}

TEST_F(RequestsTest, TooLongPrompt) {
  const absl::Status status = Generate(*client_, PromptRequest("m", std::string(5000, 'x'), 1)).status;
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_NE(status.message().find("5001 tokens"), absl::string_view::npos) << status;
  const Answer full = Generate(*client_, PromptRequest("m", std::string(4000, 'x'), 1000));
  EXPECT_EQ(full.end.finish_reason(), v1::FINISH_REASON_CONTEXT_FULL);
  EXPECT_EQ(full.end.usage().completion_tokens(), 95u);
}

TEST_F(RequestsTest, BadFrames) {
  // An unknown method, and a request that does not parse, are errors of the call.
  v1::GetStatusResponse response;
  EXPECT_EQ(client_->Unary("Nonsense", v1::GetStatusRequest(), &response).code(), absl::StatusCode::kUnimplemented);
  v1::DeleteSessionRequest wrong;
  wrong.set_session(std::string("\xff\xff", 2));
  EXPECT_EQ(client_->Unary("Infer", wrong, &response).code(), absl::StatusCode::kInvalidArgument);
  // A frame with an impossible length is an error of the connection.
  const auto other = daemon_.Connect();
  ASSERT_EQ(send(other->fd(), "\x00\x00\x00\x00", 4, MSG_NOSIGNAL), 4);
  EXPECT_FALSE(other->Unary("GetStatus", v1::GetStatusRequest(), &response).ok());
  EXPECT_TRUE(Status(*client_).version() == "test");
}

TEST_F(RequestsTest, SessionTakesOneRequestAtATime) {
  v1::GenerateRequest request = PromptRequest("slow", "x", 4000);
  request.set_session("s");
  const uint32_t call = *client_->Start("Generate", request);
  v1::GenerateResponse message;
  absl::Status status;
  ASSERT_TRUE(client_->Next(call, &message, &status));
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kAborted);
  request.set_model("m");
  ASSERT_TRUE(client_->Cancel(call).ok());
  EXPECT_EQ(Read(*client_, call).status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kFailedPrecondition) << "a session of another model";
}

TEST_F(RequestsTest, Infer) {
  v1::InferRequest request;
  request.set_model("m");
  v1::Tensor* tensor = request.add_inputs()->mutable_tensor();
  tensor->set_dtype(v1::DATA_TYPE_FLOAT32);
  // 64 MB, sixteen times what gRPC takes by default.
  tensor->add_shape(4);
  tensor->add_shape(4 << 20);
  tensor->set_data(std::string(size_t{64} << 20, '\x01'));
  request.add_inputs()->set_int_value(-5);
  v1::InferResponse response;
  ASSERT_TRUE(client_->Unary("Infer", request, &response).ok());
  ASSERT_EQ(response.outputs_size(), 2);
  EXPECT_EQ(response.outputs(0).tensor().data(), tensor->data());
  EXPECT_EQ(response.outputs(0).tensor().dtype(), v1::DATA_TYPE_FLOAT32);
  EXPECT_EQ(response.outputs(1).int_value(), -5);
  request.add_outputs(1);
  ASSERT_TRUE(client_->Unary("Infer", request, &response).ok());
  EXPECT_EQ(response.outputs_size(), 1);
}

TEST_F(RequestsTest, BadInferRequests) {
  v1::InferRequest request;
  v1::InferResponse response;
  request.set_model("m");
  request.set_method("nonsense");
  EXPECT_EQ(client_->Unary("Infer", request, &response).code(), absl::StatusCode::kNotFound);
  request.set_method("fail");
  EXPECT_EQ(client_->Unary("Infer", request, &response).code(), absl::StatusCode::kInvalidArgument);
  request.set_method("forward");
  v1::Tensor* tensor = request.add_inputs()->mutable_tensor();
  tensor->set_dtype(v1::DATA_TYPE_FLOAT32);
  tensor->add_shape(3);
  tensor->set_data("too short");
  EXPECT_EQ(client_->Unary("Infer", request, &response).code(), absl::StatusCode::kInvalidArgument);
  tensor->set_shape(0, -1);
  EXPECT_EQ(client_->Unary("Infer", request, &response).code(), absl::StatusCode::kInvalidArgument);
  tensor->set_shape(0, int64_t{1} << 62);
  EXPECT_EQ(client_->Unary("Infer", request, &response).code(), absl::StatusCode::kInvalidArgument);
  request.mutable_inputs(0)->Clear();
  EXPECT_EQ(client_->Unary("Infer", request, &response).code(), absl::StatusCode::kInvalidArgument);
  // Calls leave nothing behind for the next one.
  request.clear_inputs();
  request.set_method("count");
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(client_->Unary("Infer", request, &response).ok());
    EXPECT_EQ(response.outputs(0).int_value(), 1);
  }
}

TEST_F(RequestsTest, Tokenize) {
  v1::TokenizeRequest request;
  request.set_model("m");
  request.set_text("hi");
  v1::TokenizeResponse response;
  ASSERT_TRUE(client_->Unary("Tokenize", request, &response).ok());
  EXPECT_EQ(std::vector<int32_t>(response.ids().begin(), response.ids().end()), (std::vector<int32_t>{256, 'h', 'i'}));
  EXPECT_EQ(response.pieces(1), "h");
  v1::CountTokensRequest count;
  count.set_model("m");
  count.set_text("hello");
  v1::CountTokensResponse counted;
  ASSERT_TRUE(client_->Unary("CountTokens", count, &counted).ok());
  EXPECT_EQ(counted.tokens(), 6u);
  EXPECT_EQ(counted.max_context(), 4096);
  request.mutable_token_ids()->add_ids('x');
  ASSERT_TRUE(client_->Unary("Tokenize", request, &response).ok());
  EXPECT_EQ(response.text(), "x");
}

class FewPlacesTest : public RequestsTest {
 protected:
  FewPlacesTest()
      : RequestsTest("limits.max_running = 1\nlimits.max_waiting = 1\nlimits.max_requests_per_user = 3\n") {}
};

TEST_F(FewPlacesTest, QueueWaitsRefusesAndCancels) {
  const uint32_t running = *client_->Start("Generate", PromptRequest("slow", "x", 4000));
  v1::GenerateResponse message;
  absl::Status status;
  ASSERT_TRUE(client_->Next(running, &message, &status));
  const uint32_t waiting = *client_->Start("Generate", PromptRequest("slow", "y", 5));
  ASSERT_TRUE(Until([&] { return Status(*client_).queue().waiting() == 1; }));
  // The queue is full: a refusal with the limit, and when to come again.
  const Answer refused = Generate(*client_, PromptRequest("slow", "z", 5));
  EXPECT_EQ(refused.status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(refused.status.message().find("retry in"), absl::string_view::npos) << refused.status;
  v1::ErrorStatus details;
  ASSERT_TRUE(details.ParseFromString(client_->details()));
  ASSERT_EQ(details.details_size(), 2);
  EXPECT_EQ(details.details(0).type_url(), "type.googleapis.com/google.rpc.RetryInfo");
  v1::Refusal refusal;
  ASSERT_TRUE(details.details(1).UnpackTo(&refusal));
  EXPECT_EQ(refusal.limit(), "limits.max_waiting");
  EXPECT_GT(refusal.retry_after().seconds() + refusal.retry_after().nanos(), 0);
  // Cancelled in the queue.
  ASSERT_TRUE(client_->Cancel(waiting).ok());
  EXPECT_EQ(Read(*client_, waiting).status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(Status(*client_).queue().waiting(), 0u);
  // A place in the queue gets its turn.
  const uint32_t next = *client_->Start("Generate", PromptRequest("slow", "y", 5));
  ASSERT_TRUE(Until([&] { return Status(*client_).queue().waiting() == 1; }));
  ASSERT_TRUE(client_->Cancel(running).ok());
  EXPECT_EQ(Read(*client_, next).end.usage().completion_tokens(), 5u);
  EXPECT_EQ(Read(*client_, running).status.code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace etd::testing
