// The scheduler's state and policy, without threads: requests, sessions, queues, and which job runs next. Driven by
// scheduler/loop.h in the daemon, and by hand in tests.
#ifndef ETD_SCHEDULER_CORE_CORE_H_
#define ETD_SCHEDULER_CORE_CORE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "runtime/base/clock.h"
#include "scheduler/admission/admission.h"
#include "scheduler/batch/step_planner.h"
#include "scheduler/budget/memory_budget.h"
#include "scheduler/core/job.h"
#include "scheduler/kv/session_table.h"
#include "scheduler/queue/fair_queue.h"
#include "scheduler/request.h"

namespace etd::scheduler {

struct CoreOptions {
  AdmissionLimits admission;
  SessionTable::Limits sessions;
  StepBudget step;
  Duration stall_timeout = std::chrono::seconds(60);  // a stream nobody reads ends after that; zero: never
  // Positions for which memory is reserved at a time where only the model's context bounds the answer; the memory of
  // an answer that the caller bounded is reserved whole before it starts. At least 1.
  uint32_t reserve_ahead = 256;
  // Who cancels a request and asks again in the same session does not know how far the cancel has come: the session may be
  // busy for some steps still.
  Duration session_patience = std::chrono::seconds(1);
};

// Asked when a waiting request does not fit into the memory budget: starts to free about so many bytes elsewhere and
// returns true, or false when there is nothing to free. Must not block; Core::Poke is called when memory came free.
using MemoryPressure = std::function<bool(uint64_t bytes)>;

// One thread.
class Core {
 public:
  // Borrows; both must outlive the core.
  Core(const CoreOptions& options, const Clock& clock, MemoryBudget* budget, MemoryPressure pressure);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // Makes a model known. `engine` is null for models that only run tasks.
  void AddModel(ModelId id, std::string name, std::shared_ptr<engine::Engine> engine);
  // No new requests for the model from now on; with `force` its requests end with UNAVAILABLE. `done` is called when
  // the last one has ended and nothing of the scheduler holds the engine.
  void RemoveModel(ModelId id, bool force, std::function<void()> done);

  // Refusals too come through the channel. A session that is busy is waited for (session_patience), then the request is
  // ABORTED.
  void Submit(GenerateSpec spec);
  void SubmitTask(TaskSpec spec);
  // Ends a request with `status`, within one step. False when there is none with that id.
  bool Cancel(RequestId id, const absl::Status& status);
  // Ends a stream after its first `tokens` generated ones (a stop string was found there).
  void FinishAt(RequestId id, uint32_t tokens);
  // NOT_FOUND, ABORTED (busy with a request that is not cancelled).
  absl::Status DeleteSession(const std::string& tenant, const std::string& name);

  // No new requests from now on.
  void Drain() { draining_ = true; }
  bool Idle() const { return requests_.empty() && parked_.empty() && tasks_.empty() && !job_running_; }
  void CancelAll(const absl::Status& status);

  void SetOptions(const CoreOptions& options);

  // The next job, to be run on the executor's thread, or null when there is nothing to do now. Until Commit no other
  // is given out.
  Job* NextJob();
  // The job has run.
  void Commit();
  // Deadlines and expiries that have passed.
  void Tick();
  // When Tick has something to do at the latest.
  std::optional<TimePoint> NextWakeup() const;

  std::vector<RequestView> Requests() const;
  std::vector<SessionView> Sessions() const;
  StatusView Status(const std::string& tenant) const;

 private:
  struct Request;
  struct Task;
  struct Parked {
    GenerateSpec spec;
    TimePoint until{};
  };
  struct Model {
    ModelId id = 0;
    std::string name;
    std::shared_ptr<engine::Engine> engine;
    std::vector<engine::SessionId> deletes;  // sessions to be deleted with the next job
    uint32_t active = 0;                     // requests and tasks, waiting or running
    bool retiring = false;
    std::function<void()> retired;
  };

  // core_admission.cc
  absl::Status CheckArrival(const Caller& caller, ModelId model);
  absl::Status Prepare(Request* request);
  absl::Status FindSession(Request* request);
  // Whether the session's request is cancelled and only waits for the job it is in.
  bool IsBeingLeft(const Session& session) const;
  bool IsBusy(const GenerateSpec& spec) const;
  void SubmitParked(TimePoint now);
  void Refuse(const GenerateSpec& spec, absl::Status status);
  void AdmitWaiting();
  void Start(Request* request);
  uint32_t RequestsOf(const std::string& tenant) const;
  uint32_t Waiting() const { return static_cast<uint32_t>(waiting_.size() + waiting_tasks_.size()); }

  // core_memory.cc
  // Makes the reservation of the request's state cover `tokens` positions. Nothing means: memory is coming, try again.
  std::optional<absl::Status> ReserveState(Request* request, size_t tokens);
  // Whether the request may start: its memory is reserved. Nothing means: wait.
  std::optional<absl::Status> TryStart(Request* request);
  // Whether memory for the next step is reserved; reserves more for an answer that only the context bounds.
  bool HasMemory(Request* request);
  // Where all that run wait for memory and none is coming, the one that came last gives its own back. False: not so.
  bool EndOneForMemory();
  bool AnyWaitsForMemory() const;
  void ReleaseSession(const std::shared_ptr<Session>& session);

  // core.cc
  void Finish(Request* request, absl::Status status, FinishReason reason);
  void KeepSession(Request* request);
  void FinishTask(Task* task, const absl::Status& status, bool ran);
  void ModelReleased(ModelId id);
  void CountEnd(const absl::Status& status);
  bool PlanModel(Model* model);
  bool PlanTask();
  void AddPart(Request* request, int64_t tokens);
  void CommitPart(Request* request, JobPart* part);
  void Deliver(Request* request, engine::TokenChoice choice);
  void Announce(Request* request, TimePoint now);
  bool Runnable(Request* request);
  void CheckStall(Request* request, TimePoint now);

  CoreOptions options_;
  const Clock& clock_;
  MemoryBudget* const budget_;
  const MemoryPressure pressure_;

  std::map<ModelId, Model> models_;
  std::map<RequestId, std::unique_ptr<Request>> requests_;  // waiting and running
  FairQueue<Request*> waiting_;
  std::vector<Parked> parked_;                              // their sessions are busy
  std::list<Request*> running_;                             // in the order of their turns
  std::map<RequestId, std::unique_ptr<Task>> tasks_;        // waiting and running
  FairQueue<Task*> waiting_tasks_;
  SessionTable sessions_;
  std::map<const Session*, Reservation> reservations_;      // of sessions that have or had a running request
  DurationEstimate estimate_;
  Counters counters_;
  bool draining_ = false;

  Job job_;
  bool job_running_ = false;
  std::vector<Request*> job_requests_;   // parallel to job_.parts
  Task* job_task_ = nullptr;
  ModelId job_model_ = 0;
  ModelId last_model_ = 0;               // whose turn it was
  bool task_turn_ = false;
  std::vector<StepCandidate> candidates_;
  std::vector<Request*> candidate_requests_;
  std::vector<StepPick> picks_;
};

}  // namespace etd::scheduler

#endif  // ETD_SCHEDULER_CORE_CORE_H_
