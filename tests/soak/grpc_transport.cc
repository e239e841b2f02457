#include <utility>

#include "clients/cpp/client.h"
#include "tests/soak/transport.h"

namespace etd::soak {
namespace {

class GrpcTransport final : public Transport {
 public:
  explicit GrpcTransport(std::unique_ptr<client::Client> client) : client_(std::move(client)) {}

  absl::Status StartGenerate(const v1::GenerateRequest& request) override {
    stream_ = client_->Generate(request);
    return absl::OkStatus();
  }
  bool Next(v1::GenerateResponse* message, absl::Status* status) override {
    if (stream_->Next(message)) return true;
    *status = stream_->Finish();
    stream_.reset();
    return false;
  }
  void Cancel() override { stream_->Cancel(); }

  absl::Status Load(const v1::LoadModelRequest& request) override {
    const auto stream = client_->LoadModel(request);
    for (v1::LoadModelResponse message; stream->Next(&message);) {
    }
    return stream->Finish();
  }
  absl::Status Call(const v1::UnloadModelRequest& q, v1::UnloadModelResponse* p) override {
    return Take(client_->UnloadModel(q), p);
  }
  absl::Status Call(const v1::ListModelsRequest& q, v1::ListModelsResponse* p) override {
    return Take(client_->ListModels(q), p);
  }
  absl::Status Call(const v1::GetModelRequest& q, v1::Model* p) override { return Take(client_->GetModel(q), p); }
  absl::Status Call(const v1::InferRequest& q, v1::InferResponse* p) override { return Take(client_->Infer(q), p); }
  absl::Status Call(const v1::TokenizeRequest& q, v1::TokenizeResponse* p) override {
    return Take(client_->Tokenize(q), p);
  }
  absl::Status Call(const v1::ListSessionsRequest& q, v1::ListSessionsResponse* p) override {
    return Take(client_->ListSessions(q), p);
  }
  absl::Status Call(const v1::DeleteSessionRequest& q, v1::DeleteSessionResponse* p) override {
    return Take(client_->DeleteSession(q), p);
  }
  absl::Status Call(const v1::ListRequestsRequest& q, v1::ListRequestsResponse* p) override {
    return Take(client_->ListRequests(q), p);
  }
  absl::Status Call(const v1::GetStatusRequest& q, v1::GetStatusResponse* p) override {
    return Take(client_->GetStatus(q), p);
  }

 private:
  template <typename Response>
  static absl::Status Take(absl::StatusOr<Response> result, Response* response) {
    if (!result.ok()) return result.status();
    *response = *std::move(result);
    return absl::OkStatus();
  }

  const std::unique_ptr<client::Client> client_;
  std::unique_ptr<client::Stream<v1::GenerateResponse>> stream_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> ConnectGrpc(const std::string& socket) {
  absl::StatusOr<std::unique_ptr<client::Client>> client = client::Client::Connect(socket);
  if (!client.ok()) return client.status();
  return std::make_unique<GrpcTransport>(*std::move(client));
}

}  // namespace etd::soak
