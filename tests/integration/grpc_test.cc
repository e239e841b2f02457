// The same service over gRPC: what it says is what frames say; health, reflection, TCP, large messages.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "etd/v1/etd.grpc.pb.h"
#include "gtest/gtest.h"
#include "tests/integration/daemon_fixture.h"

namespace etd::testing {
namespace {

std::shared_ptr<grpc::Channel> Open(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  // A connection of its own for each channel.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

int ThreadsOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("Threads:")) return std::stoi(line.substr(8));
  }
  return 0;
}

class GrpcTest : public ::testing::Test {
 protected:
  explicit GrpcTest(const std::string& settings = "") : daemon_(settings) {}
  void SetUp() override {
    frames_ = daemon_.Connect();
    Load(*frames_, daemon_.MakeModel("m"), "m");
    Load(*frames_, daemon_.MakeModel("slow", R"({"token_micros": 2000})"), "slow");
    stub_ = v1::Etd::NewStub(Open("unix:" + daemon_.socket()));
  }
  Answer Stream(const v1::GenerateRequest& request) {
    grpc::ClientContext context;
    const auto reader = stub_->Generate(&context, request);
    Answer answer;
    v1::GenerateResponse message;
    while (reader->Read(&message)) {
      ++answer.messages;
      if (message.has_started()) answer.started = message.started();
      answer.text += message.text();
      if (message.has_end()) answer.end = message.end();
    }
    const grpc::Status status = reader->Finish();
    details_ = status.error_details();
    answer.status = absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
    return answer;
  }
  DaemonProcess daemon_;
  std::unique_ptr<client::FramedClient> frames_;
  std::unique_ptr<v1::Etd::Stub> stub_;
  std::string details_;
};

TEST_F(GrpcTest, SaysWhatFramesSay) {
  v1::GenerateRequest request = PromptRequest("m", "hello", 500);
  const Answer here = Stream(request);
  const Answer there = Generate(*frames_, request);
  ASSERT_TRUE(here.status.ok()) << here.status;
  EXPECT_EQ(here.text, there.text);
  EXPECT_EQ(here.end.usage().SerializeAsString(), there.end.usage().SerializeAsString());
  request.set_model("nobody");
  EXPECT_EQ(Stream(request).status, Generate(*frames_, request).status);
  request.set_model("m");
  request.mutable_sampling()->set_temperature(-1);
  EXPECT_EQ(Stream(request).status, Generate(*frames_, request).status);
}

TEST_F(GrpcTest, EveryMethodAnswers) {
  grpc::ClientContext contexts[8];
  v1::Model model;
  v1::GetModelRequest get;
  get.set_model("m");
  EXPECT_TRUE(stub_->GetModel(&contexts[0], get, &model).ok());
  EXPECT_EQ(model.methods_size(), 3);
  v1::ListModelsResponse models;
  EXPECT_TRUE(stub_->ListModels(&contexts[1], v1::ListModelsRequest(), &models).ok());
  EXPECT_EQ(models.models_size(), 2);
  v1::GetStatusResponse status;
  EXPECT_TRUE(stub_->GetStatus(&contexts[2], v1::GetStatusRequest(), &status).ok());
  EXPECT_EQ(status.pid(), static_cast<uint32_t>(daemon_.pid()));
  EXPECT_EQ(status.caller().tenant(), "uid:" + std::to_string(geteuid()));
  EXPECT_EQ(status.connections(), 2u);
  v1::TokenizeRequest tokenize;
  tokenize.set_model("m");
  tokenize.set_text("hi");
  v1::TokenizeResponse tokens;
  EXPECT_TRUE(stub_->Tokenize(&contexts[3], tokenize, &tokens).ok());
  EXPECT_EQ(tokens.ids_size(), 3);
  v1::ListSessionsResponse sessions;
  EXPECT_TRUE(stub_->ListSessions(&contexts[4], v1::ListSessionsRequest(), &sessions).ok());
  v1::ListRequestsResponse requests;
  EXPECT_TRUE(stub_->ListRequests(&contexts[5], v1::ListRequestsRequest(), &requests).ok());
}

TEST_F(GrpcTest, TensorsOfAnySize) {
  v1::InferRequest request;
  request.set_model("m");
  v1::Tensor* tensor = request.add_inputs()->mutable_tensor();
  tensor->set_dtype(v1::DATA_TYPE_UINT8);
  tensor->add_shape(40 << 20);
  tensor->set_data(std::string(size_t{40} << 20, '\x05'));
  grpc::ClientContext context;
  v1::InferResponse response;
  const grpc::Status status = stub_->Infer(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.outputs(0).tensor().data(), tensor->data());
}

TEST_F(GrpcTest, CancelDeadlineAndDisconnectEndTheRequest) {
  const auto nothing_runs = [&] { return Status(*frames_).queue().running() == 0; };
  v1::GenerateResponse message;
  {
    grpc::ClientContext context;
    const auto reader = stub_->Generate(&context, PromptRequest("slow", "x", 4000));
    ASSERT_TRUE(reader->Read(&message));
    EXPECT_FALSE(nothing_runs());
    v1::ListRequestsResponse requests;
    ASSERT_TRUE(frames_->Unary("ListRequests", v1::ListRequestsRequest(), &requests).ok());
    EXPECT_EQ(requests.requests(0).pid(), static_cast<uint32_t>(getpid()));
    context.TryCancel();
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
    EXPECT_TRUE(Until(nothing_runs));
  }
  {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
    const auto reader = stub_->Generate(&context, PromptRequest("slow", "x", 4000));
    while (reader->Read(&message)) {
    }
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    EXPECT_TRUE(Until(nothing_runs));
  }
  {
    auto channel = Open("unix:" + daemon_.socket());
    auto stub = v1::Etd::NewStub(channel);
    grpc::ClientContext context;
    auto reader = stub->Generate(&context, PromptRequest("slow", "x", 4000));
    ASSERT_TRUE(reader->Read(&message));
    context.TryCancel();
    reader->Finish();
  }
  EXPECT_TRUE(Until(nothing_runs));
  EXPECT_TRUE(Until([&] { return Status(*frames_).connections() == 2; })) << "the closed connection is not counted";
}

TEST_F(GrpcTest, KilledClientEndsItsRequest) {
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  // A client in a process of its own, which never touched gRPC before: frames.
  const pid_t child = fork();
  if (child == 0) {
    const auto client = client::FramedClient::Connect(daemon_.framed_socket());
    const uint32_t call = *(*client)->Start("Generate", PromptRequest("slow", "x", 4000));
    v1::GenerateResponse message;
    absl::Status status;
    (*client)->Next(call, &message, &status);
    [[maybe_unused]] const ssize_t put = write(pipe_fds[1], "x", 1);
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(pipe_fds[0], &byte, 1), 1);
  EXPECT_EQ(Status(*frames_).queue().running(), 1u);
  kill(child, SIGKILL);
  EXPECT_TRUE(Until([&] { return Status(*frames_).queue().running() == 0; }));
  EXPECT_EQ(Status(*frames_).counters().requests_cancelled(), 1u);
}

// One message there and one back, of any method.
std::string RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                    const std::string& bytes) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  EXPECT_TRUE(wait());
  const grpc::Slice slice(bytes);
  call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
  EXPECT_TRUE(wait());
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  const bool read = wait();
  grpc::Status status;
  call->Finish(&status, nullptr);
  EXPECT_TRUE(wait());
  EXPECT_TRUE(read) << method << ": " << status.error_message();
  grpc::Slice whole;
  if (!answer.DumpToSingleSlice(&whole).ok()) return "";
  return std::string(reinterpret_cast<const char*>(whole.begin()), whole.size());
}

TEST_F(GrpcTest, HealthAndReflection) {
  const auto channel = Open("unix:" + daemon_.socket());
  // HealthCheckRequest is empty for the server as a whole; field 1 of the response is the status, 1 is SERVING.
  EXPECT_EQ(RawCall(channel, "/grpc.health.v1.Health/Check", ""), "\x08\x01");
  // ServerReflectionRequest: field 7, list_services.
  const std::string services =
      RawCall(channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", std::string("\x3a\x00", 2));
  EXPECT_NE(services.find("etd.v1.Etd"), std::string::npos);
  EXPECT_NE(services.find("grpc.health.v1.Health"), std::string::npos);
}

TEST_F(GrpcTest, SlowReaderPausesOnlyItself) {
  v1::GenerateRequest request = PromptRequest("m", "slow", 4000);
  request.set_logprobs(20);
  grpc::ClientContext context;
  const auto reader = stub_->Generate(&context, request);
  EXPECT_EQ(Generate(*frames_, PromptRequest("m", "quick", 2000)).end.usage().completion_tokens(), 2000u);
  ASSERT_TRUE(Until([&] {
    v1::ListRequestsResponse requests;
    EXPECT_TRUE(frames_->Unary("ListRequests", v1::ListRequestsRequest(), &requests).ok());
    return requests.requests_size() == 1 && requests.requests(0).state() == v1::REQUEST_STATE_STALLED;
  }));
  v1::GenerateResponse message;
  uint32_t tokens = 0;
  while (reader->Read(&message)) tokens += static_cast<uint32_t>(message.logprobs_size());
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(tokens, 4000u);
}

TEST_F(GrpcTest, ConnectionsCostNoThreads) {
  grpc::ClientContext first;
  v1::GetStatusResponse response;
  ASSERT_TRUE(stub_->GetStatus(&first, v1::GetStatusRequest(), &response).ok());
  const int before = ThreadsOf(daemon_.pid());
  std::vector<std::unique_ptr<v1::Etd::Stub>> stubs;
  for (int i = 0; i < 20; ++i) {
    stubs.push_back(v1::Etd::NewStub(Open("unix:" + daemon_.socket())));
    grpc::ClientContext context;
    ASSERT_TRUE(stubs.back()->GetStatus(&context, v1::GetStatusRequest(), &response).ok());
  }
  EXPECT_EQ(response.connections(), 22u);
  EXPECT_LE(ThreadsOf(daemon_.pid()), before + 4);
}

class GrpcTcpTest : public GrpcTest {
 protected:
  GrpcTcpTest() : GrpcTest("tcp.listen = \"127.0.0.1:0\"") {}
};

TEST_F(GrpcTcpTest, TcpIsOneTenantWithoutRights) {
  const std::string log = daemon_.Log();
  const size_t at = log.find("gRPC on port ");
  ASSERT_NE(at, std::string::npos) << log;
  const int port = std::stoi(log.substr(at + 13));
  const auto stub = v1::Etd::NewStub(Open("127.0.0.1:" + std::to_string(port)));
  grpc::ClientContext context;
  v1::GetStatusResponse status;
  ASSERT_TRUE(stub->GetStatus(&context, v1::GetStatusRequest(), &status).ok());
  EXPECT_EQ(status.caller().tenant(), "tcp");
  EXPECT_FALSE(status.caller().administrator());
  grpc::ClientContext unload;
  v1::UnloadModelRequest request;
  request.set_model("m");
  v1::UnloadModelResponse response;
  EXPECT_EQ(stub->UnloadModel(&unload, request, &response).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

class GrpcConnectionsTest : public GrpcTest {
 protected:
  GrpcConnectionsTest() : GrpcTest("limits.max_connections_per_user = 2") {}
};

TEST_F(GrpcConnectionsTest, RefusedOnesAreToldWhy) {
  v1::GetStatusResponse response;
  {
    grpc::ClientContext first;  // holds the channel as long as it lives
    ASSERT_TRUE(stub_->GetStatus(&first, v1::GetStatusRequest(), &response).ok());
  }
  // With the framed one that makes two.
  const auto third = v1::Etd::NewStub(Open("unix:" + daemon_.socket()));
  for (int i = 0; i < 3; ++i) {
    grpc::ClientContext context;
    const grpc::Status status = third->GetStatus(&context, v1::GetStatusRequest(), &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
    EXPECT_NE(status.error_message().find("limits.max_connections_per_user"), std::string::npos);
  }
  // A stream is a call like others.
  grpc::ClientContext stream;
  const auto reader = third->Generate(&stream, PromptRequest("m", "x", 5));
  v1::GenerateResponse message;
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Status(*frames_).connections(), 2u);
  // When there is room again the same channel is served, once its refused connection has gone.
  stub_.reset();
  EXPECT_TRUE(Until([&] {
    grpc::ClientContext context;
    return third->GetStatus(&context, v1::GetStatusRequest(), &response).ok();
  }));
}

TEST_F(GrpcConnectionsTest, ManyRefusedOnesDoNotPileUp) {
  const auto descriptors = [&] {
    const std::filesystem::directory_iterator all("/proc/" + std::to_string(daemon_.pid()) + "/fd");
    return std::distance(begin(all), end(all));
  };
  v1::GetStatusResponse response;
  grpc::ClientContext first;
  ASSERT_TRUE(stub_->GetStatus(&first, v1::GetStatusRequest(), &response).ok());
  std::vector<UniqueFd> sockets;
  for (int i = 0; i < 100; ++i) {
    sockets.emplace_back(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_TRUE(ConnectTo(sockets.back().get(), daemon_.socket()));
  }
  ASSERT_TRUE(Until([&] { return Status(*frames_).counters().connections_refused() == 100u; }));
  EXPECT_LT(descriptors(), 100);
  const auto before = descriptors();
  sockets.clear();
  EXPECT_TRUE(Until([&] { return descriptors() < before; }));
  EXPECT_EQ(Status(*frames_).connections(), 2u);
}

class GrpcQueueTest : public GrpcTest {
 protected:
  GrpcQueueTest() : GrpcTest("limits.max_running = 1\nlimits.max_waiting = 0") {}
};

TEST_F(GrpcQueueTest, RefusalHasDetails) {
  const uint32_t running = *frames_->Start("Generate", PromptRequest("slow", "x", 4000));
  v1::GenerateResponse message;
  absl::Status status;
  ASSERT_TRUE(frames_->Next(running, &message, &status));
  const Answer answer = Stream(PromptRequest("m", "x", 5));
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kResourceExhausted);
  v1::ErrorStatus details;
  ASSERT_TRUE(details.ParseFromString(details_));
  EXPECT_EQ(details.code(), 8);
  EXPECT_EQ(details.details_size(), 2);
}

}  // namespace
}  // namespace etd::testing
