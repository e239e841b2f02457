#include "tests/unit/clients/etctl/fake_daemon.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <sstream>

#include "etd/v1/etd.grpc.pb.h"

namespace etd::etctl {
namespace {

using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;

Status NoModel(const std::string& name) {
  return Status(StatusCode::NOT_FOUND, "there is no model '" + name + "'; there are: base, tales");
}

Status Full() {
  v1::Refusal refusal;
  refusal.set_limit("limits.max_waiting");
  refusal.set_maximum(2);
  refusal.set_current(2);
  refusal.mutable_retry_after()->set_seconds(3);
  v1::ErrorStatus details;
  details.add_details()->PackFrom(refusal);
  return Status(StatusCode::RESOURCE_EXHAUSTED, "the queue is full", details.SerializeAsString());
}

bool FillModel(const std::string& name, v1::Model* model) {
  if (name != "tales" && name != "base" && name != "full") return false;
  model->set_name(name);
  model->set_path("/models/" + name);
  model->set_state(v1::MODEL_STATE_READY);
  model->set_file_bytes(12'900'000);
  model->set_memory_bytes(2048);
  model->set_uses(1);
  model->set_can_generate(true);
  model->set_has_tokenizer(true);
  model->set_has_chat_template(name != "base");
  model->set_max_context(512);
  v1::Method* method = model->add_methods();
  method->set_name("forward");
  v1::ValueType* input = method->add_inputs();
  input->set_kind("tensor");
  input->set_dtype(v1::DATA_TYPE_INT64);
  input->add_shape(1);
  input->add_shape(128);
  input->set_dynamic(true);
  return true;
}

}  // namespace

class FakeDaemon::Implementation final : public v1::Etd::Service {
 public:
  explicit Implementation(const std::string& socket) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + socket, grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    builder.SetMaxReceiveMessageSize(-1);
    server_ = builder.BuildAndStart();
  }
  ~Implementation() override { Stop(); }
  void Stop() { server_->Shutdown(std::chrono::system_clock::now()); }

  Status LoadModel(ServerContext*, const v1::LoadModelRequest* request,
                   grpc::ServerWriter<v1::LoadModelResponse>* writer) override {
    {
      std::lock_guard lock(mutex_);
      loaded_ = *request;
    }
    v1::LoadModelResponse message;
    message.mutable_progress()->set_stage("read");
    message.mutable_progress()->set_completed(50);
    message.mutable_progress()->set_total(100);
    writer->Write(message);
    FillModel("tales", message.mutable_model());
    writer->Write(message);
    return Status::OK;
  }

  Status UnloadModel(ServerContext*, const v1::UnloadModelRequest* request,
                     v1::UnloadModelResponse* response) override {
    v1::Model model;
    if (!FillModel(request->model(), &model)) return NoModel(request->model());
    response->set_unloaded(request->force());
    response->set_uses(request->force() ? 0 : 1);
    return Status::OK;
  }

  Status ListModels(ServerContext*, const v1::ListModelsRequest*, v1::ListModelsResponse* response) override {
    FillModel("base", response->add_models());
    FillModel("tales", response->add_models());
    return Status::OK;
  }

  Status GetModel(ServerContext*, const v1::GetModelRequest* request, v1::Model* model) override {
    return FillModel(request->model(), model) ? Status::OK : NoModel(request->model());
  }

  Status Generate(ServerContext* context, const v1::GenerateRequest* request,
                  grpc::ServerWriter<v1::GenerateResponse>* writer) override {
    {
      std::lock_guard lock(mutex_);
      generated_.push_back(*request);
    }
    v1::Model model;
    if (!FillModel(request->model(), &model)) return NoModel(request->model());
    if (model.name() == "full") return Full();
    if (request->has_chat() && !model.has_chat_template()) {
      return Status(StatusCode::FAILED_PRECONDITION, "no template");
    }
    const std::string text = request->has_chat() ? request->chat().messages().rbegin()->content() : request->prompt();
    if (text == "forever") return Forever(context, writer);
    v1::GenerateResponse message;
    message.mutable_started()->set_seed(7);
    std::istringstream words("You said: " + text);
    uint32_t count = 0;
    for (std::string word; words >> word; ++count) {
      message.set_text((count == 0 ? "" : " ") + word);
      writer->Write(message);
      message.clear_started();
    }
    message.clear_text();
    message.mutable_end()->set_finish_reason(v1::FINISH_REASON_END_TOKEN);
    message.mutable_end()->mutable_usage()->set_completion_tokens(count);
    message.mutable_end()->mutable_usage()->set_prompt_tokens(3);
    writer->Write(message);
    return Status::OK;
  }

  Status Infer(ServerContext*, const v1::InferRequest* request, v1::InferResponse* response) override {
    *response->mutable_outputs() = request->inputs();
    return Status::OK;
  }

  Status Tokenize(ServerContext*, const v1::TokenizeRequest* request, v1::TokenizeResponse* response) override {
    for (const char c : request->text()) {
      response->add_ids(c);
      response->add_pieces(std::string(1, c));
    }
    for (const int32_t id : request->token_ids().ids()) *response->mutable_text() += static_cast<char>(id);
    return Status::OK;
  }

  Status CountTokens(ServerContext*, const v1::CountTokensRequest* request,
                     v1::CountTokensResponse* response) override {
    response->set_tokens(static_cast<uint32_t>(request->text().size()));
    return Status::OK;
  }

  Status ListSessions(ServerContext*, const v1::ListSessionsRequest*, v1::ListSessionsResponse* response) override {
    response->add_sessions()->set_name("talk");
    return Status::OK;
  }

  Status DeleteSession(ServerContext*, const v1::DeleteSessionRequest* request, v1::DeleteSessionResponse*) override {
    std::lock_guard lock(mutex_);
    deleted_.push_back(request->session());
    return Status::OK;
  }

  Status ListRequests(ServerContext*, const v1::ListRequestsRequest*, v1::ListRequestsResponse* response) override {
    v1::Request* request = response->add_requests();
    request->set_id(41);
    request->set_model("tales");
    request->set_state(v1::REQUEST_STATE_QUEUED);
    request->set_queue_position(3);
    return Status::OK;
  }

  Status CancelRequest(ServerContext*, const v1::CancelRequestRequest* request, v1::CancelRequestResponse*) override {
    return request->id() == 41 ? Status::OK : Status(StatusCode::NOT_FOUND, "there is no such request");
  }

  Status GetStatus(ServerContext*, const v1::GetStatusRequest*, v1::GetStatusResponse* response) override {
    response->set_version("9.8.7");
    response->mutable_caller()->set_tenant("uid:1000");
    return Status::OK;
  }

  Status Forever(ServerContext* context, grpc::ServerWriter<v1::GenerateResponse>* writer) {
    v1::GenerateResponse message;
    message.set_text("on ");
    while (!context->IsCancelled() && writer->Write(message)) {
    }
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
    return Status::CANCELLED;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<v1::GenerateRequest> generated_;
  std::optional<v1::LoadModelRequest> loaded_;
  std::vector<std::string> deleted_;
  bool cancelled_ = false;

 private:
  std::unique_ptr<grpc::Server> server_;
};

FakeDaemon::FakeDaemon() {
  // Short enough for a socket's path, whatever the folder for temporary files is.
  static std::atomic<int> number = 0;
  socket_ = "/tmp/etctl_test_" + std::to_string(getpid()) + "_" + std::to_string(++number) + ".sock";
  implementation_ = std::make_unique<Implementation>(socket_);
}

FakeDaemon::~FakeDaemon() {
  implementation_.reset();
  unlink(socket_.c_str());
}

void FakeDaemon::Stop() { implementation_->Stop(); }

std::vector<v1::GenerateRequest> FakeDaemon::generated() const {
  std::lock_guard lock(implementation_->mutex_);
  return implementation_->generated_;
}

std::optional<v1::LoadModelRequest> FakeDaemon::loaded() const {
  std::lock_guard lock(implementation_->mutex_);
  return implementation_->loaded_;
}

std::vector<std::string> FakeDaemon::deleted_sessions() const {
  std::lock_guard lock(implementation_->mutex_);
  return implementation_->deleted_;
}

bool FakeDaemon::WaitForCancel() {
  std::unique_lock lock(implementation_->mutex_);
  return implementation_->changed_.wait_for(lock, std::chrono::seconds(30),
                                            [&] { return implementation_->cancelled_; });
}

}  // namespace etd::etctl
