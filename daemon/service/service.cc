#include "daemon/service/service.h"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/service/handlers.h"
#include "etd/v1/etd.pb.h"

namespace etd::service {
namespace {

using google::protobuf::Message;

template <typename Request>
using HandlerMaker = std::shared_ptr<Handler> (*)(Service*, const Request&, std::shared_ptr<Call>);

// A row of the table from a maker that takes the request's own type.
template <typename Request, typename Response, HandlerMaker<Request> kMake>
Method Row(std::string_view name, bool streams) {
  return {.name = name,
          .request = &Request::default_instance(),
          .response = &Response::default_instance(),
          .streams = streams,
          .make = [](Service* service, const Message& request, std::shared_ptr<Call> call) {
            return kMake(service, static_cast<const Request&>(request), std::move(call));
          }};
}

template <typename Request, typename Response, typename SimpleHandler<Request, Response>::Function kFunction>
std::shared_ptr<Handler> MakeSimple(Service* service, const Request& request, std::shared_ptr<Call> call) {
  return std::make_shared<SimpleHandler<Request, Response>>(service, request, std::move(call), kFunction);
}

template <typename Request, typename Response, typename SimpleHandler<Request, Response>::Function kFunction>
Method SimpleRow(std::string_view name) {
  return Row<Request, Response, &MakeSimple<Request, Response, kFunction>>(name, false);
}

}  // namespace

std::span<const Method> Methods() {
  static const std::array<Method, 13> kMethods = {
      Row<v1::LoadModelRequest, v1::LoadModelResponse, &NewLoadModelHandler>("LoadModel", true),
      Row<v1::UnloadModelRequest, v1::UnloadModelResponse, &NewUnloadModelHandler>("UnloadModel", false),
      SimpleRow<v1::ListModelsRequest, v1::ListModelsResponse, &ListModels>("ListModels"),
      SimpleRow<v1::GetModelRequest, v1::Model, &GetModel>("GetModel"),
      Row<v1::GenerateRequest, v1::GenerateResponse, &NewGenerateHandler>("Generate", true),
      Row<v1::InferRequest, v1::InferResponse, &NewInferHandler>("Infer", false),
      Row<v1::TokenizeRequest, v1::TokenizeResponse, &NewTokenizeHandler>("Tokenize", false),
      Row<v1::CountTokensRequest, v1::CountTokensResponse, &NewCountTokensHandler>("CountTokens", false),
      SimpleRow<v1::ListSessionsRequest, v1::ListSessionsResponse, &ListSessions>("ListSessions"),
      SimpleRow<v1::DeleteSessionRequest, v1::DeleteSessionResponse, &DeleteSession>("DeleteSession"),
      SimpleRow<v1::ListRequestsRequest, v1::ListRequestsResponse, &ListRequests>("ListRequests"),
      SimpleRow<v1::CancelRequestRequest, v1::CancelRequestResponse, &CancelRequest>("CancelRequest"),
      SimpleRow<v1::GetStatusRequest, v1::GetStatusResponse, &GetStatus>("GetStatus"),
  };
  return kMethods;
}

const Method* FindMethod(std::string_view name) {
  const std::span<const Method> methods = Methods();
  const auto found = std::find_if(methods.begin(), methods.end(), [&](const Method& m) { return m.name == name; });
  return found == methods.end() ? nullptr : &*found;
}

Service::Service(const ServiceParts& parts, ServiceOptions options, ConnectionStats* connections)
    : parts_(parts), options_(std::move(options)), connections_(connections), started_(parts.clock->Now()) {}

auth::Policy Service::policy() const {
  MutexLock lock(mutex_);
  return policy_;
}

void Service::SetPolicy(const auth::Policy& policy) {
  MutexLock lock(mutex_);
  policy_ = policy;
}

scheduler::Caller Service::CallerOf(const auth::Peer& peer) const {
  return {.tenant = peer.identity.tenant(),
          .uid = peer.identity.uid,
          .gid = peer.identity.gid,
          .pid = static_cast<uint32_t>(peer.pid)};
}

}  // namespace etd::service
