// Loading, unloading and listing models.
#include <atomic>
#include <deque>
#include <optional>
#include <utility>

#include <spdlog/spdlog.h>

#include "daemon/auth/file_access.h"
#include "daemon/service/convert.h"
#include "daemon/service/handlers.h"
#include "runtime/base/mutex.h"
#include "runtime/base/status.h"

namespace etd::service {
namespace {

absl::Status CheckAdministrator(const Service& service, const auth::Peer& peer) {
  if (service.IsAdministrator(peer.identity)) return absl::OkStatus();
  return PermissionDenied("{} may not load or unload models; only root, the daemon's user and the admin group "
                          "(access.admin_group) may",
                          peer.identity.tenant());
}

std::string_view ErrorText(const absl::Status& status) { return ToStd(status.message()); }

// Streams a load's progress, leaving steps out when the client reads slowly.
class LoadModelHandler final : public Handler, public std::enable_shared_from_this<LoadModelHandler> {
 public:
  LoadModelHandler(Service* service, const v1::LoadModelRequest& request, std::shared_ptr<Call> call)
      : service_(*service), request_(request), call_(std::move(call)) {}

  void Start() override {
    service_.parts().workers->Post([self = shared_from_this()] { self->Load(); });
  }

  void OnWritten(bool) override {
    std::unique_ptr<v1::LoadModelResponse> next;
    std::optional<absl::Status> end;
    {
      MutexLock lock(mutex_);
      writing_ = false;
      if (progress_ != nullptr) {
        next = std::move(progress_);
      } else if (last_ != nullptr) {
        next = std::move(last_);
      } else if (finish_) {
        end = std::exchange(finish_, std::nullopt);
      }
      writing_ = next != nullptr;
    }
    if (next != nullptr) call_->Write(std::move(next));
    if (end) call_->Finish(*end);
  }

  // A load that others wait for goes on.
  void OnCancelled() override {
    cancelled_ = true;
    service_.parts().models->DropUnwanted();
  }

 private:
  void Load() {
    const auth::Peer& peer = call_->peer();
    if (const absl::Status status = CheckAdministrator(service_, peer); !status.ok()) return Done(status, {});
    models::LoadRequest load;
    load.path = request_.path();
    load.name = request_.name();
    if (request_.has_keep_alive()) load.keep_alive = FromProto(request_.keep_alive());
    load.open = [&peer](const std::string& path) { return auth::OpenForCaller(path, peer.identity); };
    load.wanted = [self = shared_from_this()] { return !self->cancelled_; };
    spdlog::info("load of {} asked for by {}", load.path, peer.identity.tenant());
    service_.parts().models->Load(
        load, [self = shared_from_this()](std::string_view stage, uint64_t done, uint64_t total) {
          self->Progress(stage, done, total);
        },
        [self = shared_from_this()](absl::StatusOr<models::ModelUse> use) {
          if (!use.ok()) return self->Done(use.status(), {});
          self->Done(absl::OkStatus(), *std::move(use));
        });
  }

  void Progress(std::string_view stage, uint64_t done, uint64_t total) {
    auto message = std::make_unique<v1::LoadModelResponse>();
    message->mutable_progress()->set_stage(std::string(stage));
    message->mutable_progress()->set_completed(done);
    message->mutable_progress()->set_total(total);
    {
      MutexLock lock(mutex_);
      if (last_ != nullptr || finish_) return;
      if (writing_) {
        progress_ = std::move(message);  // replaces a step that was not sent yet
        return;
      }
      writing_ = true;
    }
    call_->Write(std::move(message));
  }

  void Done(const absl::Status& status, models::ModelUse use) {
    std::unique_ptr<v1::LoadModelResponse> message;
    if (status.ok()) {
      spdlog::info("model '{}' is ready: {}", use->name, use->path);
      message = std::make_unique<v1::LoadModelResponse>();
      const std::string name = use->name;
      use = models::ModelUse();
      // Whoever went away before the end counts on nothing.
      if (cancelled_) service_.parts().models->Unload(name, false, [](const auto&) {});
      const absl::StatusOr<models::ModelView> view = service_.parts().models->Get(name);
      if (view.ok()) ToProto(*view, message->mutable_model());
    } else {
      spdlog::warn("load of {} failed: {}", request_.path(), ErrorText(status));
    }
    {
      MutexLock lock(mutex_);
      finish_ = status;
      last_ = std::move(message);
      if (writing_) return;
      writing_ = true;
    }
    OnWritten(true);
  }

  Service& service_;
  const v1::LoadModelRequest& request_;
  const std::shared_ptr<Call> call_;
  std::atomic<bool> cancelled_{false};
  Mutex mutex_;
  bool writing_ ETD_GUARDED_BY(mutex_) = false;
  std::unique_ptr<v1::LoadModelResponse> progress_ ETD_GUARDED_BY(mutex_);
  std::unique_ptr<v1::LoadModelResponse> last_ ETD_GUARDED_BY(mutex_);
  std::optional<absl::Status> finish_ ETD_GUARDED_BY(mutex_);
};

class UnloadModelHandler final : public Handler, public std::enable_shared_from_this<UnloadModelHandler> {
 public:
  UnloadModelHandler(Service* service, const v1::UnloadModelRequest& request, std::shared_ptr<Call> call)
      : service_(*service), request_(request), call_(std::move(call)) {}

  void Start() override {
    service_.parts().workers->Post([self = shared_from_this()] { self->Unload(); });
  }
  void OnWritten(bool) override {}
  void OnCancelled() override {}

 private:
  void Unload() {
    if (const absl::Status status = CheckAdministrator(service_, call_->peer()); !status.ok()) {
      return call_->Finish(status);
    }
    service_.parts().models->Unload(request_.model(), request_.force(),
                                    [self = shared_from_this()](absl::StatusOr<models::UnloadResult> result) {
                                      self->Reply(std::move(result));
                                    });
  }

  void Reply(absl::StatusOr<models::UnloadResult> result) {
    if (!result.ok()) return call_->Finish(result.status());
    spdlog::info("unload of '{}': {} uses remain", request_.model(), result->uses);
    auto response = std::make_unique<v1::UnloadModelResponse>();
    response->set_uses(result->uses);
    response->set_unloaded(result->unloaded);
    call_->Write(std::move(response));
    call_->Finish(absl::OkStatus());
  }

  Service& service_;
  const v1::UnloadModelRequest& request_;
  const std::shared_ptr<Call> call_;
};

}  // namespace

std::shared_ptr<Handler> NewLoadModelHandler(Service* service, const v1::LoadModelRequest& request,
                                             std::shared_ptr<Call> call) {
  return std::make_shared<LoadModelHandler>(service, request, std::move(call));
}

std::shared_ptr<Handler> NewUnloadModelHandler(Service* service, const v1::UnloadModelRequest& request,
                                               std::shared_ptr<Call> call) {
  return std::make_shared<UnloadModelHandler>(service, request, std::move(call));
}

absl::Status ListModels(Service& service, const auth::Peer&, const v1::ListModelsRequest&,
                        v1::ListModelsResponse* response) {
  for (const models::ModelView& view : service.parts().models->List()) ToProto(view, response->add_models());
  return absl::OkStatus();
}

absl::Status GetModel(Service& service, const auth::Peer&, const v1::GetModelRequest& request, v1::Model* response) {
  ETD_ASSIGN_OR_RETURN(const models::ModelView view, service.parts().models->Get(request.model()));
  ToProto(view, response);
  return absl::OkStatus();
}

}  // namespace etd::service
