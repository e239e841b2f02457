// The threads around the core: tokens arrive, cancels act, the end is clean.
#include "scheduler/loop.h"

#include <condition_variable>
#include <mutex>

#include "gtest/gtest.h"
#include "tests/support/fake_engine.h"

namespace etd::scheduler {
namespace {

class FirstToken final : public Chooser {
 public:
  absl::StatusOr<engine::TokenChoice> Choose(std::span<const float> logits, std::span<const int32_t>,
                                             std::span<const int32_t>, int64_t) override {
    size_t best = 0;
    for (size_t i = 1; i < logits.size(); ++i) best = logits[i] > logits[best] ? i : best;
    return engine::TokenChoice{.token = static_cast<int32_t>(best), .logprob = 0, .top_logprobs = {}};
  }
};

// Collects a stream until its end, which Wait waits for.
class Collector {
 public:
  Collector()
      : channel_(std::make_shared<TokenChannel>(8, [this] {
          std::lock_guard<std::mutex> lock(mutex_);
          ready_ = true;
          cond_.notify_one();
        })) {}

  const std::shared_ptr<TokenChannel>& channel() const { return channel_; }

  FinishInfo Wait() {
    for (;;) {
      {
        std::unique_lock<std::mutex> lock(mutex_);
        cond_.wait(lock, [this] { return ready_; });
        ready_ = false;
      }
      std::vector<engine::TokenChoice> taken;
      std::optional<FinishInfo> finish;
      channel_->Take(&taken, &finish);
      for (const engine::TokenChoice& choice : taken) tokens.push_back(choice.token);
      if (finish) return *finish;
    }
  }

  std::vector<int32_t> tokens;

 private:
  std::mutex mutex_;
  std::condition_variable cond_;
  bool ready_ = false;
  std::shared_ptr<TokenChannel> channel_;
};

GenerateSpec Spec(Scheduler* scheduler, const Collector& collector, std::vector<int32_t> prompt, uint32_t max_tokens) {
  GenerateSpec spec;
  spec.id = scheduler->NewRequestId();
  spec.caller.tenant = "uid:1";
  spec.model = 1;
  spec.prompt = std::move(prompt);
  spec.max_tokens = max_tokens;
  spec.chooser = std::make_unique<FirstToken>();
  spec.channel = collector.channel();
  spec.arrival = SystemClock().Now();
  return spec;
}

TEST(Scheduler, StreamsThroughAChannelThatIsSmallerThanTheText) {
  MemoryBudget budget(0);
  Scheduler scheduler(CoreOptions(), SystemClock(), &budget, nullptr);
  scheduler.AddModel(1, "m", std::make_shared<testing::FakeEngine>());
  Collector first;
  Collector second;
  scheduler.Submit(Spec(&scheduler, first, {'a'}, 500));
  scheduler.Submit(Spec(&scheduler, second, {'b'}, 500));
  EXPECT_TRUE(first.Wait().status.ok());
  EXPECT_TRUE(second.Wait().status.ok());
  EXPECT_EQ(first.tokens, testing::FakeContinuation({'a'}, 500, true));
  EXPECT_EQ(second.tokens, testing::FakeContinuation({'b'}, 500, true));
  // The executor gives the sessions back after their streams have ended; the test's time limit catches one that never
  // is.
  while (!scheduler.Idle()) std::this_thread::yield();
  EXPECT_EQ(scheduler.Status("uid:1").counters.completed, 2u);
}

TEST(Scheduler, CancelIfAsksWhoseItIs) {
  MemoryBudget budget(0);
  Scheduler scheduler(CoreOptions(), SystemClock(), &budget, nullptr);
  scheduler.AddModel(1, "m", std::make_shared<testing::FakeEngine>());
  Collector collector;
  GenerateSpec spec = Spec(&scheduler, collector, {'a'}, 4000);
  const RequestId id = spec.id;
  scheduler.Submit(std::move(spec));  // stops after 8 tokens: nobody reads
  EXPECT_EQ(scheduler.CancelIf(id, [](const Caller& c) { return c.tenant == "uid:2"; }).code(),
            absl::StatusCode::kNotFound);
  EXPECT_TRUE(scheduler.CancelIf(id, [](const Caller& c) { return c.tenant == "uid:1"; }).ok());
  EXPECT_EQ(collector.Wait().status.code(), absl::StatusCode::kCancelled);
}

TEST(Scheduler, EndsWhatIsLeft) {
  MemoryBudget budget(0);
  Collector collector;
  {
    Scheduler scheduler(CoreOptions(), SystemClock(), &budget, nullptr);
    scheduler.AddModel(1, "m", std::make_shared<testing::FakeEngine>());
    scheduler.Submit(Spec(&scheduler, collector, {'a'}, 4000));
    EXPECT_EQ(scheduler.Requests().size(), 1u);
  }
  EXPECT_EQ(collector.Wait().status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(budget.used(), 0u);
}

}  // namespace
}  // namespace etd::scheduler
