// The calls that the soak makes, over either transport.
#ifndef ETD_TESTS_SOAK_TRANSPORT_H_
#define ETD_TESTS_SOAK_TRANSPORT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "etd/v1/etd.pb.h"

namespace etd::soak {

// One connection, one thread, one stream at a time; other calls may be made while it is open.
class Transport {
 public:
  virtual ~Transport() = default;

  virtual absl::Status StartGenerate(const v1::GenerateRequest& request) = 0;
  // False when the stream has ended, with how in `status`.
  virtual bool Next(v1::GenerateResponse* message, absl::Status* status) = 0;
  virtual void Cancel() = 0;

  virtual absl::Status Load(const v1::LoadModelRequest& request) = 0;
  virtual absl::Status Call(const v1::UnloadModelRequest& request, v1::UnloadModelResponse* response) = 0;
  virtual absl::Status Call(const v1::ListModelsRequest& request, v1::ListModelsResponse* response) = 0;
  virtual absl::Status Call(const v1::GetModelRequest& request, v1::Model* response) = 0;
  virtual absl::Status Call(const v1::InferRequest& request, v1::InferResponse* response) = 0;
  virtual absl::Status Call(const v1::TokenizeRequest& request, v1::TokenizeResponse* response) = 0;
  virtual absl::Status Call(const v1::ListSessionsRequest& request, v1::ListSessionsResponse* response) = 0;
  virtual absl::Status Call(const v1::DeleteSessionRequest& request, v1::DeleteSessionResponse* response) = 0;
  virtual absl::Status Call(const v1::ListRequestsRequest& request, v1::ListRequestsResponse* response) = 0;
  virtual absl::Status Call(const v1::GetStatusRequest& request, v1::GetStatusResponse* response) = 0;
};

absl::StatusOr<std::unique_ptr<Transport>> ConnectFramed(const std::string& socket);
// Only where gRPC is built.
absl::StatusOr<std::unique_ptr<Transport>> ConnectGrpc(const std::string& socket);

}  // namespace etd::soak

#endif  // ETD_TESTS_SOAK_TRANSPORT_H_
