// Calls of any method of a program, for Infer and etrun run.
#ifndef ETD_RUNTIME_LLM_PROGRAM_MODULE_H_
#define ETD_RUNTIME_LLM_PROGRAM_MODULE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "runtime/engine/engine.h"
#include "runtime/exec/graph_executor.h"
#include "runtime/exec/loaded_program.h"

namespace etd::llm {

// Threads as engine::Module says. A method is compiled when it is first called, once for all instances.
class ProgramModule final : public engine::Module {
 public:
  struct Options {
    bool reference = false;  // the instruction lists as they stand, for comparison
  };
  static absl::StatusOr<std::unique_ptr<ProgramModule>> Create(std::shared_ptr<exec::LoadedProgram> program,
                                                               const Options& options);

  std::span<const engine::MethodInfo> methods() const override { return methods_; }
  uint64_t weight_bytes() const override { return program_->weight_bytes(); }
  absl::StatusOr<std::unique_ptr<engine::Instance>> CreateInstance() override;

  // Compiles every method now, so that the first calls do not wait. Errors: those of compiling.
  absl::Status CompileAll();

 private:
  friend class ProgramInstance;
  ProgramModule(std::shared_ptr<exec::LoadedProgram> program, const Options& options)
      : program_(std::move(program)), options_(options) {}
  void DescribeMethods();
  // The executor of a method; null where it runs on the reference path.
  absl::StatusOr<std::shared_ptr<exec::GraphExecutor>> ExecutorOf(const program::MethodSpec& method);

  std::shared_ptr<exec::LoadedProgram> program_;
  Options options_;
  std::vector<engine::MethodInfo> methods_;
  absl::flat_hash_map<std::string, std::shared_ptr<exec::GraphExecutor>> executors_;
};

}  // namespace etd::llm

#endif  // ETD_RUNTIME_LLM_PROGRAM_MODULE_H_
