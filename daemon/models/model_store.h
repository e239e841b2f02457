// The models of the daemon: loading, sharing, keeping and giving back.
#ifndef ETD_DAEMON_MODELS_MODEL_STORE_H_
#define ETD_DAEMON_MODELS_MODEL_STORE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/models/available.h"
#include "daemon/models/digests.h"
#include "daemon/models/loader.h"
#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"
#include "scheduler/budget/memory_budget.h"

namespace etd::models {

// A loaded model; everything in it may be read from any thread, the engine and module only as their headers say.
struct ResidentModel {
  uint64_t id = 0;
  std::string name;
  std::string path;
  std::shared_ptr<engine::Engine> engine;     // may be null
  std::shared_ptr<engine::Module> module;     // may be null
  std::shared_ptr<const ModelText> text;      // may be null
  GenerationDefaults defaults;                // the manifest's before those of the text's files
  std::vector<int32_t> end_tokens;            // sorted union of files and program
  std::string manifest_json;
  std::string sha256;                         // of the program; may be empty
  uint64_t file_bytes = 0;
  uint64_t memory_bytes = 0;
  scheduler::Reservation reservation;         // goes with the memory
  WallTime loaded_at{};
  std::function<void()> on_gone;

  ~ResidentModel();
};

enum class ModelState : uint8_t { kAvailable, kLoading, kReady, kUnloading };

struct ModelView {
  std::string name;
  std::string path;
  ModelState state = ModelState::kAvailable;
  uint32_t uses = 0;
  uint32_t active = 0;
  Duration keep_alive{};                      // zero: for ever
  WallTime last_used{};
  uint64_t file_bytes = 0;
  std::shared_ptr<const ResidentModel> model;  // when ready or unloading
};

class ModelStore;

// Counts as a request of the model for as long as it lives: the model is not unloaded for idleness or lack of memory.
class [[nodiscard]] ModelUse {
 public:
  ModelUse() = default;
  ModelUse(ModelStore* store, std::shared_ptr<ResidentModel> model);
  ModelUse(ModelUse&& other) noexcept;
  ModelUse& operator=(ModelUse&& other) noexcept;
  ~ModelUse();

  explicit operator bool() const { return model_ != nullptr; }
  const ResidentModel& operator*() const { return *model_; }
  const ResidentModel* operator->() const { return model_.get(); }
  const std::shared_ptr<ResidentModel>& shared() const { return model_; }

 private:
  void Reset();
  ModelStore* store_ = nullptr;
  std::shared_ptr<ResidentModel> model_;
};

struct StoreOptions {
  std::vector<std::string> directories;
  Duration keep_alive{};        // of models loaded on demand; zero: for ever
  Duration load_keep_alive{};   // of others, unless the request says
};

// Whether the caller still waits. Any thread; must not block.
using StillWanted = std::function<bool()>;

struct LoadRequest {
  std::string path;
  std::string name;                        // empty: the manifest's or the file's
  std::optional<Duration> keep_alive;      // zero: for ever
  FileOpener open;                         // as the caller may
  StillWanted wanted;                      // may be null: always
};

struct UnloadResult {
  uint32_t uses = 0;
  bool unloaded = false;
};

// Thread-safe. Callbacks are called without locks held, on the caller's thread or the store's own.
class ModelStore {
 public:
  using UseCallback = std::function<void(absl::StatusOr<ModelUse>)>;

  // Borrows `clock` and `budget`, which must outlive the store.
  ModelStore(StoreOptions options, ModelLoader load_model, TextLoader load_text, std::string cache_directory,
             const Clock& clock, scheduler::MemoryBudget* budget, ModelHost host);
  ~ModelStore();
  // Ends the store's thread and fails what waits for it; nothing is loaded any more, and the host is not called again.
  void Stop();

  // Loads, or adds a use to what is loaded. Opens the files on the calling thread. `done` gets a use of the model.
  void Load(const LoadRequest& request, ProgressCallback progress, UseCallback done);
  // A use of the model named so, which is loaded from the model directories if need be. NOT_FOUND names what there is.
  // `wanted` may be null: always.
  void Acquire(const std::string& name, UseCallback done, StillWanted wanted = nullptr);
  // To be called when a `wanted` has become false: who waits for a load and does not want it any more gets CANCELLED
  // at once, on this thread. A load that nobody waits for ends at its next checkpoint.
  void DropUnwanted();
  // NOT_FOUND, FAILED_PRECONDITION (no uses to take away, without `force`).
  void Unload(const std::string& name, bool force, std::function<void(absl::StatusOr<UnloadResult>)> done);

  std::vector<ModelView> List() const;
  absl::StatusOr<ModelView> Get(const std::string& name) const;
  // Of the model with this id; empty when it is gone.
  std::string NameOf(uint64_t id) const;

  // Begins to unload models that nobody counts on, not used for longest first. False when there is none, and none is
  // being unloaded that no request holds. Does not block.
  bool FreeMemory() { return BeginToFree(false); }
  void SetOptions(StoreOptions options);
  uint64_t loads() const;
  uint64_t unloads() const;

 private:
  friend class ModelUse;

  struct Waiter {
    ProgressCallback progress;  // may be null
    UseCallback done;
    StillWanted wanted;         // may be null
    bool counted = false;       // stands for one of the entry's uses

    bool Wants() const { return !wanted || wanted(); }
  };
  struct Entry {
    std::vector<std::string> names;   // the first is the model's own
    std::string path;
    ModelState state = ModelState::kLoading;
    uint32_t uses = 0;
    uint32_t active = 0;
    Duration keep_alive{};
    TimePoint last_used{};
    WallTime last_used_wall{};
    uint64_t file_bytes = 0;
    struct stat stat = {};            // of the program
    std::shared_ptr<ResidentModel> model;
    std::vector<Waiter> waiters;                   // for the load; without any it is given up
    std::vector<std::function<void()>> after;      // for the end of the unload
  };
  using EntryPtr = std::shared_ptr<Entry>;

  struct Pending {
    EntryPtr entry;
    ModelFiles files;
  };

  EntryPtr FindLocked(const std::string& name) const ETD_REQUIRES(mutex_);
  EntryPtr FindPathLocked(const std::string& path) const ETD_REQUIRES(mutex_);
  // Joins or starts the load of `files`. The reason why not as a status.
  absl::Status JoinOrStart(ModelFiles files, const std::string& name, std::optional<Duration> keep_alive,
                           Waiter waiter);
  absl::Status JoinLocked(const EntryPtr& entry, const ModelFiles& files, const std::string& name, bool counted,
                          std::optional<Duration> keep_alive) ETD_REQUIRES(mutex_);
  ModelUse UseLocked(const EntryPtr& entry) ETD_REQUIRES(mutex_);
  void Release(const ResidentModel* model);
  void StartUnload(const EntryPtr& entry, bool force) ETD_EXCLUDES(mutex_);
  bool MarkUnloadingLocked(const EntryPtr& entry) ETD_REQUIRES(mutex_);
  void Gone(const EntryPtr& entry);
  // As FreeMemory; with `busy_too` a model that is being unloaded but still held counts as memory that comes.
  bool BeginToFree(bool busy_too);
  EntryPtr OldestEvictableLocked() const ETD_REQUIRES(mutex_);
  ModelView ViewLocked(const Entry& entry) const ETD_REQUIRES(mutex_);
  absl::StatusOr<ModelFiles> FindInDirectories(const std::string& name) const;
  std::string KnownNames() const;

  // The store's thread.
  void Run();
  void RunLoad(Pending pending);
  absl::StatusOr<std::shared_ptr<ResidentModel>> LoadFiles(const EntryPtr& entry, const ModelFiles& files);
  absl::Status CheckDigests(const EntryPtr& entry, const ModelFiles& files);
  absl::StatusOr<scheduler::Reservation> ReserveFor(const EntryPtr& entry, const std::string& name, uint64_t bytes);
  absl::Status Grow(const EntryPtr& entry, scheduler::Reservation* reservation, uint64_t bytes);
  // False where nothing can be evicted, or the entry's load is to end.
  bool EvictOne(const EntryPtr& entry);
  // Why the entry's load is to end: CANCELLED when nobody waits for it, UNAVAILABLE when the store stops.
  absl::Status StillNeeded(const EntryPtr& entry) const;
  // StillNeeded, and a report.
  absl::Status Pass(const EntryPtr& entry, std::string_view stage, uint64_t completed, uint64_t total);
  void Report(const EntryPtr& entry, std::string_view stage, uint64_t completed, uint64_t total);
  void ExpireIdle();
  Duration UntilNextExpiryLocked() const ETD_REQUIRES(mutex_);

  const ModelLoader load_model_;
  const TextLoader load_text_;
  const Clock& clock_;
  scheduler::MemoryBudget* const budget_;
  const ModelHost host_;
  DigestCache digests_;

  mutable Mutex mutex_;
  CondVar wake_;                                   // the thread has something to do
  StoreOptions options_ ETD_GUARDED_BY(mutex_);
  std::vector<EntryPtr> entries_ ETD_GUARDED_BY(mutex_);
  std::deque<Pending> pending_ ETD_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<ResidentModel>> graveyard_ ETD_GUARDED_BY(mutex_);  // destroyed by the thread
  std::vector<std::function<void()>> pending_after_ ETD_GUARDED_BY(mutex_);  // called by the thread
  uint64_t next_id_ ETD_GUARDED_BY(mutex_) = 1;
  uint64_t gone_count_ ETD_GUARDED_BY(mutex_) = 0;
  uint64_t loads_ ETD_GUARDED_BY(mutex_) = 0;
  uint64_t unloads_ ETD_GUARDED_BY(mutex_) = 0;
  bool stop_ ETD_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace etd::models

#endif  // ETD_DAEMON_MODELS_MODEL_STORE_H_
