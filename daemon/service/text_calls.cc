// Tokenize and CountTokens.
#include <utility>
#include <vector>

#include "daemon/service/handlers.h"
#include "daemon/service/prompt.h"
#include "runtime/base/status.h"

namespace etd::service {
namespace {

// Gets the model, which may have to be loaded first, then answers by one function on a worker.
template <typename Request, typename Response>
class ModelCallHandler final : public Handler,
                               public std::enable_shared_from_this<ModelCallHandler<Request, Response>> {
 public:
  using Function = absl::Status (*)(Service& service, const models::ResidentModel& model, const Request& request,
                                    Response* response);
  ModelCallHandler(Service* service, const Request& request, std::shared_ptr<Call> call, Function function)
      : service_(*service), request_(request), call_(std::move(call)), function_(function) {}

  void Start() override {
    service_.parts().workers->Post([self = this->shared_from_this()] {
      self->service_.parts().models->Acquire(self->request_.model(), [self](absl::StatusOr<models::ModelUse> use) {
        if (!use.ok()) return self->call_->Finish(use.status());
        self->use_ = *std::move(use);
        self->service_.parts().workers->Post([self] { self->Answer(); });
      });
    });
  }
  void OnWritten(bool) override {}
  void OnCancelled() override {}

 private:
  void Answer() {
    auto response = std::make_unique<Response>();
    const absl::Status status = function_(service_, *use_, request_, response.get());
    use_ = models::ModelUse();
    if (status.ok()) call_->Write(std::move(response));
    call_->Finish(status);
  }

  Service& service_;
  const Request& request_;
  const std::shared_ptr<Call> call_;
  const Function function_;
  models::ModelUse use_;
};

template <typename Request>
absl::StatusOr<std::vector<int32_t>> Encode(const Service& service, const models::ModelText& text,
                                            const Request& request, std::string* rendered) {
  if (request.has_chat()) {
    ETD_ASSIGN_OR_RETURN(*rendered, RenderChat(text, request.chat(), service.parts().clock->WallNow()));
    // The template writes the special tokens itself.
    return text.Encode(*rendered, false);
  }
  return text.Encode(request.text(), !request.has_add_special_tokens() || request.add_special_tokens());
}

absl::Status Tokenize(Service& service, const models::ResidentModel& model, const v1::TokenizeRequest& request,
                      v1::TokenizeResponse* response) {
  ETD_ASSIGN_OR_RETURN(const models::ModelText* text, TextOf(model));
  if (request.has_token_ids()) {
    const auto& ids = request.token_ids().ids();
    const std::span<const int32_t> tokens(ids.data(), static_cast<size_t>(ids.size()));
    response->set_text(text->Decode(tokens, request.skip_special_tokens()));
    return absl::OkStatus();
  }
  ETD_ASSIGN_OR_RETURN(const std::vector<int32_t> ids, Encode(service, *text, request, response->mutable_text()));
  for (const int32_t id : ids) {
    response->add_ids(id);
    response->add_pieces(text->Piece(id));
  }
  return absl::OkStatus();
}

absl::Status CountTokens(Service& service, const models::ResidentModel& model, const v1::CountTokensRequest& request,
                         v1::CountTokensResponse* response) {
  ETD_ASSIGN_OR_RETURN(const models::ModelText* text, TextOf(model));
  std::string rendered;
  ETD_ASSIGN_OR_RETURN(const std::vector<int32_t> ids, Encode(service, *text, request, &rendered));
  response->set_tokens(static_cast<uint32_t>(ids.size()));
  if (model.engine != nullptr) response->set_max_context(model.engine->info().max_context);
  return absl::OkStatus();
}

}  // namespace

std::shared_ptr<Handler> NewTokenizeHandler(Service* service, const v1::TokenizeRequest& request,
                                            std::shared_ptr<Call> call) {
  return std::make_shared<ModelCallHandler<v1::TokenizeRequest, v1::TokenizeResponse>>(service, request,
                                                                                       std::move(call), &Tokenize);
}

std::shared_ptr<Handler> NewCountTokensHandler(Service* service, const v1::CountTokensRequest& request,
                                               std::shared_ptr<Call> call) {
  return std::make_shared<ModelCallHandler<v1::CountTokensRequest, v1::CountTokensResponse>>(
      service, request, std::move(call), &CountTokens);
}

}  // namespace etd::service
