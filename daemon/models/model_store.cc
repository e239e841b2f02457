#include "daemon/models/model_store.h"

#include <algorithm>
#include <utility>

#include "daemon/models/manifest.h"
#include "runtime/base/status.h"

namespace etd::models {
namespace {

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

absl::Status Stopped() { return MakeStatus(absl::StatusCode::kUnavailable, "the daemon is shutting down"); }
absl::Status Unwanted() { return absl::CancelledError("cancelled by the caller"); }

}  // namespace

ResidentModel::~ResidentModel() {
  // First the memory, then its reservation, then the word that it is free.
  module.reset();
  engine.reset();
  text.reset();
  reservation = scheduler::Reservation();
  if (on_gone) on_gone();
}

// ---- ModelUse

ModelUse::ModelUse(ModelStore* store, std::shared_ptr<ResidentModel> model)
    : store_(store), model_(std::move(model)) {}

ModelUse::ModelUse(ModelUse&& other) noexcept
    : store_(std::exchange(other.store_, nullptr)), model_(std::move(other.model_)) {}

ModelUse& ModelUse::operator=(ModelUse&& other) noexcept {
  if (this == &other) return *this;
  Reset();
  store_ = std::exchange(other.store_, nullptr);
  model_ = std::move(other.model_);
  return *this;
}

ModelUse::~ModelUse() { Reset(); }

void ModelUse::Reset() {
  if (store_ != nullptr && model_ != nullptr) store_->Release(model_.get());
  store_ = nullptr;
  model_.reset();
}

// ---- ModelStore

ModelStore::ModelStore(StoreOptions options, ModelLoader load_model, TextLoader load_text, std::string cache_directory,
                       const Clock& clock, scheduler::MemoryBudget* budget, ModelHost host)
    : load_model_(std::move(load_model)),
      load_text_(std::move(load_text)),
      clock_(clock),
      budget_(budget),
      host_(std::move(host)),
      digests_(std::move(cache_directory)),
      options_(std::move(options)) {
  thread_ = std::thread([this] { Run(); });
}

ModelStore::~ModelStore() { Stop(); }

void ModelStore::Stop() {
  std::vector<Waiter> waiters;
  std::vector<std::function<void()>> after;
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.NotifyAll();
  if (thread_.joinable()) thread_.join();
  {
    MutexLock lock(mutex_);
    for (const EntryPtr& entry : entries_) {
      for (Waiter& waiter : entry->waiters) waiters.push_back(std::move(waiter));
      for (auto& callback : entry->after) after.push_back(std::move(callback));
      entry->waiters.clear();
      entry->after.clear();
    }
    pending_.clear();
  }
  for (Waiter& waiter : waiters) waiter.done(Stopped());
  for (auto& callback : after) callback();
}

ModelStore::EntryPtr ModelStore::FindLocked(const std::string& name) const {
  for (const EntryPtr& entry : entries_) {
    if (std::find(entry->names.begin(), entry->names.end(), name) != entry->names.end()) return entry;
  }
  return nullptr;
}

ModelStore::EntryPtr ModelStore::FindPathLocked(const std::string& path) const {
  for (const EntryPtr& entry : entries_) {
    if (entry->path == path) return entry;
  }
  return nullptr;
}

ModelUse ModelStore::UseLocked(const EntryPtr& entry) {
  ++entry->active;
  return ModelUse(this, entry->model);
}

void ModelStore::Release(const ResidentModel* model) {
  bool wake = false;
  {
    MutexLock lock(mutex_);
    for (const EntryPtr& entry : entries_) {
      if (entry->model.get() != model) continue;
      --entry->active;
      entry->last_used = clock_.Now();
      entry->last_used_wall = clock_.WallNow();
      wake = entry->active == 0;
    }
  }
  if (wake) wake_.NotifyAll();
}

void ModelStore::Load(const LoadRequest& request, ProgressCallback progress, UseCallback done) {
  if (!request.name.empty() && !IsModelName(request.name)) {
    return done(InvalidArgument("'{}' cannot name a model; use letters, digits and ._:-", request.name));
  }
  absl::StatusOr<ModelFiles> files = FindModelFiles(request.path, request.open);
  if (!files.ok()) return done(files.status());
  if (!request.name.empty()) files->name = request.name;
  const absl::Status status = JoinOrStart(
      *std::move(files), request.name, request.keep_alive,
      Waiter{.progress = std::move(progress), .done = done, .wanted = request.wanted, .counted = true});
  if (!status.ok()) done(status);
}

absl::Status ModelStore::JoinLocked(const EntryPtr& entry, const ModelFiles& files, const std::string& name,
                                    bool counted, std::optional<Duration> keep_alive) {
  if (entry->path != files.path) {
    return FailedPrecondition("the name '{}' is taken by {}; choose another name, or unload that model first",
                              files.name, entry->path);
  }
  if (!SameFile(entry->stat, files.program.stat)) {
    return FailedPrecondition("{} changed since it was loaded as '{}'; unload it first", files.program.path,
                              entry->names.front());
  }
  if (!name.empty() && FindLocked(name) == nullptr) entry->names.push_back(name);
  if (counted) ++entry->uses;
  if (keep_alive) entry->keep_alive = *keep_alive;
  return absl::OkStatus();
}

absl::Status ModelStore::JoinOrStart(ModelFiles files, const std::string& name, std::optional<Duration> keep_alive,
                                     Waiter waiter) {
  const bool counted = waiter.counted;
  std::optional<ModelUse> ready;
  {
    MutexLock lock(mutex_);
    if (stop_) return Stopped();
    // Under the lock: a DropUnwanted that follows finds the waiter.
    if (!waiter.Wants()) return Unwanted();
    EntryPtr entry = FindLocked(files.name);
    if (entry == nullptr) entry = FindPathLocked(files.path);
    if (entry != nullptr && entry->state == ModelState::kUnloading) {
      auto shared = std::make_shared<ModelFiles>(std::move(files));
      entry->after.push_back([this, shared, name, keep_alive, waiter] {
        const absl::Status status = JoinOrStart(std::move(*shared), name, keep_alive, waiter);
        if (!status.ok()) waiter.done(status);
      });
      return absl::OkStatus();
    }
    if (entry != nullptr) {
      ETD_RETURN_IF_ERROR(JoinLocked(entry, files, name, counted, keep_alive));
      if (entry->state == ModelState::kReady) {
        ready = UseLocked(entry);
      } else {
        entry->waiters.push_back(waiter);
      }
    } else {
      entry = std::make_shared<Entry>();
      entry->names.push_back(files.name);
      entry->path = files.path;
      entry->uses = counted ? 1 : 0;
      entry->keep_alive = keep_alive.value_or(counted ? options_.load_keep_alive : options_.keep_alive);
      entry->file_bytes = files.total_bytes();
      entry->stat = files.program.stat;
      entry->waiters.push_back(waiter);
      entries_.push_back(entry);
      pending_.push_back(Pending{.entry = entry, .files = std::move(files)});
      wake_.NotifyAll();
    }
  }
  if (ready) waiter.done(*std::move(ready));
  return absl::OkStatus();
}

void ModelStore::Acquire(const std::string& name, UseCallback done, StillWanted wanted) {
  std::optional<ModelUse> ready;
  const Waiter waiter{.progress = nullptr, .done = done, .wanted = wanted, .counted = false};
  {
    MutexLock lock(mutex_);
    if (stop_) return done(Stopped());
    if (!waiter.Wants()) return done(Unwanted());
    if (const EntryPtr entry = FindLocked(name)) {
      switch (entry->state) {
        case ModelState::kReady:
          ready = UseLocked(entry);
          break;
        case ModelState::kLoading:
          entry->waiters.push_back(waiter);
          return;
        case ModelState::kUnloading:
        case ModelState::kAvailable:
          entry->after.push_back([this, name, done, wanted] { Acquire(name, done, wanted); });
          return;
      }
    }
  }
  if (ready) return done(*std::move(ready));
  absl::StatusOr<ModelFiles> files = FindInDirectories(name);
  if (!files.ok()) return done(files.status());
  files->name = name;
  const absl::Status status = JoinOrStart(*std::move(files), name, std::nullopt, waiter);
  if (!status.ok()) done(status);
}

void ModelStore::DropUnwanted() {
  std::vector<Waiter> dropped;
  {
    MutexLock lock(mutex_);
    for (const EntryPtr& entry : entries_) {
      std::vector<Waiter>& waiters = entry->waiters;
      const auto gone =
          std::stable_partition(waiters.begin(), waiters.end(), [](const Waiter& waiter) { return waiter.Wants(); });
      for (auto waiter = gone; waiter != waiters.end(); ++waiter) {
        if (waiter->counted) --entry->uses;
        dropped.push_back(std::move(*waiter));
      }
      waiters.erase(gone, waiters.end());
    }
  }
  // The load may wait for memory to come.
  if (!dropped.empty()) wake_.NotifyAll();
  for (const Waiter& waiter : dropped) waiter.done(Unwanted());
}

void ModelStore::Unload(const std::string& name, bool force, std::function<void(absl::StatusOr<UnloadResult>)> done) {
  EntryPtr entry;
  {
    MutexLock lock(mutex_);
    entry = FindLocked(name);
    if (entry != nullptr && entry->state == ModelState::kLoading) {
      // Waits for the load, then comes again.
      const auto again = [this, name, force, done](auto use) {
        if (use.ok()) *use = ModelUse();
        Unload(name, force, done);
      };
      entry->waiters.push_back(Waiter{.progress = nullptr, .done = again, .wanted = nullptr});
      return;
    }
    if (entry != nullptr && entry->state == ModelState::kReady) {
      entry->uses = force || entry->uses == 0 ? 0 : entry->uses - 1;
      if (entry->uses > 0) {
        const UnloadResult result{.uses = entry->uses, .unloaded = false};
        entry.reset();
        lock.Unlock();
        return done(result);
      }
      if (force || entry->active == 0) {
        entry->after.push_back([done] { done(UnloadResult{.uses = 0, .unloaded = true}); });
      }
    }
  }
  if (entry == nullptr) return done(NotFound("no model '{}' is loaded; {}", name, KnownNames()));
  const bool waits = force || [&] {
    MutexLock lock(mutex_);
    return entry->state == ModelState::kReady && entry->active == 0;
  }();
  StartUnload(entry, force);
  if (!waits) done(UnloadResult{.uses = 0, .unloaded = false});
}

bool ModelStore::MarkUnloadingLocked(const EntryPtr& entry) {
  if (entry->state != ModelState::kReady || stop_) return false;
  entry->state = ModelState::kUnloading;
  return true;
}

void ModelStore::StartUnload(const EntryPtr& entry, bool force) {
  uint64_t id = 0;
  {
    MutexLock lock(mutex_);
    const bool first = MarkUnloadingLocked(entry);
    // A forced unload overtakes one that waits for running requests.
    if (!first && (!force || stop_ || entry->state != ModelState::kUnloading)) return;
    id = entry->model->id;
    if (!first) {
      lock.Unlock();
      return host_.remove(id, true, nullptr);
    }
  }
  host_.remove(id, force, [this, entry] { Gone(entry); });
}

void ModelStore::Gone(const EntryPtr& entry) {
  std::vector<std::function<void()>> after;
  {
    MutexLock lock(mutex_);
    std::erase(entries_, entry);
    graveyard_.push_back(std::move(entry->model));
    ++unloads_;
    after.swap(entry->after);
    // The callbacks may open files or load: not on the scheduler's thread.
    for (auto& callback : after) {
      pending_after_.push_back(std::move(callback));
    }
  }
  wake_.NotifyAll();
}

ModelStore::EntryPtr ModelStore::OldestEvictableLocked() const {
  EntryPtr oldest;
  for (const EntryPtr& entry : entries_) {
    if (entry->state != ModelState::kReady || entry->active > 0 || entry->uses > 0) continue;
    if (oldest == nullptr || entry->last_used < oldest->last_used) oldest = entry;
  }
  return oldest;
}

bool ModelStore::BeginToFree(bool busy_too) {
  EntryPtr entry;
  {
    MutexLock lock(mutex_);
    if (stop_) return false;
    for (const EntryPtr& other : entries_) {
      if (other->state == ModelState::kUnloading && (busy_too || other->active == 0)) return true;
    }
    if (!graveyard_.empty()) return true;
    entry = OldestEvictableLocked();
  }
  if (entry == nullptr) return false;
  StartUnload(entry, false);
  return true;
}

void ModelStore::SetOptions(StoreOptions options) {
  MutexLock lock(mutex_);
  options_ = std::move(options);
}

uint64_t ModelStore::loads() const {
  MutexLock lock(mutex_);
  return loads_;
}

uint64_t ModelStore::unloads() const {
  MutexLock lock(mutex_);
  return unloads_;
}

// ---- Lists

ModelView ModelStore::ViewLocked(const Entry& entry) const {
  ModelView view;
  view.name = entry.names.front();
  view.path = entry.path;
  view.state = entry.state;
  view.uses = entry.uses;
  view.active = entry.active;
  view.keep_alive = entry.keep_alive;
  view.last_used = entry.last_used_wall;
  view.file_bytes = entry.file_bytes;
  view.model = entry.model;
  return view;
}

std::vector<ModelView> ModelStore::List() const {
  std::vector<ModelView> views;
  std::vector<std::string> directories;
  {
    MutexLock lock(mutex_);
    for (const EntryPtr& entry : entries_) views.push_back(ViewLocked(*entry));
    directories = options_.directories;
  }
  for (AvailableModel& available : ListAvailable(directories)) {
    const bool known = std::any_of(views.begin(), views.end(), [&](const ModelView& view) {
      return view.path == available.path || view.name == available.name;
    });
    if (known) continue;
    ModelView view;
    view.name = std::move(available.name);
    view.path = std::move(available.path);
    views.push_back(std::move(view));
  }
  return views;
}

absl::StatusOr<ModelView> ModelStore::Get(const std::string& name) const {
  {
    MutexLock lock(mutex_);
    if (const EntryPtr entry = FindLocked(name)) return ViewLocked(*entry);
  }
  for (ModelView& view : List()) {
    if (view.name == name) return std::move(view);
  }
  return NotFound("there is no model '{}'; {}", name, KnownNames());
}

std::string ModelStore::NameOf(uint64_t id) const {
  MutexLock lock(mutex_);
  for (const EntryPtr& entry : entries_) {
    if (entry->model != nullptr && entry->model->id == id) return entry->names.front();
  }
  return "";
}

std::string ModelStore::KnownNames() const {
  std::string names;
  for (const ModelView& view : List()) names += (names.empty() ? "" : ", ") + view.name;
  return names.empty() ? "none is loaded: load one with `etctl load PATH`" : "there are: " + names;
}

absl::StatusOr<ModelFiles> ModelStore::FindInDirectories(const std::string& name) const {
  std::vector<std::string> directories;
  {
    MutexLock lock(mutex_);
    directories = options_.directories;
  }
  for (const AvailableModel& available : ListAvailable(directories)) {
    if (available.name == name) return FindModelFiles(available.path, auth::OpenForDaemon);
  }
  if (name.empty()) return InvalidArgument("name a model; {}", KnownNames());
  return NotFound("there is no model '{}'; {}", name, KnownNames());
}

}  // namespace etd::models
