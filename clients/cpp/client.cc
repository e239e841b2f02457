#include "clients/cpp/client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grpc/grpc.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/support/channel_arguments.h>
#include <unistd.h>

#include <utility>

#include "clients/cpp/error.h"
#include "clients/cpp/socket.h"
#include "etd/v1/etd.grpc.pb.h"

namespace etd::client {
namespace {

// Once used, gRPC stays set up until the process ends. Otherwise the end of its last object takes it down, which waits
// for a thread of its own: for up to 10 s when a message did not fit into the socket at once.
void KeepGrpc() {
  static const bool kept = (grpc_init(), true);
  (void)kept;
}

}  // namespace

// gRPC is handed a connected socket rather than an address: so what is wrong with the socket is told by the system in
// its own words, at once, and a lost connection is not made again behind the caller's back.
class Client::Connection {
 public:
  // Takes `socket`. `watched` is a second descriptor of it, -1 where there is none.
  Connection(std::string path, int socket, int watched) : path_(std::move(path)), watched_(watched) {
    KeepGrpc();
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);  // outputs of Infer are as large as they are
    stub_ = v1::Etd::NewStub(grpc::CreateCustomInsecureChannelFromFd("etd", socket, arguments));
  }
  ~Connection() {
    // Before gRPC closes its own: only the last descriptor takes the socket out of gRPC's epoll sets.
    if (watched_ >= 0) close(watched_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  v1::Etd::Stub& stub() { return *stub_; }

  absl::Status ToStatus(const grpc::Status& status) const {
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE && watched_ >= 0 && PeerHasGone(watched_)) {
      return ConnectionError(absl::StatusCode::kUnavailable,
                             fmt::format("etd at {} has closed the connection: {}", path_, status.error_message()));
    }
    return StatusFromWire(status.error_code(), status.error_message(), status.error_details());
  }

 private:
  const std::string path_;
  const int watched_;
  std::unique_ptr<v1::Etd::Stub> stub_;
};

template <typename Message>
class Client::CallStream final : public Stream<Message> {
 public:
  explicit CallStream(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  ~CallStream() override {
    if (finished_) return;
    context_.TryCancel();
    // gRPC wants every call finished before its objects go.
    Message message;
    while (reader_->Read(&message)) {
    }
    reader_->Finish();
  }

  template <typename Method, typename Request>
  void Start(Method method, const Request& request) {
    reader_ = (connection_->stub().*method)(&context_, request);
  }

  bool Next(Message* message) override { return reader_->Read(message); }
  absl::Status Finish() override {
    finished_ = true;
    return connection_->ToStatus(reader_->Finish());
  }
  void Cancel() override { context_.TryCancel(); }

 private:
  const std::shared_ptr<Connection> connection_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Message>> reader_;
  bool finished_ = false;
};

template <typename Response, typename Request, typename Method>
absl::StatusOr<Response> Client::Call(const Request& request, Method method) {
  grpc::ClientContext context;
  Response response;
  const grpc::Status status = (connection_->stub().*method)(&context, request, &response);
  if (!status.ok()) return connection_->ToStatus(status);
  return response;
}

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const std::string& path) {
  const absl::StatusOr<int> socket = ConnectSocket(path);
  if (!socket.ok()) return socket.status();
  const int watched = fcntl(*socket, F_DUPFD_CLOEXEC, 0);
  return std::unique_ptr<Client>(new Client(std::make_shared<Connection>(path, *socket, watched)));
}

Client::Client(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
Client::~Client() = default;

std::unique_ptr<Stream<v1::LoadModelResponse>> Client::LoadModel(const v1::LoadModelRequest& request) {
  auto stream = std::make_unique<CallStream<v1::LoadModelResponse>>(connection_);
  stream->Start(&v1::Etd::Stub::LoadModel, request);
  return stream;
}

std::unique_ptr<Stream<v1::GenerateResponse>> Client::Generate(const v1::GenerateRequest& request) {
  auto stream = std::make_unique<CallStream<v1::GenerateResponse>>(connection_);
  stream->Start(&v1::Etd::Stub::Generate, request);
  return stream;
}

absl::StatusOr<v1::UnloadModelResponse> Client::UnloadModel(const v1::UnloadModelRequest& request) {
  return Call<v1::UnloadModelResponse>(request, &v1::Etd::Stub::UnloadModel);
}
absl::StatusOr<v1::ListModelsResponse> Client::ListModels(const v1::ListModelsRequest& request) {
  return Call<v1::ListModelsResponse>(request, &v1::Etd::Stub::ListModels);
}
absl::StatusOr<v1::Model> Client::GetModel(const v1::GetModelRequest& request) {
  return Call<v1::Model>(request, &v1::Etd::Stub::GetModel);
}
absl::StatusOr<v1::InferResponse> Client::Infer(const v1::InferRequest& request) {
  return Call<v1::InferResponse>(request, &v1::Etd::Stub::Infer);
}
absl::StatusOr<v1::TokenizeResponse> Client::Tokenize(const v1::TokenizeRequest& request) {
  return Call<v1::TokenizeResponse>(request, &v1::Etd::Stub::Tokenize);
}
absl::StatusOr<v1::CountTokensResponse> Client::CountTokens(const v1::CountTokensRequest& request) {
  return Call<v1::CountTokensResponse>(request, &v1::Etd::Stub::CountTokens);
}
absl::StatusOr<v1::ListSessionsResponse> Client::ListSessions(const v1::ListSessionsRequest& request) {
  return Call<v1::ListSessionsResponse>(request, &v1::Etd::Stub::ListSessions);
}
absl::StatusOr<v1::DeleteSessionResponse> Client::DeleteSession(const v1::DeleteSessionRequest& request) {
  return Call<v1::DeleteSessionResponse>(request, &v1::Etd::Stub::DeleteSession);
}
absl::StatusOr<v1::ListRequestsResponse> Client::ListRequests(const v1::ListRequestsRequest& request) {
  return Call<v1::ListRequestsResponse>(request, &v1::Etd::Stub::ListRequests);
}
absl::StatusOr<v1::CancelRequestResponse> Client::CancelRequest(const v1::CancelRequestRequest& request) {
  return Call<v1::CancelRequestResponse>(request, &v1::Etd::Stub::CancelRequest);
}
absl::StatusOr<v1::GetStatusResponse> Client::GetStatus(const v1::GetStatusRequest& request) {
  return Call<v1::GetStatusResponse>(request, &v1::Etd::Stub::GetStatus);
}

}  // namespace etd::client
