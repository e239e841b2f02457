// Infer: one call of a model's method, run by the executor between the steps of generations.
#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/service/convert.h"
#include "daemon/service/handlers.h"
#include "runtime/base/status.h"

namespace etd::service {
namespace {

class InferHandler final : public Handler, public std::enable_shared_from_this<InferHandler> {
 public:
  InferHandler(Service* service, const v1::InferRequest& request, std::shared_ptr<Call> call)
      : service_(*service),
        request_(request),
        call_(std::move(call)),
        id_(service->parts().scheduler->NewRequestId()) {}

  void Start() override {
    arrival_ = service_.parts().clock->Now();
    service_.parts().workers->Post([self = shared_from_this()] {
      const auto acquired = [self](absl::StatusOr<models::ModelUse> use) {
        if (!use.ok()) return self->call_->Finish(use.status());
        self->use_ = *std::move(use);
        self->service_.parts().workers->Post([self] { self->Submit(); });
      };
      self->service_.parts().models->Acquire(self->request_.model(), acquired, [self] { return !self->cancelled_; });
    });
  }

  void OnWritten(bool) override {}

  void OnCancelled() override {
    cancelled_ = true;
    service_.parts().models->DropUnwanted();
    service_.parts().scheduler->Cancel(id_, absl::CancelledError("cancelled by the caller"));
  }

 private:
  absl::Status Prepare() {
    if (cancelled_) return absl::CancelledError("cancelled by the caller");
    if (use_->module == nullptr) return FailedPrecondition("model '{}' has no methods to call", use_->name);
    method_ = request_.method().empty() ? "forward" : request_.method();
    for (int i = 0; i < request_.inputs_size(); ++i) {
      ETD_ASSIGN_OR_RETURN(engine::InputValue input, FromProto(request_.inputs(i), i));
      inputs_.push_back(std::move(input));
    }
    for (const uint32_t output : request_.outputs()) {
      if (output > INT32_MAX) return InvalidArgument("there is no output {}", output);
      wanted_.push_back(static_cast<int32_t>(output));
    }
    return absl::OkStatus();
  }

  void Submit() {
    if (const absl::Status status = Prepare(); !status.ok()) return End(status);
    scheduler::TaskSpec spec;
    spec.id = id_;
    spec.caller = service_.CallerOf(call_->peer());
    spec.model = use_->id;
    spec.method = method_;
    spec.arrival = arrival_;
    spec.deadline = call_->deadline();
    if (request_.has_timeout()) {
      const TimePoint own = arrival_ + FromProto(request_.timeout());
      spec.deadline = spec.deadline ? std::min(*spec.deadline, own) : own;
    }
    spec.run = [self = shared_from_this()] { self->Run(); };
    spec.done = [self = shared_from_this()](const absl::Status& status) {
      self->service_.parts().workers->Post([self, status] { self->End(status); });
    };
    service_.parts().scheduler->SubmitTask(std::move(spec));
  }

  // Executor's thread.
  void Run() {
    const Clock& clock = *service_.parts().clock;
    const TimePoint start = clock.Now();
    queued_ = start - arrival_;
    if (cancelled_) {
      result_ = absl::CancelledError("cancelled by the caller");
      return;
    }
    // A fresh instance: what one caller's call leaves behind is not for the next one.
    absl::StatusOr<std::unique_ptr<engine::Instance>> instance = use_->module->CreateInstance();
    if (instance.ok()) {
      result_ = (*instance)->Call(method_, inputs_, wanted_);
    } else {
      result_ = instance.status();
    }
    run_ = clock.Now() - start;
  }

  void End(absl::Status status) {
    use_ = models::ModelUse();
    if (status.ok()) status = result_.status();
    if (!status.ok()) return call_->Finish(status);
    auto response = std::make_unique<v1::InferResponse>();
    for (engine::OutputValue& output : *result_) ToProto(std::move(output), response->add_outputs());
    ToProto(queued_, response->mutable_queued());
    ToProto(run_, response->mutable_run());
    call_->Write(std::move(response));
    call_->Finish(absl::OkStatus());
  }

  Service& service_;
  const v1::InferRequest& request_;
  const std::shared_ptr<Call> call_;
  const scheduler::RequestId id_;
  std::atomic<bool> cancelled_{false};
  models::ModelUse use_;
  TimePoint arrival_{};
  std::string method_;
  std::vector<engine::InputValue> inputs_;   // borrow the request's bytes
  std::vector<int32_t> wanted_;
  absl::StatusOr<std::vector<engine::OutputValue>> result_ = absl::UnknownError("not run");
  Duration queued_{};
  Duration run_{};
};

}  // namespace

std::shared_ptr<Handler> NewInferHandler(Service* service, const v1::InferRequest& request,
                                         std::shared_ptr<Call> call) {
  return std::make_shared<InferHandler>(service, request, std::move(call));
}

}  // namespace etd::service
