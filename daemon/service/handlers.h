// Makers of handlers, one for each kind of call. Private to daemon/service.
#ifndef ETD_DAEMON_SERVICE_HANDLERS_H_
#define ETD_DAEMON_SERVICE_HANDLERS_H_

#include <functional>
#include <memory>
#include <utility>

#include "daemon/service/call.h"
#include "daemon/service/service.h"
#include "etd/v1/etd.pb.h"

namespace etd::service {

// Answers a unary call by one function on a worker, which may block for moments.
template <typename Request, typename Response>
class SimpleHandler final : public Handler, public std::enable_shared_from_this<SimpleHandler<Request, Response>> {
 public:
  using Function = absl::Status (*)(Service& service, const auth::Peer& peer, const Request& request,
                                    Response* response);
  SimpleHandler(Service* service, const Request& request, std::shared_ptr<Call> call, Function function)
      : service_(*service), request_(request), call_(std::move(call)), function_(function) {}

  void Start() override {
    service_.parts().workers->Post([self = this->shared_from_this()] {
      auto response = std::make_unique<Response>();
      const absl::Status status = self->function_(self->service_, self->call_->peer(), self->request_, response.get());
      if (status.ok()) self->call_->Write(std::move(response));
      self->call_->Finish(status);
    });
  }
  void OnWritten(bool) override {}
  void OnCancelled() override {}

 private:
  Service& service_;
  const Request& request_;
  const std::shared_ptr<Call> call_;
  const Function function_;
};

std::shared_ptr<Handler> NewGenerateHandler(Service* service, const v1::GenerateRequest& request,
                                            std::shared_ptr<Call> call);
std::shared_ptr<Handler> NewInferHandler(Service* service, const v1::InferRequest& request, std::shared_ptr<Call> call);
std::shared_ptr<Handler> NewLoadModelHandler(Service* service, const v1::LoadModelRequest& request,
                                             std::shared_ptr<Call> call);
std::shared_ptr<Handler> NewUnloadModelHandler(Service* service, const v1::UnloadModelRequest& request,
                                               std::shared_ptr<Call> call);
std::shared_ptr<Handler> NewTokenizeHandler(Service* service, const v1::TokenizeRequest& request,
                                            std::shared_ptr<Call> call);
std::shared_ptr<Handler> NewCountTokensHandler(Service* service, const v1::CountTokensRequest& request,
                                               std::shared_ptr<Call> call);

absl::Status ListModels(Service&, const auth::Peer&, const v1::ListModelsRequest&, v1::ListModelsResponse*);
absl::Status GetModel(Service&, const auth::Peer&, const v1::GetModelRequest&, v1::Model*);
absl::Status ListSessions(Service&, const auth::Peer&, const v1::ListSessionsRequest&, v1::ListSessionsResponse*);
absl::Status DeleteSession(Service&, const auth::Peer&, const v1::DeleteSessionRequest&, v1::DeleteSessionResponse*);
absl::Status ListRequests(Service&, const auth::Peer&, const v1::ListRequestsRequest&, v1::ListRequestsResponse*);
absl::Status CancelRequest(Service&, const auth::Peer&, const v1::CancelRequestRequest&, v1::CancelRequestResponse*);
absl::Status GetStatus(Service&, const auth::Peer&, const v1::GetStatusRequest&, v1::GetStatusResponse*);

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_HANDLERS_H_
