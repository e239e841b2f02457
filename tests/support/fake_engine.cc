#include "tests/support/fake_engine.h"

#include <chrono>
#include <thread>
#include <utility>

#include "runtime/base/status.h"

namespace etd::testing {
namespace {

void TakeTime(int64_t micros) {
  if (micros > 0) std::this_thread::sleep_for(std::chrono::microseconds(micros));
}

class FakeInstance final : public engine::Instance {
 public:
  explicit FakeInstance(int64_t call_micros) : call_micros_(call_micros) {}

  absl::StatusOr<std::vector<engine::OutputValue>> Call(std::string_view method,
                                                        std::span<const engine::InputValue> inputs,
                                                        std::span<const int32_t> wanted) override {
    TakeTime(call_micros_);
    ++calls_;
    if (method == "fail") return InvalidArgument("this method always fails");
    if (method == "count") return std::vector<engine::OutputValue>{engine::OutputValue(calls_)};
    if (method != "forward") return NotFound("there is no method '{}'; there are: forward, fail, count", method);
    std::vector<engine::OutputValue> outputs;
    for (const engine::InputValue& input : inputs) outputs.push_back(Copy(input));
    if (wanted.empty()) return outputs;
    std::vector<engine::OutputValue> selected;
    for (const int32_t index : wanted) {
      if (index < 0 || static_cast<size_t>(index) >= outputs.size()) {
        return InvalidArgument("there is no output {}", index);
      }
      selected.push_back(outputs[static_cast<size_t>(index)]);
    }
    return selected;
  }

 private:
  static engine::OutputValue Copy(const engine::InputValue& input) {
    return std::visit(
        [](const auto& value) -> engine::OutputValue {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, engine::HostTensor>) {
            return engine::OwnedTensor{.dtype = value.dtype,
                                       .sizes = value.sizes,
                                       .bytes = std::vector<std::byte>(value.bytes.begin(), value.bytes.end())};
          } else {
            return value;
          }
        },
        input);
  }

  const int64_t call_micros_;
  int64_t calls_ = 0;
};

}  // namespace

int32_t FakeNext(std::span<const int32_t> text) {
  if (!text.empty() && text.back() == 'z') return kFakeEnd;
  uint64_t hash = 1469598103934665603u;
  for (const int32_t token : text) hash = (hash ^ static_cast<uint32_t>(token)) * 1099511628211u;
  return static_cast<int32_t>('a' + (hash >> 33) % 26);
}

std::vector<int32_t> FakeContinuation(std::vector<int32_t> text, size_t count, bool ignore_end) {
  std::vector<int32_t> made;
  while (made.size() < count) {
    const int32_t next = FakeNext(text);
    if (next == kFakeEnd && !ignore_end) break;
    made.push_back(next);
    text.push_back(next);
  }
  return made;
}

FakeEngine::FakeEngine(const FakeEngineOptions& options) : options_(options) {
  info_.vocab_size = kFakeVocabulary;
  info_.max_context = options.max_context;
  info_.max_segment_tokens = options.max_segment_tokens;
  info_.end_token_ids = {kFakeEnd};
  info_.weight_bytes = 1000;
  info_.state_bytes_per_token = options.state_bytes_per_token;
  info_.state_bytes_fixed = options.state_bytes_fixed;
  info_.can_rewind = options.can_rewind;
}

absl::StatusOr<engine::SessionId> FakeEngine::CreateSession() {
  if (!fail_create.ok()) return std::exchange(fail_create, absl::OkStatus());
  sessions_[next_];
  return next_++;
}

void FakeEngine::DeleteSession(engine::SessionId session) { sessions_.erase(session); }

absl::StatusOr<int64_t> FakeEngine::SessionLength(engine::SessionId session) const {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return NotFound("no session {}", session);
  return static_cast<int64_t>(found->second.size());
}

absl::Status FakeEngine::RewindSession(engine::SessionId session, int64_t length) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return NotFound("no session {}", session);
  if (length < 0 || length > static_cast<int64_t>(found->second.size())) return OutOfRange("no position {}", length);
  if (!info_.can_rewind && length != 0) return FailedPrecondition("this engine cannot rewind");
  found->second.resize(static_cast<size_t>(length));
  return absl::OkStatus();
}

uint64_t FakeEngine::SessionBytes(engine::SessionId session) const {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return 0;
  return options_.state_bytes_fixed + found->second.size() * options_.state_bytes_per_token;
}

void FakeEngine::Step(std::span<const engine::Segment> segments, std::span<engine::SegmentResult> results) {
  ++steps_;
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < segments.size(); ++i) {
    sizes.push_back(static_cast<int64_t>(segments[i].tokens.size()));
    results[i].status = Run(segments[i], &results[i]);
  }
  segment_sizes.push_back(std::move(sizes));
}

absl::Status FakeEngine::Run(const engine::Segment& segment, engine::SegmentResult* result) {
  if (!fail_next.ok()) return std::exchange(fail_next, absl::OkStatus());
  const auto found = sessions_.find(segment.session);
  if (found == sessions_.end()) return NotFound("no session {}", segment.session);
  std::vector<int32_t>& text = found->second;
  if (segment.tokens.empty()) return InvalidArgument("a segment without tokens");
  if (segment.start_position != static_cast<int64_t>(text.size())) {
    return InvalidArgument("a segment starts at {} in a session of {}", segment.start_position, text.size());
  }
  if (static_cast<int64_t>(segment.tokens.size()) > options_.max_segment_tokens) {
    return InvalidArgument("a segment of {} tokens", segment.tokens.size());
  }
  if (static_cast<int64_t>(text.size() + segment.tokens.size()) > options_.max_context) {
    return OutOfRange("the context is full");
  }
  TakeTime(options_.token_micros * static_cast<int64_t>(segment.tokens.size()));
  text.insert(text.end(), segment.tokens.begin(), segment.tokens.end());
  tokens_run_ += static_cast<int64_t>(segment.tokens.size());
  if (segment.chooser == nullptr) return absl::OkStatus();
  logits_.assign(kFakeVocabulary, 0.0f);
  logits_[static_cast<size_t>(FakeNext(text))] = 10.0f;
  ETD_ASSIGN_OR_RETURN(result->choice, segment.chooser->Choose(logits_, static_cast<int64_t>(text.size())));
  return absl::OkStatus();
}

FakeModule::FakeModule(int64_t call_micros) : call_micros_(call_micros) {
  for (const char* name : {"forward", "fail", "count"}) {
    engine::MethodInfo method;
    method.name = name;
    methods_.push_back(std::move(method));
  }
}

absl::StatusOr<std::unique_ptr<engine::Instance>> FakeModule::CreateInstance() {
  return std::make_unique<FakeInstance>(call_micros_);
}

}  // namespace etd::testing
