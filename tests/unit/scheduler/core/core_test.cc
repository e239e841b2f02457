// The scheduler's policy: requests, sessions, queues and turns.
#include "scheduler/core/core.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/base/status.h"
#include "scheduler/refusal.h"
#include "tests/unit/scheduler/core/core_fixture.h"

namespace etd::scheduler {
namespace {

TEST_F(CoreTest, GeneratesWhatTheModelSays) {
  Client client = Submit(Spec({'h', 'i'}, 20));
  RunAll();
  EXPECT_EQ(client.code(), absl::StatusCode::kOk);
  EXPECT_EQ(client.tokens, FakeContinuation({'h', 'i'}, 20, true));
  EXPECT_EQ(client.finish->reason, FinishReason::kMaxTokens);
  EXPECT_EQ(client.finish->usage.prompt_tokens, 2u);
  EXPECT_EQ(client.finish->usage.completion_tokens, 20u);
  EXPECT_EQ(core_->Status("").counters.completed, 1u);
  EXPECT_TRUE(core_->Idle());
  RunAll();
  EXPECT_EQ(engine_->sessions(), 0u);
  EXPECT_EQ(budget_->used(), 0u);
}

TEST_F(CoreTest, EndTokenIsNotPartOfTheText) {
  GenerateSpec spec = Spec({'h', 'i'}, 1000);
  spec.end_tokens = {testing::kFakeEnd};
  Client client = Submit(std::move(spec));
  RunAll();
  EXPECT_EQ(client.code(), absl::StatusCode::kOk);
  EXPECT_EQ(client.finish->reason, FinishReason::kEndToken);
  EXPECT_EQ(client.tokens.back(), 'z');
}

TEST_F(CoreTest, PromptIsCutIntoChunks) {
  Submit(Spec(Numbers(300), 1));
  RunAll();
  EXPECT_EQ(engine_->segment_sizes, (std::vector<std::vector<int64_t>>{{128}, {128}, {44}}));
}

TEST_F(CoreTest, StreamsGoOnWhileAPromptIsRead) {
  Client stream = Submit(Spec({'a'}, 100));
  Turn();
  stream.Drain();
  const size_t before = stream.tokens.size();
  Client prompt = Submit(Spec(Numbers(512), 1));
  for (int i = 0; i < 4; ++i) Turn();
  stream.Drain();
  EXPECT_EQ(stream.tokens.size(), before + 4);
  EXPECT_EQ(prompt.code(), absl::StatusCode::kOk);
}

// A client that takes what it is told of. A step takes a millisecond.
class StreamTest : public CoreTest {
 protected:
  void Start(Duration interval, size_t capacity = 64) {
    GenerateSpec spec = Spec({'a'}, 1000);
    spec.stream_interval = interval;
    client_ = Submit(std::move(spec), capacity, [this] { told_ = true; });
  }
  // How many tokens each message of the next `steps` steps has.
  std::vector<size_t> Messages(int steps) {
    std::vector<size_t> sizes;
    for (int i = 0; i < steps; ++i) {
      Turn();
      Take(&sizes);
    }
    return sizes;
  }
  void Take(std::vector<size_t>* sizes) {
    if (!std::exchange(told_, false)) return;
    const size_t before = client_.tokens.size();
    client_.Drain();
    sizes->push_back(client_.tokens.size() - before);
  }

  Client client_;
  bool told_ = false;
};

TEST_F(StreamTest, EachTokenIsAMessageWithoutAnInterval) {
  Start(Duration::zero());
  EXPECT_EQ(Messages(5), std::vector<size_t>({1, 1, 1, 1, 1}));
}

TEST_F(StreamTest, TokensOfAnIntervalComeTogetherAndTheFirstAtOnce) {
  Start(std::chrono::milliseconds(4));
  EXPECT_EQ(Messages(9), std::vector<size_t>({1, 4, 4}));
}

TEST_F(StreamTest, ATokenWaitsNoLongerThanTheInterval) {
  Start(std::chrono::milliseconds(4));
  EXPECT_EQ(Messages(2), std::vector<size_t>({1}));  // the second token waits
  ASSERT_TRUE(core_->NextWakeup());
  EXPECT_EQ(*core_->NextWakeup(), clock_.Now() + std::chrono::milliseconds(4));
  clock_.Advance(std::chrono::milliseconds(4));
  core_->Tick();
  std::vector<size_t> sizes;
  Take(&sizes);
  EXPECT_EQ(sizes, std::vector<size_t>({1}));
  EXPECT_FALSE(core_->NextWakeup());
}

TEST_F(StreamTest, AnIntervalDoesNotPauseAFastModel) {
  Start(std::chrono::hours(1), 8);
  EXPECT_EQ(Messages(13), std::vector<size_t>({1, 4, 4, 4}));
}

TEST_F(StreamTest, TheEndDoesNotWait) {
  Start(std::chrono::hours(1));
  EXPECT_EQ(Messages(3), std::vector<size_t>({1}));
  core_->Cancel(last_id_, absl::CancelledError("enough"));
  std::vector<size_t> sizes;
  Take(&sizes);
  EXPECT_EQ(sizes, std::vector<size_t>({2}));
  EXPECT_EQ(client_.finish->status.code(), absl::StatusCode::kCancelled);
}

TEST_F(CoreTest, PromptsTakeTurns) {
  Client long_prompt = Submit(Spec(Numbers(2000), 1));
  Turn();
  Client short_prompt = Submit(Spec(Numbers(10), 1));
  Turn();
  Turn();
  EXPECT_EQ(short_prompt.code(), absl::StatusCode::kOk);
  long_prompt.Drain();
  EXPECT_FALSE(long_prompt.finish);
}

TEST_F(CoreTest, CancelWhileWaitingRunningAndInAStep) {
  CoreOptions options;
  options.admission.max_running = 1;
  Make(options);
  GenerateSpec first = Spec(Numbers(1000), 5);
  const RequestId running_id = first.id;
  Client running = Submit(std::move(first));
  GenerateSpec second = Spec({'a'}, 5);
  const RequestId waiting_id = second.id;
  Client waiting = Submit(std::move(second));
  ASSERT_TRUE(Turn());
  EXPECT_EQ(core_->Requests()[1].queue_position, 1u);
  EXPECT_TRUE(core_->Cancel(waiting_id, absl::CancelledError("")));
  EXPECT_EQ(waiting.code(), absl::StatusCode::kCancelled);
  // In a step: it acts when the step has run, and no further step is made.
  Job* job = core_->NextJob();
  ASSERT_NE(job, nullptr);
  EXPECT_TRUE(core_->Cancel(running_id, absl::CancelledError("")));
  running.Drain();
  EXPECT_FALSE(running.finish);
  job->Run(clock_);
  core_->Commit();
  EXPECT_EQ(running.code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(core_->Cancel(running_id, absl::CancelledError("")));
  RunAll();
  EXPECT_EQ(engine_->tokens_run(), 256);
  EXPECT_EQ(engine_->sessions(), 0u);
}

TEST_F(CoreTest, DeadlineEndsWaitingAndRunning) {
  GenerateSpec spec = Spec({'a'}, 1000);
  spec.deadline = clock_.Now() + std::chrono::seconds(1);
  Client client = Submit(std::move(spec));
  ASSERT_TRUE(Turn());
  core_->Tick();
  client.Drain();
  EXPECT_FALSE(client.finish);
  EXPECT_EQ(core_->NextWakeup(), clock_.Now() + std::chrono::seconds(1) - std::chrono::milliseconds(1));
  clock_.Advance(std::chrono::seconds(1));
  core_->Tick();
  EXPECT_EQ(client.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(CoreTest, FullChannelPausesAndStalledStreamEnds) {
  Client slow = Submit(Spec({'a'}, 100), 4);
  Client quick = Submit(Spec({'b'}, 50));
  RunAll();
  EXPECT_EQ(quick.code(), absl::StatusCode::kOk);
  EXPECT_EQ(core_->Requests()[0].phase, RequestPhase::kStalled);
  slow.Drain();
  EXPECT_EQ(slow.tokens.size(), 4u);
  RunAll();
  slow.Drain();
  EXPECT_EQ(slow.tokens.size(), 8u);
  EXPECT_EQ(slow.tokens, FakeContinuation({'a'}, 8, true));
  RunAll();
  clock_.Advance(std::chrono::seconds(61));
  core_->Tick();
  EXPECT_EQ(slow.code(), absl::StatusCode::kCancelled);
}

TEST_F(CoreTest, QueueIsFairBetweenTenants) {
  CoreOptions options;
  options.admission.max_running = 1;
  Make(options);
  std::vector<Client> greedy;
  for (int i = 0; i < 4; ++i) greedy.push_back(Submit(Spec({'a'}, 3, "uid:1")));
  Client modest = Submit(Spec({'b'}, 3, "uid:2"));
  // The first of the greedy tenant runs, then it is the other's turn.
  for (int i = 0; i < 7; ++i) Turn();
  EXPECT_EQ(modest.code(), absl::StatusCode::kOk);
  greedy[2].Drain();
  EXPECT_FALSE(greedy[2].finish);
}

TEST_F(CoreTest, FullQueueRefusesAndSaysWhy) {
  CoreOptions options;
  options.admission = {.max_running = 1, .max_waiting = 2, .max_requests_per_tenant = 3};
  Make(options);
  Submit(Spec({'a'}, 3, "uid:1"));
  Turn();
  Submit(Spec({'a'}, 3, "uid:1"));
  Submit(Spec({'a'}, 3, "uid:2"));
  Client refused = Submit(Spec({'a'}, 3, "uid:2"));
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  const std::optional<Refusal> refusal = RefusalOf(refused.finish->status);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->limit, "limits.max_waiting");
  EXPECT_EQ(refusal->maximum, 2u);
  EXPECT_TRUE(refusal->retry_after);
  EXPECT_EQ(core_->Status("").counters.refused, 1u);
}

TEST_F(CoreTest, TenantQuota) {
  CoreOptions options;
  options.admission = {.max_running = 1, .max_waiting = 10, .max_requests_per_tenant = 2};
  Make(options);
  Submit(Spec({'a'}, 3, "uid:1"));
  Submit(Spec({'a'}, 3, "uid:1"));
  Client refused = Submit(Spec({'a'}, 3, "uid:1"));
  EXPECT_EQ(RefusalOf((refused.Drain(), refused.finish->status))->limit, "limits.max_requests_per_user");
  Client other = Submit(Spec({'a'}, 3, "uid:2"));
  RunAll();
  EXPECT_EQ(other.code(), absl::StatusCode::kOk);
}

TEST_F(CoreTest, RefusesWhatCannotWork) {
  EXPECT_EQ(Submit(Spec({}, 3)).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Submit(Spec({-1}, 3)).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Submit(Spec({testing::kFakeVocabulary}, 3)).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Submit(Spec(Numbers(4096), 3)).code(), absl::StatusCode::kOutOfRange);
  GenerateSpec unknown = Spec({'a'}, 3);
  unknown.model = 99;
  EXPECT_EQ(Submit(std::move(unknown)).code(), absl::StatusCode::kUnavailable);
  core_->Drain();
  EXPECT_EQ(Submit(Spec({'a'}, 3)).code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(Turn());
}

TEST_F(CoreTest, ContextEndsTheText) {
  Client client = Submit(Spec(Numbers(4090), 100));
  RunAll();
  EXPECT_EQ(client.code(), absl::StatusCode::kOk);
  EXPECT_EQ(client.finish->reason, FinishReason::kContextFull);
  EXPECT_EQ(client.tokens.size(), 6u);
}

TEST_F(CoreTest, StepErrorEndsOnlyItsRequest) {
  Client first = Submit(Spec({'a'}, 5));
  Client second = Submit(Spec({'b'}, 5));
  engine_->fail_next = Internal("a kernel failed");
  RunAll();
  EXPECT_EQ(first.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(second.code(), absl::StatusCode::kOk);
  engine_->fail_create = ResourceExhausted("no memory");
  Client third = Submit(Spec({'a'}, 5));
  RunAll();
  EXPECT_EQ(third.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(engine_->sessions(), 0u);
}

// ---- Sessions

class SessionTest : public CoreTest {
 protected:
  GenerateSpec InSession(const std::vector<int32_t>& prompt, uint32_t max_tokens, const std::string& name = "s") {
    GenerateSpec spec = Spec(prompt, max_tokens);
    spec.session = name;
    return spec;
  }
  Client Say(const std::vector<int32_t>& prompt, uint32_t max_tokens, const std::string& name = "s",
             bool go_on = false, const std::string& tenant = "uid:1") {
    GenerateSpec spec = Spec(prompt, max_tokens, tenant);
    spec.session = name;
    spec.continue_session = go_on;
    Client client = Submit(std::move(spec));
    RunAll();
    client.Drain();
    return client;
  }
};

TEST_F(SessionTest, KeepsTheCommonPrefix) {
  const Client first = Say({'a', 'b', 'c'}, 4);
  std::vector<int32_t> text = {'a', 'b', 'c'};
  text.insert(text.end(), first.tokens.begin(), first.tokens.end());
  text.push_back('?');
  const int64_t before = engine_->tokens_run();
  const Client second = Say(text, 4);
  // All but the last token of the answer stands there: that one and the '?' are read, then three of four tokens.
  EXPECT_EQ(second.finish->usage.cached_prompt_tokens, 6u);
  EXPECT_EQ(engine_->tokens_run() - before, 2 + 3);
  EXPECT_EQ(second.tokens, FakeContinuation(text, 4, true));
  // The same again: the last token has to run for its logits.
  const Client third = Say(text, 4);
  EXPECT_EQ(third.finish->usage.cached_prompt_tokens, 7u);
  EXPECT_EQ(third.tokens, second.tokens);
  // Something else.
  const Client fourth = Say({'a', 'x'}, 4);
  EXPECT_EQ(fourth.finish->usage.cached_prompt_tokens, 1u);
  EXPECT_EQ(fourth.tokens, FakeContinuation({'a', 'x'}, 4, true));
  EXPECT_EQ(engine_->sessions(), 1u);
}

TEST_F(SessionTest, GoesOn) {
  const Client first = Say({'a'}, 4);
  const Client second = Say({'?'}, 4, "s", true);
  std::vector<int32_t> text = {'a'};
  text.insert(text.end(), first.tokens.begin(), first.tokens.end());
  text.push_back('?');
  EXPECT_EQ(second.tokens, FakeContinuation(text, 4, true));
  EXPECT_EQ(Say({'?'}, 4, "none", true).finish->status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Say({'?'}, 4, "s", true, "uid:2").finish->status.code(), absl::StatusCode::kNotFound);
}

TEST_F(SessionTest, EngineThatCannotRewindStartsAnew) {
  Make(CoreOptions(), {.can_rewind = false});
  const Client first = Say({'a', 'b'}, 4);
  const Client second = Say({'a', 'c'}, 4);
  EXPECT_EQ(second.finish->usage.cached_prompt_tokens, 0u);
  EXPECT_EQ(second.tokens, FakeContinuation({'a', 'c'}, 4, true));
  // What only grows needs no rewinding.
  const Client third = Say({'?'}, 4, "s", true);
  EXPECT_EQ(third.finish->usage.cached_prompt_tokens, 5u);
}

TEST_F(SessionTest, StopCutsTheSession) {
  GenerateSpec spec = Spec({'a'}, 100);
  spec.session = "s";
  const RequestId id = spec.id;
  Client client = Submit(std::move(spec));
  for (int i = 0; i < 10; ++i) Turn();
  core_->FinishAt(id, 3);
  EXPECT_EQ(client.code(), absl::StatusCode::kOk);
  EXPECT_EQ(client.finish->reason, FinishReason::kStop);
  EXPECT_EQ(client.finish->usage.completion_tokens, 3u);
  EXPECT_EQ(core_->Sessions()[0].tokens, 4u);
  const Client next = Say({'?'}, 4, "s", true);
  std::vector<int32_t> text = {'a'};
  for (int i = 0; i < 3; ++i) text.push_back(client.tokens[static_cast<size_t>(i)]);
  text.push_back('?');
  EXPECT_EQ(next.tokens, FakeContinuation(text, 4, true));
}

TEST_F(SessionTest, CancelledPromptIsKeptAsFarAsItWasRead) {
  GenerateSpec spec = Spec(Numbers(1000), 5);
  spec.session = "s";
  const RequestId id = spec.id;
  Client client = Submit(std::move(spec));
  Turn();
  Turn();
  core_->Cancel(id, absl::CancelledError(""));
  EXPECT_EQ(client.code(), absl::StatusCode::kCancelled);
  const Client again = Say(Numbers(1000), 5);
  EXPECT_EQ(again.finish->usage.cached_prompt_tokens, 256u);
  EXPECT_EQ(again.tokens, FakeContinuation(Numbers(1000), 5, true));
}

TEST_F(SessionTest, FailedStepDropsTheSession) {
  Say({'a'}, 4);
  engine_->fail_next = Internal("a kernel failed");
  EXPECT_EQ(Say({'a', 'b'}, 4).finish->status.code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(core_->Sessions().empty());
  EXPECT_EQ(Say({'a', 'b'}, 4).tokens, FakeContinuation({'a', 'b'}, 4, true));
  RunAll();
  EXPECT_EQ(engine_->sessions(), 1u);
}

TEST_F(SessionTest, ExpiresAndMakesRoom) {
  CoreOptions options;
  options.sessions = {.max_sessions = 3, .max_per_tenant = 2, .idle_ttl = std::chrono::minutes(10)};
  Make(options);
  Say({'a'}, 2, "one");
  Say({'a'}, 2, "two");
  Say({'a'}, 2, "three");
  RunAll();
  // The tenant's oldest made room.
  std::vector<SessionView> sessions = core_->Sessions();
  ASSERT_EQ(sessions.size(), 2u);
  EXPECT_EQ(sessions[0].name, "three");
  EXPECT_EQ(sessions[1].name, "two");
  EXPECT_EQ(engine_->sessions(), 2u);
  clock_.Advance(std::chrono::minutes(11));
  core_->Tick();
  EXPECT_TRUE(core_->Sessions().empty());
  RunAll();
  EXPECT_EQ(engine_->sessions(), 0u);
  EXPECT_EQ(budget_->used(), 0u);
}

TEST_F(SessionTest, OnlyPrefill) {
  const Client client = Say(Numbers(10), 0);
  EXPECT_EQ(client.finish->status.code(), absl::StatusCode::kOk);
  EXPECT_TRUE(client.tokens.empty());
  // Again: there is nothing to do.
  EXPECT_EQ(Say(Numbers(10), 0).finish->usage.cached_prompt_tokens, 10u);
  EXPECT_EQ(Say(Numbers(10), 1).finish->usage.cached_prompt_tokens, 9u);
}

TEST_F(SessionTest, DeleteOnlyWhenIdle) {
  GenerateSpec spec = Spec({'a'}, 100);
  spec.session = "s";
  const RequestId id = spec.id;
  Submit(std::move(spec));
  Turn();
  EXPECT_EQ(core_->DeleteSession("uid:1", "s").code(), absl::StatusCode::kAborted);
  core_->Cancel(id, absl::CancelledError(""));
  EXPECT_EQ(core_->DeleteSession("uid:2", "s").code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(core_->DeleteSession("uid:1", "s").ok());
  RunAll();
  EXPECT_EQ(engine_->sessions(), 0u);
}

// ---- Memory

// Who cancels and asks again cannot know how far the cancel has come: the second request may even be here before it.
TEST_F(SessionTest, NextRequestWaitsForTheOneThatIsCancelled) {
  Client first = Submit(InSession({'a'}, 100));
  const RequestId first_id = last_id_;
  Turn();
  Job* job = core_->NextJob();
  ASSERT_NE(job, nullptr);
  Client second = Submit(InSession({'a', 'b'}, 5));
  Client third = Submit(InSession({'c'}, 5));
  EXPECT_EQ(core_->Requests().size(), 3u);
  EXPECT_EQ(core_->Status("uid:1").tenant_requests, 3u);
  EXPECT_TRUE(core_->Cancel(first_id, absl::CancelledError("")));
  EXPECT_TRUE(core_->Cancel(last_id_, absl::CancelledError("")));
  core_->Tick();
  EXPECT_EQ(third.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(second.code(), absl::StatusCode::kUnknown);
  job->Run(clock_);
  core_->Commit();
  EXPECT_EQ(first.code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(core_->Idle());
  core_->Tick();
  RunAll();
  EXPECT_EQ(second.code(), absl::StatusCode::kOk);
  EXPECT_EQ(second.tokens, FakeContinuation({'a', 'b'}, 5, true));
  EXPECT_EQ(second.finish->usage.cached_prompt_tokens, 1u);
}

TEST_F(SessionTest, BusySessionIsNotWaitedForLong) {
  Client first = Submit(InSession({'a'}, 100));
  Client second = Submit(InSession({'b'}, 5));
  GenerateSpec hurried = InSession({'c'}, 5);
  hurried.deadline = clock_.Now() + std::chrono::milliseconds(10);
  Client third = Submit(std::move(hurried));
  EXPECT_EQ(core_->NextWakeup(), clock_.Now() + std::chrono::milliseconds(10));
  clock_.Advance(std::chrono::milliseconds(10));
  core_->Tick();
  EXPECT_EQ(third.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(second.code(), absl::StatusCode::kUnknown);
  clock_.Advance(CoreOptions().session_patience);
  core_->Tick();
  EXPECT_EQ(second.code(), absl::StatusCode::kAborted);
  RunAll();
  EXPECT_EQ(first.code(), absl::StatusCode::kOk);
}

TEST_F(SessionTest, SessionOfACancelledRequestCanBeDeleted) {
  Client client = Submit(InSession({'a'}, 100));
  Turn();
  Job* job = core_->NextJob();
  ASSERT_NE(job, nullptr);
  EXPECT_TRUE(core_->Cancel(last_id_, absl::CancelledError("")));
  EXPECT_TRUE(core_->DeleteSession("uid:1", "s").ok());
  job->Run(clock_);
  core_->Commit();
  RunAll();
  EXPECT_EQ(client.code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(core_->Sessions().empty());
  EXPECT_EQ(engine_->sessions(), 0u);
  EXPECT_EQ(budget_->used(), 0u);
}

TEST_F(SessionTest, IdleSessionsMakeRoomForRequests) {
  // 1,000 and 100 for each token: a session of 20 tokens takes 3,000.
  Make(CoreOptions(), {}, 7000);
  Say({'a'}, 19, "one");
  Say({'a'}, 19, "two");
  ASSERT_EQ(core_->Sessions().size(), 2u);
  EXPECT_LE(budget_->used(), 7000u);
  const Client third = Say({'a'}, 19, "three");
  EXPECT_EQ(third.finish->status.code(), absl::StatusCode::kOk);
  EXPECT_EQ(core_->Sessions().size(), 2u);
  EXPECT_EQ(Say(Numbers(100), 1, "huge").finish->status.code(), absl::StatusCode::kResourceExhausted);
}

// ---- Tasks and models

TEST_F(CoreTest, TasksRunBetweenSteps) {
  Client stream = Submit(Spec({'a'}, 10));
  Turn();
  std::string order;
  for (int i = 0; i < 3; ++i) {
    TaskSpec task;
    task.id = ++last_id_;
    task.caller.tenant = "uid:1";
    task.model = kModel;
    task.run = [&] { order += "r"; };
    task.done = [&](const absl::Status& status) { order += status.ok() ? "d" : "x"; };
    core_->SubmitTask(std::move(task));
  }
  for (int i = 0; i < 6; ++i) Turn();
  EXPECT_EQ(order, "rdrdrd");
  stream.Drain();
  EXPECT_EQ(stream.tokens.size(), 1u + 3u);
  // A task that waits can be cancelled.
  TaskSpec task;
  task.id = ++last_id_;
  task.model = kModel;
  task.run = [&] { order += "never"; };
  task.done = [&](const absl::Status& status) { order += status.code() == absl::StatusCode::kCancelled ? "c" : "?"; };
  core_->SubmitTask(std::move(task));
  EXPECT_TRUE(core_->Cancel(last_id_, absl::CancelledError("")));
  EXPECT_EQ(order, "rdrdrdc");
}

TEST_F(CoreTest, ModelGoesWhenItsRequestsHaveEnded) {
  Client client = Submit(Spec({'a'}, 5));
  Turn();
  bool gone = false;
  core_->RemoveModel(kModel, false, [&] { gone = true; });
  EXPECT_FALSE(gone);
  EXPECT_EQ(Submit(Spec({'a'}, 5)).code(), absl::StatusCode::kUnavailable);
  RunAll();
  EXPECT_EQ(client.code(), absl::StatusCode::kOk);
  EXPECT_TRUE(gone);
  EXPECT_EQ(engine_.use_count(), 1);
}

TEST_F(CoreTest, ForcedRemovalWaitsForTheStepThatRuns) {
  Client client = Submit(Spec({'a'}, 5));
  Job* job = core_->NextJob();
  ASSERT_NE(job, nullptr);
  bool gone = false;
  core_->RemoveModel(kModel, true, [&] { gone = true; });
  EXPECT_FALSE(gone);
  job->Run(clock_);
  core_->Commit();
  EXPECT_TRUE(gone);
  EXPECT_EQ(client.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(engine_.use_count(), 1);
}

TEST_F(CoreTest, ModelsTakeTurns) {
  auto other = std::make_shared<FakeEngine>();
  core_->AddModel(2, "n", other);
  Submit(Spec({'a'}, 100));
  GenerateSpec spec = Spec({'a'}, 100);
  spec.model = 2;
  Submit(std::move(spec));
  for (int i = 0; i < 20; ++i) Turn();
  EXPECT_EQ(engine_->steps(), 10);
  EXPECT_EQ(other->steps(), 10);
}

}  // namespace
}  // namespace etd::scheduler
