// A program together with what its delegates made of their blobs: shared by all methods and sessions of a model.
#ifndef ETD_RUNTIME_EXEC_LOADED_PROGRAM_H_
#define ETD_RUNTIME_EXEC_LOADED_PROGRAM_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/exec/environment.h"
#include "runtime/graph/region.h"
#include "runtime/memory/arena.h"
#include "runtime/program/program.h"

namespace etd::exec {

// Not thread-safe. Lives as long as any method made from it (methods hold it by shared_ptr).
class LoadedProgram {
 public:
  // Checks that every operator and delegate of every method is known. Errors: UNIMPLEMENTED with all that is missing, by
  // name; RESOURCE_EXHAUSTED.
  static absl::StatusOr<std::shared_ptr<LoadedProgram>> Create(std::shared_ptr<const program::Program> program,
                                                               const Environment& environment);

  ~LoadedProgram();
  const program::Program& program() const { return *program_; }
  const Environment& environment() const { return environment_; }

  // The fragment of a delegate of `method`, read on first use. Errors: what the delegate's reader says.
  absl::StatusOr<const graph::Fragment*> FragmentOf(const program::MethodSpec& method, uint32_t delegate);
  // The compiler behind a delegate id that Create has found known.
  graph::RegionCompiler& CompilerOf(const std::string& delegate_id);

  // Memory for weights that an operator packs from `source`, the file's; the same for whoever asks again. `fresh` says that
  // it has still to be written. Errors: RESOURCE_EXHAUSTED.
  absl::StatusOr<std::byte*> PackedWeights(std::span<const std::byte> source, size_t bytes, bool* fresh);

  // Says that nothing more will be compiled: gives back the file pages of weights that were packed.
  absl::Status FinishCompiling();
  // Packed weights and the constants that stay in the file's mapping.
  uint64_t weight_bytes() const;

 private:
  LoadedProgram(std::shared_ptr<const program::Program> program, const Environment& environment);

  class NamedData;

  std::shared_ptr<const program::Program> program_;
  Environment environment_;
  std::unique_ptr<NamedData> named_data_;
  absl::flat_hash_map<std::string, std::unique_ptr<graph::RegionCompiler>> compilers_;
  absl::flat_hash_map<const program::DelegateSpec*, std::unique_ptr<graph::Fragment>> fragments_;
  struct Packed {
    std::span<const std::byte> source;
    memory::Arena memory;
  };
  absl::flat_hash_map<std::pair<const std::byte*, size_t>, Packed> packed_;  // by source and packed size
};

// What of `program` this process can't run: "operator aten::foo.out", "delegate VulkanBackend". Empty: nothing.
std::vector<std::string> MissingFeatures(const program::Program& program, const Environment& environment);

}  // namespace etd::exec

#endif  // ETD_RUNTIME_EXEC_LOADED_PROGRAM_H_
