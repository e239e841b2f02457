#include "scheduler/core/job.h"

#include <utility>

namespace etd::scheduler {

void Job::Run(const Clock& clock) {
  const TimePoint start = clock.Now();
  if (task != nullptr) {
    task->run();
  } else {
    RunStep();
  }
  elapsed = clock.Now() - start;
}

void Job::Clear() {
  engine.reset();
  deletes.clear();
  parts.clear();
  task = nullptr;
  elapsed = {};
}

void Job::RunStep() {
  for (const engine::SessionId session : deletes) engine->DeleteSession(session);
  segments_.clear();
  owners_.clear();
  for (size_t i = 0; i < parts.size(); ++i) {
    JobPart& part = parts[i];
    if (!part.session) {
      absl::StatusOr<engine::SessionId> created = engine->CreateSession();
      if (!created.ok()) {
        part.result.status = created.status();
        continue;
      }
      part.session = *created;
    }
    if (part.rewind_to) {
      part.result.status = engine->RewindSession(*part.session, *part.rewind_to);
      if (!part.result.status.ok()) continue;
    }
    part.segment.session = *part.session;
    segments_.push_back(part.segment);
    owners_.push_back(i);
  }
  if (segments_.empty()) return;
  results_.clear();
  results_.resize(segments_.size());
  engine->Step(segments_, results_);
  for (size_t i = 0; i < owners_.size(); ++i) {
    JobPart& part = parts[owners_[i]];
    part.result = std::move(results_[i]);
    part.session_bytes = engine->SessionBytes(*part.session);
  }
}

}  // namespace etd::scheduler
