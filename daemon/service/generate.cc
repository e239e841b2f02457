// Generate: from a request to a stream of text.
//
// Life of a request: a worker gets the model and makes the prompt's tokens; the scheduler runs it and puts tokens into
// the channel and announces them, not more often than every stream_interval; a worker takes them out, makes text, and
// writes one message at a time. While a message is being written tokens gather in the channel; a full channel makes the
// scheduler pause the request.
#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/service/convert.h"
#include "daemon/service/handlers.h"
#include "daemon/service/prompt.h"
#include "daemon/service/sampling.h"
#include "runtime/base/mutex.h"
#include "runtime/base/status.h"
#include "runtime/text/sampling/stop_strings.h"
#include "scheduler/token_channel.h"

namespace etd::service {
namespace {

constexpr int kMaxStopStrings = 64;

v1::FinishReason WireReason(scheduler::FinishReason reason) {
  switch (reason) {
    case scheduler::FinishReason::kEndToken: return v1::FINISH_REASON_END_TOKEN;
    case scheduler::FinishReason::kStop: return v1::FINISH_REASON_STOP_STRING;
    case scheduler::FinishReason::kMaxTokens: return v1::FINISH_REASON_MAX_TOKENS;
    case scheduler::FinishReason::kContextFull: return v1::FINISH_REASON_CONTEXT_FULL;
    case scheduler::FinishReason::kNone: break;
  }
  return v1::FINISH_REASON_UNSPECIFIED;
}

double PerSecond(double count, Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  return seconds > 0 && count > 0 ? count / seconds : 0;
}

class GenerateHandler final : public Handler, public std::enable_shared_from_this<GenerateHandler> {
 public:
  GenerateHandler(Service* service, const v1::GenerateRequest& request, std::shared_ptr<Call> call)
      : service_(*service),
        request_(request),
        call_(std::move(call)),
        id_(service->parts().scheduler->NewRequestId()),
        stop_(std::vector<std::string>(request.stop().begin(), request.stop().end())) {}

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

  void OnWritten(bool) override {
    // As long as the message counts as under way no pump runs. After the last one it stays so.
    if (end_status_) return End(*end_status_);
    {
      MutexLock lock(mutex_);
      writing_ = false;
    }
    if (channel_->HasAnnounced()) Wake();
  }

  void OnCancelled() override {
    cancelled_ = true;
    service_.parts().models->DropUnwanted();
    service_.parts().scheduler->Cancel(id_, absl::CancelledError("cancelled by the caller"));
  }

 private:
  // ---- Before the scheduler

  absl::StatusOr<std::vector<int32_t>> PromptTokens() {
    if (request_.continue_session() && request_.session().empty()) {
      return InvalidArgument("continue_session needs a session");
    }
    switch (request_.input_case()) {
      case v1::GenerateRequest::kTokenIds:
        return std::vector<int32_t>(request_.token_ids().ids().begin(), request_.token_ids().ids().end());
      case v1::GenerateRequest::kPrompt: {
        ETD_ASSIGN_OR_RETURN(const models::ModelText* text, TextOf(*use_));
        return text->Encode(request_.prompt(), !request_.continue_session());
      }
      case v1::GenerateRequest::kChat: {
        if (request_.continue_session()) {
          return InvalidArgument("a chat is always sent whole: what the session has of it is not read again");
        }
        ETD_ASSIGN_OR_RETURN(const models::ModelText* text, TextOf(*use_));
        ETD_ASSIGN_OR_RETURN(const std::string prompt,
                             RenderChat(*text, request_.chat(), service_.parts().clock->WallNow()));
        return text->Encode(prompt, false);
      }
      case v1::GenerateRequest::INPUT_NOT_SET: break;
    }
    return InvalidArgument("the request has no input: set chat, prompt or token_ids");
  }

  absl::Status CheckRequest() {
    if (cancelled_) return absl::CancelledError("cancelled by the caller");
    if (use_->engine == nullptr) {
      return FailedPrecondition("model '{}' cannot generate text: it is no causal language model; use Infer",
                                use_->name);
    }
    if (request_.stop_size() > kMaxStopStrings) {
      return InvalidArgument("{} stop strings; at most {} are allowed", request_.stop_size(), kMaxStopStrings);
    }
    const bool empty = std::any_of(request_.stop().begin(), request_.stop().end(),
                                   [](const std::string& stop) { return stop.empty(); });
    if (empty) return InvalidArgument("a stop string is empty");
    if (request_.stop_size() > 0) return TextOf(*use_).status();
    return absl::OkStatus();
  }

  absl::Status FillSpec(scheduler::GenerateSpec* spec) {
    ETD_RETURN_IF_ERROR(CheckRequest());
    const int32_t vocabulary = use_->engine->info().vocab_size;
    ETD_ASSIGN_OR_RETURN(const text::SamplingParams params,
                         SamplingOf(request_, use_->defaults, RandomSeed(), vocabulary));
    seed_ = params.seed;
    ETD_ASSIGN_OR_RETURN(spec->prompt, PromptTokens());
    prompt_tokens_ = static_cast<uint32_t>(spec->prompt.size());
    spec->id = id_;
    spec->caller = service_.CallerOf(call_->peer());
    spec->model = use_->id;
    spec->session = request_.session();
    spec->continue_session = request_.continue_session();
    if (request_.has_max_tokens()) {
      spec->max_tokens = request_.max_tokens();
    } else if (use_->defaults.max_tokens) {
      spec->max_tokens = *use_->defaults.max_tokens;
    }
    if (!request_.ignore_end_tokens()) spec->end_tokens = use_->end_tokens;
    spec->chooser = NewChooser(params, vocabulary);
    spec->arrival = arrival_;
    spec->deadline = call_->deadline();
    // A stop string is found by whoever takes the tokens: the later, the more are computed in vain.
    if (request_.stop().empty()) spec->stream_interval = service_.options().stream_interval;
    if (request_.has_timeout()) {
      const TimePoint own = arrival_ + FromProto(request_.timeout());
      spec->deadline = spec->deadline ? std::min(*spec->deadline, own) : own;
    }
    if (use_->text != nullptr) detokenizer_ = use_->text->NewDetokenizer(true);
    return absl::OkStatus();
  }

  void Submit() {
    scheduler::GenerateSpec spec;
    if (const absl::Status status = FillSpec(&spec); !status.ok()) return End(status);
    channel_ = std::make_shared<scheduler::TokenChannel>(
        service_.options().stream_buffer, [weak = weak_from_this()] {
          if (const auto self = weak.lock()) self->Wake();
        });
    spec.channel = channel_;
    service_.parts().scheduler->Submit(std::move(spec));
    // A cancel that came before the submit found nothing to cancel.
    if (cancelled_) OnCancelled();
  }

  // ---- After it

  // Has a worker look into the channel, unless one is about to, or will when a message is written. Any thread.
  void Wake() {
    {
      MutexLock lock(mutex_);
      if (writing_ || scheduled_) return;
      scheduled_ = true;
    }
    service_.parts().workers->Post([self = shared_from_this()] { self->Pump(); });
  }

  void Pump() {
    {
      MutexLock lock(mutex_);
      scheduled_ = false;
      // From here on tokens that come are found by the pump that follows.
      writing_ = true;
    }
    std::optional<scheduler::FinishInfo> finish;
    channel_->Take(&tokens_, &finish);
    auto message = std::make_unique<v1::GenerateResponse>();
    for (const engine::TokenChoice& choice : tokens_) AddToken(choice, message.get());
    if (finish) end_status_ = finish->status;
    if (finish && finish->status.ok()) AddEnd(*finish, message.get());
    const bool nothing = message->text().empty() && message->token_ids().empty() && message->logprobs().empty();
    if (nothing && finish && !finish->status.ok()) return End(finish->status);
    if (nothing && !finish) {
      {
        MutexLock lock(mutex_);
        writing_ = false;
      }
      // Something may have come while this looked as if it was writing.
      if (channel_->HasAnnounced()) Wake();
      return;
    }
    if (!std::exchange(started_, true)) {
      message->mutable_started()->set_request_id(id_);
      message->mutable_started()->set_prompt_tokens(prompt_tokens_);
      message->mutable_started()->set_seed(seed_);
    }
    call_->Write(std::move(message));
  }

  void End(const absl::Status& status) {
    use_ = models::ModelUse();
    call_->Finish(status);
  }

  void AddToken(const engine::TokenChoice& choice, v1::GenerateResponse* message) {
    if (stopped_at_) return;  // chosen before the scheduler knew of the stop string
    ++taken_;
    if (request_.return_token_ids()) message->add_token_ids(choice.token);
    if (request_.has_logprobs()) {
      v1::TokenLogprobs* logprobs = message->add_logprobs();
      logprobs->set_token(choice.token);
      logprobs->set_logprob(choice.logprob);
      for (const auto& [token, logprob] : choice.top_logprobs) {
        v1::TokenLogprob* top = logprobs->add_top();
        top->set_token(token);
        top->set_logprob(logprob);
      }
    }
    if (detokenizer_ == nullptr) return;
    AddText(detokenizer_->Push(choice.token), message);
    if (stopped_at_) service_.parts().scheduler->FinishAt(id_, *stopped_at_);
  }

  void AddText(const std::string& text, v1::GenerateResponse* message) {
    if (text.empty() || stopped_at_) return;
    const text::StopMatcher::Result result = stop_.Push(text);
    message->mutable_text()->append(result.emit);
    if (!result.stopped) return;
    stopped_at_ = taken_;
    stop_string_ = result.stop;
    if (request_.include_stop()) message->mutable_text()->append(stop_string_);
  }

  void AddEnd(const scheduler::FinishInfo& finish, v1::GenerateResponse* message) {
    if (detokenizer_ != nullptr) {
      AddText(detokenizer_->Flush(), message);
      if (!stopped_at_) message->mutable_text()->append(stop_.Flush().emit);
    }
    v1::GenerateEnd* end = message->mutable_end();
    end->set_finish_reason(stopped_at_ ? v1::FINISH_REASON_STOP_STRING : WireReason(finish.reason));
    end->set_stop(stop_string_);
    const uint32_t completion = stopped_at_.value_or(finish.usage.completion_tokens);
    end->mutable_usage()->set_prompt_tokens(finish.usage.prompt_tokens);
    end->mutable_usage()->set_cached_prompt_tokens(finish.usage.cached_prompt_tokens);
    end->mutable_usage()->set_completion_tokens(completion);
    v1::Timing* timing = end->mutable_timing();
    ToProto(finish.timing.queued, timing->mutable_queued());
    ToProto(finish.timing.prefill, timing->mutable_prefill());
    ToProto(finish.timing.time_to_first_token, timing->mutable_time_to_first_token());
    ToProto(finish.timing.decode, timing->mutable_decode());
    // The first token is the prefill's.
    const double decoded = static_cast<double>(finish.usage.completion_tokens) - 1;
    const double prefilled = static_cast<double>(finish.usage.prompt_tokens - finish.usage.cached_prompt_tokens);
    timing->set_decode_tokens_per_second(PerSecond(decoded, finish.timing.decode));
    timing->set_prefill_tokens_per_second(PerSecond(prefilled, finish.timing.prefill));
  }

  Service& service_;
  const v1::GenerateRequest& request_;
  const std::shared_ptr<Call> call_;
  const scheduler::RequestId id_;
  std::atomic<bool> cancelled_{false};
  TimePoint arrival_{};
  models::ModelUse use_;
  uint64_t seed_ = 0;
  uint32_t prompt_tokens_ = 0;
  std::shared_ptr<scheduler::TokenChannel> channel_;

  // Of whoever pumps; one at a time, by the two flags below.
  std::unique_ptr<models::Detokenizer> detokenizer_;
  text::StopMatcher stop_;
  std::vector<engine::TokenChoice> tokens_;
  uint32_t taken_ = 0;
  std::optional<uint32_t> stopped_at_;
  std::string stop_string_;
  bool started_ = false;
  std::optional<absl::Status> end_status_;  // what follows the message that is under way

  Mutex mutex_;
  bool writing_ ETD_GUARDED_BY(mutex_) = false;    // a message is under way, or a pump is
  bool scheduled_ ETD_GUARDED_BY(mutex_) = false;  // a pump waits for a worker
};

}  // namespace

std::shared_ptr<Handler> NewGenerateHandler(Service* service, const v1::GenerateRequest& request,
                                            std::shared_ptr<Call> call) {
  return std::make_shared<GenerateHandler>(service, request, std::move(call));
}

}  // namespace etd::service
