#include "tests/soak/client.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "tests/soak/outcome.h"
#include "tests/soak/transport.h"

namespace etd::soak {
namespace {

constexpr uint64_t kClientSeed = 1000;  // apart from the pools' numbers
constexpr int kPhaseLooks = 20000;      // one each millisecond: a queue may be long

enum class Fate { kFinish, kCancel, kKill, kDeadline };
enum class Moment { kEarly, kQueue, kPrefill, kDecode };

// How a stream is cut off, if it is.
struct Cut {
  Fate fate = Fate::kFinish;
  Moment moment = Moment::kDecode;
  uint32_t after_tokens = 0;   // kDecode
  uint32_t deadline_ms = 0;    // kDeadline
};

Cut DrawCut(uint32_t tokens, Random* random) {
  Cut cut;
  const uint64_t fate = random->Below(100);
  cut.fate = fate < 60 ? Fate::kCancel : fate < 85 ? Fate::kKill : Fate::kDeadline;
  cut.moment = static_cast<Moment>(random->Below(4));
  cut.after_tokens = static_cast<uint32_t>(random->Below(tokens / 2 + 1));
  cut.deadline_ms = random->Length(200);
  return cut;
}

class Client {
 public:
  Client(const Options& options, const ClientOptions& client, std::unique_ptr<Transport> transport, ModelFacts facts)
      : options_(options),
        client_(client),
        transport_(std::move(transport)),
        plan_(options.seed, std::move(facts), options.lengths),
        session_(fmt::format("soak-{}", client.number)) {}

  void Run() {
    for (action_ = client_.first_action; !Over(); ++action_) {
      Random random({options_.seed, kClientSeed, client_.number, action_});
      const uint64_t what = random.Below(100);
      if (what < 50) {
        Report(Stream(plan_.Single(action_, &random), {}));
      } else if (what < 70) {
        const v1::GenerateRequest request = plan_.Long(action_, &random);
        Report(Stream(request, DrawCut(request.max_tokens(), &random)));
      } else if (what < 90) {
        Converse(&random);
      } else {
        OtherCall(&random);
      }
    }
    Report({.kind = Kind::kDone});
  }

 private:
  bool Over() const {
    if (client_.until_ns == 0) return action_ >= options_.actions;
    return std::chrono::steady_clock::now().time_since_epoch().count() >= client_.until_ns;
  }

  void Report(Outcome outcome) const {
    outcome.action = action_;
    const std::string line = ToLine(outcome);
    for (size_t at = 0; at < line.size();) {
      const ssize_t put = write(STDOUT_FILENO, line.data() + at, line.size() - at);
      if (put < 0) _exit(1);  // nobody listens any more
      at += static_cast<size_t>(put);
    }
  }

  [[noreturn]] void Die(Outcome outcome) const {
    outcome.kind = Kind::kKilling;
    Report(std::move(outcome));
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }

  // `alone` is what the same request is without a session.
  Outcome Stream(const v1::GenerateRequest& request, const Cut& cut) { return Stream(request, request, cut); }
  Outcome Stream(v1::GenerateRequest request, const v1::GenerateRequest& alone, const Cut& cut) {
    Outcome outcome;
    outcome.request = alone.SerializeAsString();
    outcome.in_session = !request.session().empty();
    if (cut.fate == Fate::kDeadline) request.mutable_timeout()->set_nanos(static_cast<int32_t>(cut.deadline_ms) * 1000000);
    absl::Status status = transport_->StartGenerate(request);
    if (!status.ok()) return Failed(std::move(outcome), status);
    bool cut_off = cut.fate != Fate::kCancel && cut.fate != Fate::kKill;
    const auto cut_now = [&](const std::string& phase) {
      cut_off = true;
      outcome.phase = phase;
      if (cut.fate == Fate::kKill) Die(outcome);
      transport_->Cancel();
    };
    if (!cut_off && cut.moment != Moment::kDecode) {
      if (const std::string phase = AwaitPhase(cut.moment); !phase.empty()) cut_now(phase);
    }
    v1::GenerateResponse message;
    bool ended = false;
    while (transport_->Next(&message, &status)) {
      outcome.text += message.text();
      outcome.tokens.insert(outcome.tokens.end(), message.token_ids().begin(), message.token_ids().end());
      if (message.has_end()) {
        ended = true;
        outcome.reason = message.end().finish_reason();
        outcome.prompt_tokens = message.end().usage().prompt_tokens();
        outcome.completion_tokens = message.end().usage().completion_tokens();
      }
      if (!cut_off && outcome.tokens.size() > cut.after_tokens) cut_now("decode");
    }
    if (status.ok() && ended) {
      outcome.kind = Kind::kFinished;
    } else if (cut.fate == Fate::kCancel && status.code() == absl::StatusCode::kCancelled) {
      outcome.kind = Kind::kCancelled;
    } else if (cut.fate == Fate::kDeadline && status.code() == absl::StatusCode::kDeadlineExceeded) {
      outcome.kind = Kind::kDeadline;
    } else {
      return Failed(std::move(outcome), status.ok() ? absl::InternalError("the stream ended without an end") : status);
    }
    return outcome;
  }

  static Outcome Failed(Outcome outcome, const absl::Status& status) {
    outcome.kind = Kind::kError;
    outcome.error = status.ToString();
    return outcome;
  }

  // Waits until the stream is at `moment` or beyond, and says where it is; empty when it is over.
  std::string AwaitPhase(Moment moment) {
    if (moment == Moment::kEarly) return "early";
    bool seen = false;
    for (int look = 0; look < kPhaseLooks; ++look) {
      v1::ListRequestsResponse requests;
      if (!transport_->Call(v1::ListRequestsRequest(), &requests).ok()) return "";
      const v1::Request* own = nullptr;
      for (const v1::Request& request : requests.requests()) {
        if (request.pid() == static_cast<uint32_t>(getpid())) own = &request;
      }
      if (own == nullptr && seen) return "";
      if (own != nullptr) {
        seen = true;
        const bool queued = own->state() == v1::REQUEST_STATE_QUEUED;
        if (queued && moment == Moment::kQueue) return "queue";
        if (!queued) return own->state() == v1::REQUEST_STATE_PREFILL ? "prefill" : "decode";
      }
      poll(nullptr, 0, 1);
    }
    return "";
  }

  // A session of this client's earlier life, or of its last conversation. One whose client was killed is busy until the
  // daemon has seen that.
  void ForgetSession() {
    v1::DeleteSessionRequest request;
    request.set_session(session_);
    v1::DeleteSessionResponse response;
    absl::Status status = transport_->Call(request, &response);
    for (int tries = 0; status.code() == absl::StatusCode::kAborted && tries < kPhaseLooks; ++tries) {
      poll(nullptr, 0, 1);
      status = transport_->Call(request, &response);
    }
    if (!status.ok() && status.code() != absl::StatusCode::kNotFound) Report(Failed({}, status));
  }

  // Either each turn sends the whole text and the session saves reading it again, or it sends only what is new.
  void Converse(Random* random) {
    ForgetSession();
    const bool continues = random->Chance(50);
    std::vector<int32_t> history;
    for (const v1::GenerateRequest& turn : plan_.Conversation(action_, random)) {
      v1::GenerateRequest alone = turn;
      alone.mutable_token_ids()->mutable_ids()->Assign(history.begin(), history.end());
      alone.mutable_token_ids()->mutable_ids()->MergeFrom(turn.token_ids().ids());
      v1::GenerateRequest request = continues ? turn : alone;
      request.set_session(session_);
      request.set_continue_session(continues && !history.empty());
      const Cut cut = random->Chance(30) ? DrawCut(turn.max_tokens(), random) : Cut{};
      Outcome outcome = Stream(request, alone, cut);
      Report(outcome);
      if (outcome.kind != Kind::kFinished) {
        // Nobody knows how far the session has come, but the whole text can be sent again.
        if (continues || outcome.kind == Kind::kError) return;
        outcome = Stream(request, alone, {});
        Report(outcome);
        if (outcome.kind != Kind::kFinished) return;
      }
      history.assign(alone.token_ids().ids().begin(), alone.token_ids().ids().end());
      history.insert(history.end(), outcome.tokens.begin(), outcome.tokens.end());
    }
  }

  void OtherCall(Random* random) {
    const absl::Status status = CallOnce(random);
    Report(status.ok() ? Outcome{.kind = Kind::kCall} : Failed({}, status));
  }

  absl::Status CallOnce(Random* random) {
    switch (random->Below(6)) {
      case 0: {
        v1::ListModelsResponse response;
        return transport_->Call(v1::ListModelsRequest(), &response);
      }
      case 1: {
        v1::GetStatusResponse response;
        return transport_->Call(v1::GetStatusRequest(), &response);
      }
      case 2: {
        v1::ListSessionsResponse response;
        return transport_->Call(v1::ListSessionsRequest(), &response);
      }
      case 3: {
        v1::TokenizeRequest request;
        request.set_model(plan_.facts().name);
        request.set_text("Once upon a time there was a fox. 🦊");
        v1::TokenizeResponse response;
        return transport_->Call(request, &response);
      }
      case 4: return Infer(random);
      default: return LoadAgain();
    }
  }

  absl::Status Infer(Random* random) {
    const std::vector<std::string>& methods = plan_.facts().methods;
    if (methods.empty()) return absl::OkStatus();
    v1::InferRequest request;
    request.set_model(plan_.facts().name);
    request.set_method(methods[random->Below(methods.size())]);
    v1::InferResponse response;
    return transport_->Call(request, &response);
  }

  // One more use of the same model, and one less.
  absl::Status LoadAgain() {
    v1::LoadModelRequest load;
    load.set_path(options_.model);
    load.set_name(plan_.facts().name);
    ETD_RETURN_IF_ERROR(transport_->Load(load));
    v1::UnloadModelRequest unload;
    unload.set_model(plan_.facts().name);
    v1::UnloadModelResponse response;
    ETD_RETURN_IF_ERROR(transport_->Call(unload, &response));
    return response.unloaded() ? absl::InternalError("the model went although it is in use") : absl::OkStatus();
  }

  const Options& options_;
  const ClientOptions& client_;
  const std::unique_ptr<Transport> transport_;
  const Plan plan_;
  const std::string session_;
  uint64_t action_ = 0;
};

absl::StatusOr<std::unique_ptr<Transport>> Connect(const ClientOptions& client) {
#ifdef ETD_WITH_GRPC
  if (client.number % 2 == 0) return ConnectGrpc(client.socket);
#endif
  return ConnectFramed(client.framed_socket);
}

absl::StatusOr<ModelFacts> AskFacts(Transport* transport) {
  v1::GetModelRequest request;
  request.set_model(kModelName);
  v1::Model model;
  ETD_RETURN_IF_ERROR(transport->Call(request, &model));
  ModelFacts facts{
      .name = kModelName, .vocabulary = model.vocab_size(), .chat = model.has_chat_template(), .methods = {}};
  for (const v1::Method& method : model.methods()) {
    if (method.inputs_size() == 0) facts.methods.push_back(method.name());
  }
  return facts;
}

}  // namespace

int RunClient(const Options& options, const ClientOptions& client) {
  absl::StatusOr<std::unique_ptr<Transport>> transport = Connect(client);
  absl::Status status = transport.status();
  if (transport.ok()) {
    absl::StatusOr<ModelFacts> facts = AskFacts(transport->get());
    status = facts.status();
    if (facts.ok()) {
      Client(options, client, *std::move(transport), *std::move(facts)).Run();
      return 0;
    }
  }
  fmt::print(stderr, "soak: client {}: {}\n", client.number, status.ToString());
  return 1;
}

}  // namespace etd::soak
