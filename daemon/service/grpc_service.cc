#include "daemon/service/grpc_service.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/service/convert.h"
#include "runtime/base/status.h"

namespace etd::service {
namespace {

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(ToStd(status.message())),
                      ErrorDetails(status));
}

std::optional<TimePoint> DeadlineOf(const grpc::CallbackServerContext& context, const Clock& clock) {
  const auto deadline = context.deadline();
  const auto left = deadline - std::chrono::system_clock::now();
  if (left > std::chrono::hours(24 * 365)) return std::nullopt;
  return clock.Now() + std::chrono::duration_cast<Duration>(left);
}

// What both kinds of call have: the peer, the deadline and the handler.
class CallState {
 public:
  CallState(const auth::Peer& peer, std::optional<TimePoint> deadline) : peer_(peer), deadline_(deadline) {}

 protected:
  auth::Peer peer_;
  std::optional<TimePoint> deadline_;
  std::shared_ptr<Handler> handler_;
};

// The reactors keep themselves alive until gRPC says that the call is over.
template <typename Response>
class StreamCall final : public grpc::ServerWriteReactor<Response>, public Call, public CallState {
 public:
  using CallState::CallState;

  static StreamCall* Begin(Service* service, const Method& method, const google::protobuf::Message& request,
                           const auth::Peer& peer, std::optional<TimePoint> deadline) {
    auto call = std::make_shared<StreamCall>(peer, deadline);
    call->self_ = call;
    call->handler_ = method.make(service, request, call);
    call->handler_->Start();
    return call.get();
  }

  const auth::Peer& peer() const override { return peer_; }
  std::optional<TimePoint> deadline() const override { return deadline_; }
  void Write(std::unique_ptr<google::protobuf::Message> message) override {
    message_ = std::move(message);
    this->StartWrite(static_cast<const Response*>(message_.get()));
  }
  void Finish(const absl::Status& status) override { grpc::ServerWriteReactor<Response>::Finish(ToGrpc(status)); }

  void OnWriteDone(bool ok) override { handler_->OnWritten(ok); }
  void OnCancel() override { handler_->OnCancelled(); }
  void OnDone() override {
    const std::shared_ptr<StreamCall> self = std::move(self_);
    handler_.reset();
  }

 private:
  std::shared_ptr<StreamCall> self_;
  std::unique_ptr<google::protobuf::Message> message_;
};

template <typename Response>
class UnaryCall final : public grpc::ServerUnaryReactor, public Call, public CallState {
 public:
  UnaryCall(const auth::Peer& peer, std::optional<TimePoint> deadline, Response* response)
      : CallState(peer, deadline), response_(response) {}

  static UnaryCall* Begin(Service* service, const Method& method, const google::protobuf::Message& request,
                          Response* response, const auth::Peer& peer, std::optional<TimePoint> deadline) {
    auto call = std::make_shared<UnaryCall>(peer, deadline, response);
    call->self_ = call;
    call->handler_ = method.make(service, request, call);
    call->handler_->Start();
    return call.get();
  }

  const auth::Peer& peer() const override { return peer_; }
  std::optional<TimePoint> deadline() const override { return deadline_; }
  void Write(std::unique_ptr<google::protobuf::Message> message) override {
    response_->Swap(static_cast<Response*>(message.get()));
  }
  void Finish(const absl::Status& status) override { grpc::ServerUnaryReactor::Finish(ToGrpc(status)); }

  void OnCancel() override { handler_->OnCancelled(); }
  void OnDone() override {
    const std::shared_ptr<UnaryCall> self = std::move(self_);
    handler_.reset();
  }

 private:
  Response* const response_;
  std::shared_ptr<UnaryCall> self_;
};

}  // namespace

void GrpcService::NotePid(int socket, pid_t pid) {
  MutexLock lock(mutex_);
  pids_[socket] = pid;
}

auth::Peer GrpcService::PeerOf(const Context& context) const {
  auth::Peer peer{.identity = identity_, .pid = 0};
  const std::string name = context.peer();  // "fd:12"
  int fd = -1;
  const size_t colon = name.rfind(':');
  if (colon != std::string::npos) std::from_chars(name.data() + colon + 1, name.data() + name.size(), fd);
  MutexLock lock(mutex_);
  const auto found = pids_.find(fd);
  if (found != pids_.end()) peer.pid = found->second;
  return peer;
}

template <typename Request, typename Response>
GrpcService::Unary* GrpcService::Answer(std::string_view method, Context* context, const Request* request,
                                        Response* response) {
  return UnaryCall<Response>::Begin(&service_, *FindMethod(method), *request, response, PeerOf(*context),
                                    DeadlineOf(*context, *service_.parts().clock));
}

template <typename Request, typename Response>
GrpcService::Stream<Response>* GrpcService::Answer(std::string_view method, Context* context, const Request* request) {
  return StreamCall<Response>::Begin(&service_, *FindMethod(method), *request, PeerOf(*context),
                                     DeadlineOf(*context, *service_.parts().clock));
}

GrpcService::Stream<v1::LoadModelResponse>* GrpcService::LoadModel(Context* c, const v1::LoadModelRequest* q) {
  return Answer<v1::LoadModelRequest, v1::LoadModelResponse>("LoadModel", c, q);
}
GrpcService::Stream<v1::GenerateResponse>* GrpcService::Generate(Context* c, const v1::GenerateRequest* q) {
  return Answer<v1::GenerateRequest, v1::GenerateResponse>("Generate", c, q);
}
GrpcService::Unary* GrpcService::UnloadModel(Context* c, const v1::UnloadModelRequest* q, v1::UnloadModelResponse* p) {
  return Answer("UnloadModel", c, q, p);
}
GrpcService::Unary* GrpcService::ListModels(Context* c, const v1::ListModelsRequest* q, v1::ListModelsResponse* p) {
  return Answer("ListModels", c, q, p);
}
GrpcService::Unary* GrpcService::GetModel(Context* c, const v1::GetModelRequest* q, v1::Model* p) {
  return Answer("GetModel", c, q, p);
}
GrpcService::Unary* GrpcService::Infer(Context* c, const v1::InferRequest* q, v1::InferResponse* p) {
  return Answer("Infer", c, q, p);
}
GrpcService::Unary* GrpcService::Tokenize(Context* c, const v1::TokenizeRequest* q, v1::TokenizeResponse* p) {
  return Answer("Tokenize", c, q, p);
}
GrpcService::Unary* GrpcService::CountTokens(Context* c, const v1::CountTokensRequest* q, v1::CountTokensResponse* p) {
  return Answer("CountTokens", c, q, p);
}
GrpcService::Unary* GrpcService::ListSessions(Context* c, const v1::ListSessionsRequest* q,
                                              v1::ListSessionsResponse* p) {
  return Answer("ListSessions", c, q, p);
}
GrpcService::Unary* GrpcService::DeleteSession(Context* c, const v1::DeleteSessionRequest* q,
                                               v1::DeleteSessionResponse* p) {
  return Answer("DeleteSession", c, q, p);
}
GrpcService::Unary* GrpcService::ListRequests(Context* c, const v1::ListRequestsRequest* q,
                                              v1::ListRequestsResponse* p) {
  return Answer("ListRequests", c, q, p);
}
GrpcService::Unary* GrpcService::CancelRequest(Context* c, const v1::CancelRequestRequest* q,
                                               v1::CancelRequestResponse* p) {
  return Answer("CancelRequest", c, q, p);
}
GrpcService::Unary* GrpcService::GetStatus(Context* c, const v1::GetStatusRequest* q, v1::GetStatusResponse* p) {
  return Answer("GetStatus", c, q, p);
}

}  // namespace etd::service
