// What the store of models is given by daemon/app: how files become models. It knows neither programs nor backends.
#ifndef ETD_DAEMON_MODELS_LOADER_H_
#define ETD_DAEMON_MODELS_LOADER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "daemon/models/model_files.h"
#include "daemon/models/model_text.h"
#include "runtime/engine/engine.h"

namespace etd::models {

struct LoadedModel {
  std::unique_ptr<engine::Engine> engine;  // null where the program is no causal language model
  std::unique_ptr<engine::Module> module;
  uint64_t memory_bytes = 0;               // held by both
};

// `stage` is a word for people; `total` may be 0 where it is not known.
using ProgressCallback = std::function<void(std::string_view stage, uint64_t completed, uint64_t total)>;

// The same for whoever does the work: an error means that nobody waits for the result any more, and is to be returned
// at once.
using Checkpoint = std::function<absl::Status(std::string_view stage, uint64_t completed, uint64_t total)>;

// Called on the store's thread, never on the scheduler's; may take as long as it takes, with checkpoints on the way.
using ModelLoader = std::function<absl::StatusOr<LoadedModel>(const ModelFiles& files, const Checkpoint& checkpoint)>;
// Null where the files have no tokenizer.
using TextLoader = std::function<absl::StatusOr<std::shared_ptr<const ModelText>>(const ModelFiles& files)>;

// The scheduler, as the store sees it. None of these blocks.
struct ModelHost {
  std::function<void(uint64_t id, const std::string& name, std::shared_ptr<engine::Engine> engine)> add;
  // `done` is called, on any thread, when nothing of the scheduler holds the engine any more.
  std::function<void(uint64_t id, bool force, std::function<void()> done)> remove;
  std::function<void()> memory_freed;
};

}  // namespace etd::models

#endif  // ETD_DAEMON_MODELS_LOADER_H_
