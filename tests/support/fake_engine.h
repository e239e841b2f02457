// An engine without a model: the next token is a function of all tokens before it, so that lost, doubled or foreign
// tokens of a session show in the text. Tokens are bytes; see FakeText.
#ifndef ETD_TESTS_SUPPORT_FAKE_ENGINE_H_
#define ETD_TESTS_SUPPORT_FAKE_ENGINE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/engine/engine.h"

namespace etd::testing {

inline constexpr int32_t kFakeVocabulary = 258;
inline constexpr int32_t kFakeEnd = 257;   // chosen after a 'z'

struct FakeEngineOptions {
  int64_t max_context = 4096;
  int64_t max_segment_tokens = 512;
  bool can_rewind = true;
  uint64_t state_bytes_per_token = 100;
  uint64_t state_bytes_fixed = 1000;
  int64_t token_micros = 0;   // what a token costs
};

// What the fake model says after `text`: a lower-case letter, or kFakeEnd.
int32_t FakeNext(std::span<const int32_t> text);
// The greedy continuation of `text`: up to `count` tokens, without the end token; with `ignore_end` end tokens are
// tokens like others.
std::vector<int32_t> FakeContinuation(std::vector<int32_t> text, size_t count, bool ignore_end = false);

class FakeEngine final : public engine::Engine {
 public:
  explicit FakeEngine(const FakeEngineOptions& options = {});

  const engine::ModelInfo& info() const override { return info_; }
  absl::StatusOr<engine::SessionId> CreateSession() override;
  void DeleteSession(engine::SessionId session) override;
  absl::StatusOr<int64_t> SessionLength(engine::SessionId session) const override;
  absl::Status RewindSession(engine::SessionId session, int64_t length) override;
  uint64_t SessionBytes(engine::SessionId session) const override;
  void Step(std::span<const engine::Segment> segments, std::span<engine::SegmentResult> results) override;

  // What tests look at and turn; on the thread that runs the engine.
  size_t sessions() const { return sessions_.size(); }
  int64_t tokens_run() const { return tokens_run_; }
  int64_t steps() const { return steps_; }
  std::vector<std::vector<int64_t>> segment_sizes;   // of each step
  absl::Status fail_next;                            // of the next step's first segment
  absl::Status fail_create;

 private:
  absl::Status Run(const engine::Segment& segment, engine::SegmentResult* result);

  const FakeEngineOptions options_;
  engine::ModelInfo info_;
  std::map<engine::SessionId, std::vector<int32_t>> sessions_;
  engine::SessionId next_ = 1;
  int64_t tokens_run_ = 0;
  int64_t steps_ = 0;
  std::vector<float> logits_;
};

// Methods: "forward" gives its inputs back; "fail" fails; "count" gives how often this instance was called.
class FakeModule final : public engine::Module {
 public:
  explicit FakeModule(int64_t call_micros = 0);
  std::span<const engine::MethodInfo> methods() const override { return methods_; }
  uint64_t weight_bytes() const override { return 1000; }
  absl::StatusOr<std::unique_ptr<engine::Instance>> CreateInstance() override;

 private:
  const int64_t call_micros_;
  std::vector<engine::MethodInfo> methods_;
};

}  // namespace etd::testing

#endif  // ETD_TESTS_SUPPORT_FAKE_ENGINE_H_
