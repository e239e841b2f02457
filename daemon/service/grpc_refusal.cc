#include "daemon/service/grpc_refusal.h"

#include <fcntl.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/server_posix.h>

#include <chrono>
#include <utility>

#include "daemon/service/convert.h"
#include "runtime/base/status.h"

namespace etd::service {
namespace {

constexpr size_t kMaxAtOnce = 16;
constexpr int kMillisToAsk = 1000;    // until such a connection is told to go
constexpr int kMillisToLeave = 1000;  // until it is closed then

// Ends every call, whatever its method.
class RefusingService final : public grpc::CallbackGenericService {
 public:
  explicit RefusingService(const absl::Status& status)
      : status_(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()), ErrorDetails(status)) {}

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    class Reactor final : public grpc::ServerGenericBidiReactor {
     public:
      explicit Reactor(const grpc::Status& status) { Finish(status); }
      void OnDone() override { delete this; }
    };
    return new Reactor(status_);
  }

 private:
  const grpc::Status status_;
};

}  // namespace

struct GrpcRefusals::Refuser {
  explicit Refuser(const absl::Status& status) : service(status) {}
  RefusingService service;
  std::unique_ptr<grpc::Server> server;
};

GrpcRefusals::GrpcRefusals(EventLoop* loop) : loop_(loop) {}

GrpcRefusals::~GrpcRefusals() {
  for (const auto& [why, refuser] : refusers_) refuser->server->Shutdown(std::chrono::system_clock::now());
}

GrpcRefusals::Refuser* GrpcRefusals::RefuserOf(std::string_view why) {
  const auto found = refusers_.find(why);
  if (found != refusers_.end()) return found->second.get();
  auto refuser = std::make_unique<Refuser>(absl::ResourceExhaustedError(ToAbsl(why)));
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&refuser->service);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, kMillisToAsk);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, kMillisToLeave);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kMillisToAsk);
  refuser->server = builder.BuildAndStart();
  if (refuser->server == nullptr) return nullptr;
  return refusers_.emplace(why, std::move(refuser)).first->second.get();
}

bool GrpcRefusals::Answer(int socket, std::string_view why) {
  if (open_.size() >= kMaxAtOnce) return false;
  // One for gRPC, and one that nobody reads, by which we learn of the end.
  UniqueFd served(fcntl(socket, F_DUPFD_CLOEXEC, 0));
  UniqueFd watch(fcntl(socket, F_DUPFD_CLOEXEC, 0));
  Refuser* refuser = served.valid() && watch.valid() ? RefuserOf(why) : nullptr;
  if (refuser == nullptr) return false;
  const int fd = watch.get();
  open_.emplace(fd, std::move(watch));
  loop_->Watch(fd, 0, [this, fd](uint32_t) {
    loop_->Unwatch(fd);
    open_.erase(fd);
  });
  grpc::AddInsecureChannelFromFd(refuser->server.get(), served.Release());
  return true;
}

}  // namespace etd::service
