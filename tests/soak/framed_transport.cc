#include <utility>

#include "clients/cpp/framed_client.h"
#include "tests/soak/transport.h"

namespace etd::soak {
namespace {

class FramedTransport final : public Transport {
 public:
  explicit FramedTransport(std::unique_ptr<client::FramedClient> client) : client_(std::move(client)) {}

  absl::Status StartGenerate(const v1::GenerateRequest& request) override {
    const absl::StatusOr<uint32_t> call = client_->Start("Generate", request);
    if (call.ok()) call_ = *call;
    return call.status();
  }
  bool Next(v1::GenerateResponse* message, absl::Status* status) override {
    return client_->Next(call_, message, status);
  }
  // A connection that is gone shows at the next read.
  void Cancel() override { client_->Cancel(call_).IgnoreError(); }

  absl::Status Load(const v1::LoadModelRequest& request) override {
    const absl::StatusOr<uint32_t> call = client_->Start("LoadModel", request);
    if (!call.ok()) return call.status();
    absl::Status status;
    for (v1::LoadModelResponse message; client_->Next(*call, &message, &status);) {
    }
    return status;
  }
  absl::Status Call(const v1::UnloadModelRequest& q, v1::UnloadModelResponse* p) override {
    return client_->Unary("UnloadModel", q, p);
  }
  absl::Status Call(const v1::ListModelsRequest& q, v1::ListModelsResponse* p) override {
    return client_->Unary("ListModels", q, p);
  }
  absl::Status Call(const v1::GetModelRequest& q, v1::Model* p) override { return client_->Unary("GetModel", q, p); }
  absl::Status Call(const v1::InferRequest& q, v1::InferResponse* p) override { return client_->Unary("Infer", q, p); }
  absl::Status Call(const v1::TokenizeRequest& q, v1::TokenizeResponse* p) override {
    return client_->Unary("Tokenize", q, p);
  }
  absl::Status Call(const v1::ListSessionsRequest& q, v1::ListSessionsResponse* p) override {
    return client_->Unary("ListSessions", q, p);
  }
  absl::Status Call(const v1::DeleteSessionRequest& q, v1::DeleteSessionResponse* p) override {
    return client_->Unary("DeleteSession", q, p);
  }
  absl::Status Call(const v1::ListRequestsRequest& q, v1::ListRequestsResponse* p) override {
    return client_->Unary("ListRequests", q, p);
  }
  absl::Status Call(const v1::GetStatusRequest& q, v1::GetStatusResponse* p) override {
    return client_->Unary("GetStatus", q, p);
  }

 private:
  const std::unique_ptr<client::FramedClient> client_;
  uint32_t call_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> ConnectFramed(const std::string& socket) {
  absl::StatusOr<std::unique_ptr<client::FramedClient>> client = client::FramedClient::Connect(socket);
  if (!client.ok()) return client.status();
  return std::make_unique<FramedTransport>(*std::move(client));
}

}  // namespace etd::soak
