// The gRPC face of the service for one identity. Private to daemon/service.
#ifndef ETD_DAEMON_SERVICE_GRPC_SERVICE_H_
#define ETD_DAEMON_SERVICE_GRPC_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <map>
#include <string_view>

#include "daemon/auth/identity.h"
#include "daemon/service/service.h"
#include "etd/v1/etd.grpc.pb.h"
#include "runtime/base/mutex.h"

namespace etd::service {

// Thread-safe. Every call that arrives here is the identity's.
class GrpcService final : public v1::Etd::CallbackService {
 public:
  // The base class has a nested type of the same name as ours.
  using Target = service::Service;
  GrpcService(Target* target, const auth::Identity& identity) : service_(*target), identity_(identity) {}

  // Remembers who opened a connection, for lists. Pids are looked up by the connection's name, which may be reused:
  // nothing is decided by them.
  void NotePid(int socket, pid_t pid);

  using Context = grpc::CallbackServerContext;
  template <typename Response>
  using Stream = grpc::ServerWriteReactor<Response>;
  using Unary = grpc::ServerUnaryReactor;

  Stream<v1::LoadModelResponse>* LoadModel(Context* c, const v1::LoadModelRequest* q) override;
  Stream<v1::GenerateResponse>* Generate(Context* c, const v1::GenerateRequest* q) override;
  Unary* UnloadModel(Context* c, const v1::UnloadModelRequest* q, v1::UnloadModelResponse* p) override;
  Unary* ListModels(Context* c, const v1::ListModelsRequest* q, v1::ListModelsResponse* p) override;
  Unary* GetModel(Context* c, const v1::GetModelRequest* q, v1::Model* p) override;
  Unary* Infer(Context* c, const v1::InferRequest* q, v1::InferResponse* p) override;
  Unary* Tokenize(Context* c, const v1::TokenizeRequest* q, v1::TokenizeResponse* p) override;
  Unary* CountTokens(Context* c, const v1::CountTokensRequest* q, v1::CountTokensResponse* p) override;
  Unary* ListSessions(Context* c, const v1::ListSessionsRequest* q, v1::ListSessionsResponse* p) override;
  Unary* DeleteSession(Context* c, const v1::DeleteSessionRequest* q, v1::DeleteSessionResponse* p) override;
  Unary* ListRequests(Context* c, const v1::ListRequestsRequest* q, v1::ListRequestsResponse* p) override;
  Unary* CancelRequest(Context* c, const v1::CancelRequestRequest* q, v1::CancelRequestResponse* p) override;
  Unary* GetStatus(Context* c, const v1::GetStatusRequest* q, v1::GetStatusResponse* p) override;

 private:
  auth::Peer PeerOf(const Context& context) const;
  template <typename Request, typename Response>
  Unary* Answer(std::string_view method, Context* context, const Request* request, Response* response);
  template <typename Request, typename Response>
  Stream<Response>* Answer(std::string_view method, Context* context, const Request* request);

  Target& service_;
  const auth::Identity identity_;
  mutable Mutex mutex_;
  std::map<int, pid_t> pids_ ETD_GUARDED_BY(mutex_);  // by the descriptor's number
};

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_GRPC_SERVICE_H_
