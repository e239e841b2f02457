#include "scheduler/loop.h"

#include <algorithm>
#include <utility>

#include "runtime/base/status.h"

namespace etd::scheduler {

Executor::Executor(const Clock& clock, std::function<void()> done)
    : clock_(clock), done_(std::move(done)), thread_([this] { Run(); }) {}

Executor::~Executor() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.NotifyOne();
  thread_.join();
}

void Executor::Start(Job* job) {
  {
    MutexLock lock(mutex_);
    job_ = job;
  }
  wake_.NotifyOne();
}

void Executor::Run() {
  for (;;) {
    Job* job = nullptr;
    {
      MutexLock lock(mutex_);
      while (job_ == nullptr && !stop_) wake_.Wait(lock);
      if (job_ == nullptr) return;
      job = std::exchange(job_, nullptr);
    }
    job->Run(clock_);
    done_();
  }
}

Scheduler::Scheduler(const CoreOptions& options, const Clock& clock, MemoryBudget* budget, MemoryPressure pressure)
    : clock_(clock), core_(options, clock, budget, std::move(pressure)) {
  last_turn_.store(clock_.Now().time_since_epoch().count(), std::memory_order_relaxed);
  executor_ = std::make_unique<Executor>(clock, [this] { JobDone(); });
  thread_ = std::thread([this] { Run(); });
}

Scheduler::~Scheduler() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.NotifyOne();
  thread_.join();
  executor_.reset();
  core_.Commit();
  core_.CancelAll(MakeStatus(absl::StatusCode::kUnavailable, "the daemon has stopped"));
}

void Scheduler::Post(Event event) {
  {
    MutexLock lock(mutex_);
    inbox_.push_back(std::move(event));
  }
  wake_.NotifyOne();
}

void Scheduler::Ask(const Event& event) {
  Mutex done_mutex;
  CondVar done_cond;
  bool done = false;
  Post([&](Core* core) {
    event(core);
    // Under the lock: the waiter's stack, condition included, goes away as soon as it can see `done`.
    MutexLock lock(done_mutex);
    done = true;
    done_cond.NotifyOne();
  });
  MutexLock lock(done_mutex);
  while (!done) done_cond.Wait(lock);
}

void Scheduler::JobDone() {
  {
    MutexLock lock(mutex_);
    job_done_ = true;
  }
  wake_.NotifyOne();
}

void Scheduler::Poke() {
  {
    MutexLock lock(mutex_);
    poked_ = true;
  }
  wake_.NotifyOne();
}

void Scheduler::Wait(MutexLock* lock) {
  Duration timeout = kHeartbeat;
  if (const auto next = core_.NextWakeup()) timeout = std::clamp(*next - clock_.Now(), Duration::zero(), timeout);
  if (timeout > Duration::zero()) wake_.WaitFor(*lock, timeout);
}

void Scheduler::Run() {
  std::vector<Event> events;
  for (;;) {
    bool job_done = false;
    {
      MutexLock lock(mutex_);
      if (inbox_.empty() && !job_done_ && !poked_ && !stop_) Wait(&lock);
      if (stop_) return;
      events.swap(inbox_);
      job_done = std::exchange(job_done_, false);
      poked_ = false;
    }
    last_turn_.store(clock_.Now().time_since_epoch().count(), std::memory_order_relaxed);
    if (job_done) core_.Commit();
    for (Event& event : events) event(&core_);
    events.clear();
    core_.Tick();
    if (Job* job = core_.NextJob()) executor_->Start(job);
  }
}

void Scheduler::AddModel(ModelId id, std::string name, std::shared_ptr<engine::Engine> engine) {
  Post([id, name = std::move(name), engine = std::move(engine)](Core* core) mutable {
    core->AddModel(id, std::move(name), std::move(engine));
  });
}

void Scheduler::RemoveModel(ModelId id, bool force, std::function<void()> done) {
  Post([id, force, done = std::move(done)](Core* core) mutable { core->RemoveModel(id, force, std::move(done)); });
}

void Scheduler::Submit(GenerateSpec spec) {
  spec.channel->SetResume([this] { Poke(); });
  // std::function copies its target: the move-only spec travels behind a pointer.
  auto shared = std::make_shared<GenerateSpec>(std::move(spec));
  Post([shared](Core* core) { core->Submit(std::move(*shared)); });
}

void Scheduler::SubmitTask(TaskSpec spec) {
  auto shared = std::make_shared<TaskSpec>(std::move(spec));
  Post([shared](Core* core) { core->SubmitTask(std::move(*shared)); });
}

void Scheduler::Cancel(RequestId id, absl::Status status) {
  Post([id, status = std::move(status)](Core* core) { core->Cancel(id, status); });
}

void Scheduler::FinishAt(RequestId id, uint32_t tokens) {
  Post([id, tokens](Core* core) { core->FinishAt(id, tokens); });
}

void Scheduler::SetOptions(const CoreOptions& options) {
  Post([options](Core* core) { core->SetOptions(options); });
}

void Scheduler::Drain() {
  Post([](Core* core) { core->Drain(); });
}

void Scheduler::CancelAll(absl::Status status) {
  Post([status = std::move(status)](Core* core) { core->CancelAll(status); });
}

absl::Status Scheduler::CancelIf(RequestId id, const std::function<bool(const Caller&)>& allowed) {
  absl::Status result = NotFound("there is no request {} of yours that waits or runs", id);
  Ask([&](Core* core) {
    for (const RequestView& view : core->Requests()) {
      if (view.id != id || !allowed(view.caller)) continue;
      core->Cancel(id, MakeStatus(absl::StatusCode::kCancelled, "the request was cancelled by a user"));
      result = absl::OkStatus();
    }
  });
  return result;
}

absl::Status Scheduler::DeleteSession(const std::string& tenant, const std::string& name) {
  absl::Status result;
  Ask([&](Core* core) { result = core->DeleteSession(tenant, name); });
  return result;
}

std::vector<RequestView> Scheduler::Requests() {
  std::vector<RequestView> views;
  Ask([&](Core* core) { views = core->Requests(); });
  return views;
}

std::vector<SessionView> Scheduler::Sessions() {
  std::vector<SessionView> views;
  Ask([&](Core* core) { views = core->Sessions(); });
  return views;
}

StatusView Scheduler::Status(const std::string& tenant) {
  StatusView view;
  Ask([&](Core* core) { view = core->Status(tenant); });
  return view;
}

bool Scheduler::Idle() {
  bool idle = false;
  Ask([&](Core* core) { idle = core->Idle(); });
  return idle;
}

}  // namespace etd::scheduler
