// What the store's own thread does: load, evict, expire, and give memory back.
#include <algorithm>
#include <utility>

#include "daemon/models/model_store.h"
#include "runtime/base/status.h"

namespace etd::models {

void ModelStore::Run() {
  for (;;) {
    std::optional<Pending> next;
    std::vector<std::shared_ptr<ResidentModel>> dead;
    std::vector<std::function<void()>> after;
    {
      MutexLock lock(mutex_);
      if (!stop_ && pending_.empty() && graveyard_.empty() && pending_after_.empty()) {
        wake_.WaitFor(lock, UntilNextExpiryLocked());
      }
      dead.swap(graveyard_);
      after.swap(pending_after_);
      if (!stop_ && !pending_.empty()) {
        next = std::move(pending_.front());
        pending_.pop_front();
      }
      if (stop_ && dead.empty() && after.empty()) return;
    }
    dead.clear();
    for (const auto& callback : after) callback();
    if (next) RunLoad(*std::move(next));
    ExpireIdle();
  }
}

Duration ModelStore::UntilNextExpiryLocked() const {
  Duration wait = std::chrono::seconds(60);
  const TimePoint now = clock_.Now();
  for (const EntryPtr& entry : entries_) {
    if (entry->state != ModelState::kReady || entry->active > 0 || entry->keep_alive <= Duration::zero()) continue;
    wait = std::min(wait, entry->last_used + entry->keep_alive - now);
  }
  return std::max(wait, Duration(std::chrono::milliseconds(1)));
}

void ModelStore::ExpireIdle() {
  std::vector<EntryPtr> expired;
  {
    MutexLock lock(mutex_);
    const TimePoint now = clock_.Now();
    for (const EntryPtr& entry : entries_) {
      if (entry->state == ModelState::kReady && entry->active == 0 && entry->keep_alive > Duration::zero() &&
          entry->last_used + entry->keep_alive <= now) {
        expired.push_back(entry);
      }
    }
  }
  for (const EntryPtr& entry : expired) StartUnload(entry, false);
}

void ModelStore::Report(const EntryPtr& entry, std::string_view stage, uint64_t completed, uint64_t total) {
  std::vector<ProgressCallback> listeners;
  {
    MutexLock lock(mutex_);
    for (const Waiter& waiter : entry->waiters) {
      if (waiter.progress) listeners.push_back(waiter.progress);
    }
  }
  for (const ProgressCallback& listener : listeners) listener(stage, completed, total);
}

absl::Status ModelStore::StillNeeded(const EntryPtr& entry) const {
  MutexLock lock(mutex_);
  if (stop_) return MakeStatus(absl::StatusCode::kUnavailable, "the daemon is shutting down");
  if (entry->waiters.empty()) return absl::CancelledError("nobody waits for the model any more");
  return absl::OkStatus();
}

absl::Status ModelStore::Pass(const EntryPtr& entry, std::string_view stage, uint64_t completed, uint64_t total) {
  ETD_RETURN_IF_ERROR(StillNeeded(entry));
  Report(entry, stage, completed, total);
  return absl::OkStatus();
}

void ModelStore::RunLoad(Pending pending) {
  const EntryPtr entry = pending.entry;
  absl::StatusOr<std::shared_ptr<ResidentModel>> loaded = LoadFiles(entry, pending.files);
  std::vector<Waiter> waiters;
  std::vector<ModelUse> uses;
  bool unwanted = false;
  {
    MutexLock lock(mutex_);
    if (absl::IsCancelled(loaded.status()) && !entry->waiters.empty()) {
      // Somebody came after everybody had gone.
      pending_.push_front(std::move(pending));
      return;
    }
    waiters.swap(entry->waiters);
    if (loaded.ok()) {
      entry->model = *loaded;
      entry->state = ModelState::kReady;
      entry->last_used = clock_.Now();
      entry->last_used_wall = clock_.WallNow();
      ++loads_;
      for (size_t i = 0; i < waiters.size(); ++i) uses.push_back(UseLocked(entry));
      unwanted = waiters.empty() && entry->uses == 0 && MarkUnloadingLocked(entry);
    } else {
      std::erase(entries_, entry);
    }
  }
  for (size_t i = 0; i < waiters.size(); ++i) {
    if (loaded.ok()) {
      waiters[i].done(std::move(uses[i]));
    } else {
      waiters[i].done(loaded.status());
    }
  }
  // Given up behind the last checkpoint.
  if (unwanted) host_.remove((*loaded)->id, false, [this, entry] { Gone(entry); });
  // What was reserved for it is free.
  if (!loaded.ok()) host_.memory_freed();
}

absl::Status ModelStore::CheckDigests(const EntryPtr& entry, const ModelFiles& files) {
  std::vector<const ModelFile*> to_check;
  uint64_t total = 0;
  const auto add = [&](const ModelFile& file) {
    if (file.sha256.empty()) return;
    to_check.push_back(&file);
    total += file.size();
  };
  add(files.program);
  for (const ModelFile& file : files.data) add(file);
  for (const ModelFile& file : files.others) add(file);
  uint64_t before = 0;
  for (const ModelFile* file : to_check) {
    const auto progress = [&](uint64_t done) { return Pass(entry, "check", before + done, total); };
    ETD_ASSIGN_OR_RETURN(const std::string digest, digests_.Sha256(*file, progress));
    if (digest != file->sha256) {
      return InvalidArgument("'{}' is damaged: its SHA-256 is {}, and {} by manifest.json; copy it again", file->path,
                             digest, file->sha256);
    }
    before += file->size();
  }
  return absl::OkStatus();
}

bool ModelStore::EvictOne(const EntryPtr& entry) {
  uint64_t before = 0;
  {
    MutexLock lock(mutex_);
    before = gone_count_;
  }
  if (!BeginToFree(true)) return false;
  MutexLock lock(mutex_);
  // Whoever unloads hands the model to this thread's graveyard.
  while (!stop_ && gone_count_ == before && !entry->waiters.empty()) {
    std::vector<std::shared_ptr<ResidentModel>> dead;
    dead.swap(graveyard_);
    if (dead.empty()) {
      wake_.WaitFor(lock, std::chrono::milliseconds(100));
      continue;
    }
    lock.Unlock();
    dead.clear();
    lock.Lock();
  }
  return !stop_ && !entry->waiters.empty();
}

absl::StatusOr<scheduler::Reservation> ModelStore::ReserveFor(const EntryPtr& entry, const std::string& name,
                                                              uint64_t bytes) {
  for (;;) {
    ETD_RETURN_IF_ERROR(StillNeeded(entry));
    absl::StatusOr<scheduler::Reservation> reservation =
        budget_->Reserve(scheduler::MemoryUse::kModel, bytes, fmt::format("model '{}'", name));
    if (reservation.ok() || !EvictOne(entry)) return reservation;
  }
}

absl::Status ModelStore::Grow(const EntryPtr& entry, scheduler::Reservation* reservation, uint64_t bytes) {
  for (;;) {
    ETD_RETURN_IF_ERROR(StillNeeded(entry));
    const absl::Status status = reservation->Resize(bytes);
    if (status.ok() || !EvictOne(entry)) return status;
  }
}

absl::StatusOr<std::shared_ptr<ResidentModel>> ModelStore::LoadFiles(const EntryPtr& entry, const ModelFiles& files) {
  ETD_RETURN_IF_ERROR(CheckDigests(entry, files));
  auto model = std::make_shared<ResidentModel>();
  // The estimate: packed weights are about as large as the file.
  ETD_ASSIGN_OR_RETURN(model->reservation, ReserveFor(entry, files.name, files.total_bytes()));
  ETD_RETURN_IF_ERROR(Pass(entry, "read", 0, files.total_bytes()));
  const auto checkpoint = [&](std::string_view stage, uint64_t done, uint64_t total) {
    return Pass(entry, stage, done, total);
  };
  ETD_ASSIGN_OR_RETURN(LoadedModel loaded, load_model_(files, checkpoint));
  ETD_RETURN_IF_ERROR(Grow(entry, &model->reservation, std::max<uint64_t>(loaded.memory_bytes, 1)));
  ETD_ASSIGN_OR_RETURN(model->text, load_text_(files));
  ETD_RETURN_IF_ERROR(StillNeeded(entry));
  model->name = files.name;
  model->path = files.path;
  model->engine = std::move(loaded.engine);
  model->module = std::move(loaded.module);
  model->manifest_json = files.manifest_json;
  model->sha256 = files.program.sha256.empty() ? digests_.Known(files.program) : files.program.sha256;
  model->file_bytes = files.total_bytes();
  model->memory_bytes = model->reservation.bytes();
  model->loaded_at = clock_.WallNow();
  model->defaults = MergeDefaults(files.defaults, model->text == nullptr ? nullptr : &model->text->defaults());
  if (model->text != nullptr) {
    const std::span<const int32_t> ends = model->text->end_tokens();
    model->end_tokens.assign(ends.begin(), ends.end());
  }
  if (model->engine != nullptr) {
    const std::vector<int32_t>& own = model->engine->info().end_token_ids;
    model->end_tokens.insert(model->end_tokens.end(), own.begin(), own.end());
  }
  std::sort(model->end_tokens.begin(), model->end_tokens.end());
  model->end_tokens.erase(std::unique(model->end_tokens.begin(), model->end_tokens.end()), model->end_tokens.end());
  {
    MutexLock lock(mutex_);
    model->id = next_id_++;
  }
  model->on_gone = [this] {
    bool stopped = false;
    {
      MutexLock lock(mutex_);
      ++gone_count_;
      stopped = stop_;
    }
    if (!stopped) host_.memory_freed();
  };
  host_.add(model->id, model->name, model->engine);
  Report(entry, "ready", 1, 1);
  return model;
}

}  // namespace etd::models
