// The scheduler's thread and the executor's. Everything here may be called from any thread; the work is done by the
// core (scheduler/core/core.h), which only the scheduler's thread touches.
#ifndef ETD_SCHEDULER_LOOP_H_
#define ETD_SCHEDULER_LOOP_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"
#include "scheduler/core/core.h"
#include "scheduler/token_channel.h"

namespace etd::scheduler {

// One thread that runs jobs, one after another.
class Executor {
 public:
  // `done` is called on the executor's thread after each job.
  Executor(const Clock& clock, std::function<void()> done);
  // Waits for the job that runs.
  ~Executor();

  // The executor must be free. `job` is borrowed until `done`.
  void Start(Job* job);

 private:
  void Run();

  const Clock& clock_;
  const std::function<void()> done_;
  Mutex mutex_;
  CondVar wake_;
  Job* job_ ETD_GUARDED_BY(mutex_) = nullptr;
  bool stop_ ETD_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

class Scheduler {
 public:
  // Starts the threads. Borrows; clock and budget must outlive the scheduler.
  Scheduler(const CoreOptions& options, const Clock& clock, MemoryBudget* budget, MemoryPressure pressure);
  // Waits for the running job; requests that are left end with UNAVAILABLE.
  ~Scheduler();

  RequestId NewRequestId() { return next_id_.fetch_add(1, std::memory_order_relaxed); }

  // As in Core; they return at once, and what they say happens soon after, in the order of the calls of one thread.
  void AddModel(ModelId id, std::string name, std::shared_ptr<engine::Engine> engine);
  void RemoveModel(ModelId id, bool force, std::function<void()> done);
  void Submit(GenerateSpec spec);
  void SubmitTask(TaskSpec spec);
  void Cancel(RequestId id, absl::Status status);
  void FinishAt(RequestId id, uint32_t tokens);
  void SetOptions(const CoreOptions& options);
  void Drain();
  void CancelAll(absl::Status status);
  // Memory of the budget came free, or a stream has room again.
  void Poke();

  // These wait for the scheduler's thread, which never computes: for microseconds.
  // Cancels if `allowed` agrees with the request's caller; NOT_FOUND otherwise.
  absl::Status CancelIf(RequestId id, const std::function<bool(const Caller&)>& allowed);
  absl::Status DeleteSession(const std::string& tenant, const std::string& name);
  std::vector<RequestView> Requests();
  std::vector<SessionView> Sessions();
  StatusView Status(const std::string& tenant);
  bool Idle();

  // When the scheduler's thread last went round; it does at least once in kHeartbeat. For watchdogs.
  TimePoint last_turn() const { return TimePoint(Duration(last_turn_.load(std::memory_order_relaxed))); }
  static constexpr Duration kHeartbeat = std::chrono::seconds(1);

 private:
  using Event = std::function<void(Core*)>;
  void Post(Event event);
  // Runs `event` on the scheduler's thread and waits for it.
  void Ask(const Event& event);
  void Run();
  void JobDone();
  void Wait(MutexLock* lock) ETD_REQUIRES(mutex_);

  const Clock& clock_;
  Core core_;  // scheduler's thread only
  std::atomic<RequestId> next_id_{1};
  std::atomic<int64_t> last_turn_{0};
  Mutex mutex_;
  CondVar wake_;
  std::vector<Event> inbox_ ETD_GUARDED_BY(mutex_);
  bool job_done_ ETD_GUARDED_BY(mutex_) = false;
  bool poked_ ETD_GUARDED_BY(mutex_) = false;
  bool stop_ ETD_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Executor> executor_;
  std::thread thread_;
};

}  // namespace etd::scheduler

#endif  // ETD_SCHEDULER_LOOP_H_
