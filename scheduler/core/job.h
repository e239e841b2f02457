// What the executor's thread does next: one step of one model, or one opaque task. Filled and read by the scheduler's
// thread, run by the executor's; never both at a time.
#ifndef ETD_SCHEDULER_CORE_JOB_H_
#define ETD_SCHEDULER_CORE_JOB_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/engine/engine.h"
#include "scheduler/request.h"

namespace etd::scheduler {

// One session's part of a step. The engine's calls for a session (create, rewind, run) all happen here.
struct JobPart {
  std::optional<engine::SessionId> session;  // in: absent for a new one; out: what was created
  std::optional<int64_t> rewind_to;          // in: forget everything from there on first
  engine::Segment segment;                   // in; its session is set by Run
  engine::SegmentResult result;              // out
  uint64_t session_bytes = 0;                // out
};

struct Job {
  std::shared_ptr<engine::Engine> engine;    // null for a task
  std::vector<engine::SessionId> deletes;    // done first
  std::vector<JobPart> parts;
  TaskSpec* task = nullptr;                  // borrowed

  Duration elapsed{};                        // out

  // Executor's thread.
  void Run(const Clock& clock);
  // Keeps the memory.
  void Clear();

 private:
  void RunStep();

  std::vector<engine::Segment> segments_;
  std::vector<engine::SegmentResult> results_;
  std::vector<size_t> owners_;               // index into parts
};

}  // namespace etd::scheduler

#endif  // ETD_SCHEDULER_CORE_JOB_H_
