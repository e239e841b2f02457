// The scheduler's core on a clock that the test turns, with an engine that runs when the test says so.
#ifndef ETD_TESTS_UNIT_SCHEDULER_CORE_CORE_FIXTURE_H_
#define ETD_TESTS_UNIT_SCHEDULER_CORE_CORE_FIXTURE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "scheduler/core/core.h"
#include "scheduler/token_channel.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_engine.h"

namespace etd::scheduler {

using testing::FakeContinuation;
using testing::FakeEngine;

inline constexpr ModelId kModel = 1;

class GreedyChooser final : public Chooser {
 public:
  absl::StatusOr<engine::TokenChoice> Choose(std::span<const float> logits, std::span<const int32_t> prompt,
                                             std::span<const int32_t> generated, int64_t position) override {
    EXPECT_EQ(static_cast<int64_t>(prompt.size() + generated.size()), position);
    size_t best = 0;
    for (size_t i = 1; i < logits.size(); ++i) best = logits[i] > logits[best] ? i : best;
    return engine::TokenChoice{.token = static_cast<int32_t>(best), .logprob = 0, .top_logprobs = {}};
  }
};

// One request as its client sees it.
struct Client {
  std::shared_ptr<TokenChannel> channel;
  std::vector<int32_t> tokens;
  std::optional<FinishInfo> finish;

  void Drain() {
    std::vector<engine::TokenChoice> taken;
    channel->Take(&taken, &finish);
    for (const engine::TokenChoice& choice : taken) tokens.push_back(choice.token);
  }
  absl::StatusCode code() {
    Drain();
    return finish ? finish->status.code() : absl::StatusCode::kUnknown;
  }
};

class CoreTest : public ::testing::Test {
 protected:
  void Make(const CoreOptions& options, const testing::FakeEngineOptions& engine = {}, uint64_t budget = 0) {
    budget_ = std::make_unique<MemoryBudget>(budget);
    core_ = std::make_unique<Core>(options, clock_, budget_.get(), [this](uint64_t) { return pressure_; });
    engine_ = std::make_shared<FakeEngine>(engine);
    core_->AddModel(kModel, "m", engine_);
  }
  void SetUp() override { Make(CoreOptions()); }

  GenerateSpec Spec(const std::vector<int32_t>& prompt, uint32_t max_tokens, const std::string& tenant = "uid:1") {
    GenerateSpec spec;
    spec.id = ++last_id_;
    spec.caller.tenant = tenant;
    spec.model = kModel;
    spec.prompt = prompt;
    spec.max_tokens = max_tokens;
    spec.chooser = std::make_unique<GreedyChooser>();
    spec.arrival = clock_.Now();
    return spec;
  }
  // `ready` as TokenChannel has it.
  Client Submit(GenerateSpec spec, size_t capacity = 10000, std::function<void()> ready = [] {}) {
    Client client{.channel = std::make_shared<TokenChannel>(capacity, std::move(ready)), .tokens = {}, .finish = {}};
    spec.channel = client.channel;
    core_->Submit(std::move(spec));
    return client;
  }
  // One job, if there is one.
  bool Turn() {
    Job* job = core_->NextJob();
    if (job == nullptr) return false;
    clock_.Advance(std::chrono::milliseconds(1));
    job->Run(clock_);
    core_->Commit();
    return true;
  }
  void RunAll() {
    for (int i = 0; i < 100000 && Turn(); ++i) {
    }
  }
  std::vector<int32_t> Numbers(size_t count) { return std::vector<int32_t>(count, 'x'); }

  testing::FakeClock clock_;
  std::unique_ptr<MemoryBudget> budget_;
  std::shared_ptr<FakeEngine> engine_;
  std::unique_ptr<Core> core_;
  bool pressure_ = false;
  RequestId last_id_ = 0;
};

}  // namespace etd::scheduler

#endif  // ETD_TESTS_UNIT_SCHEDULER_CORE_CORE_FIXTURE_H_
