// The reference path: a method's instruction list executed as it stands, at the places in memory that the file planned.
#ifndef ETD_RUNTIME_EXEC_REFERENCE_METHOD_H_
#define ETD_RUNTIME_EXEC_REFERENCE_METHOD_H_

#include <deque>
#include <memory>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/exec/arguments.h"
#include "runtime/exec/loaded_program.h"
#include "runtime/exec/method.h"
#include "runtime/exec/value_table.h"
#include "runtime/memory/arena.h"

namespace etd::exec {

// The memory of one session that all methods see: memory ids from 2 on.
class SharedArenas {
 public:
  // The arena of `memory_id` (≥ 2), made on first use and grown to the largest method's size at creation time: every
  // method must ask before any runs. Errors: RESOURCE_EXHAUSTED.
  absl::StatusOr<std::byte*> Get(const program::Program& program, uint32_t memory_id);

 private:
  std::vector<memory::Arena> arenas_;  // by memory id - 2
};

// Slow where the planned path is fast, and right where that one must be: every pass is tested against it. Not thread-safe.
class ReferenceMethod final : public Method {
 public:
  // `shared` outlives the method. Errors: INVALID_ARGUMENT (arguments that an operator can't take), UNIMPLEMENTED,
  // RESOURCE_EXHAUSTED.
  static absl::StatusOr<std::unique_ptr<ReferenceMethod>> Create(std::shared_ptr<LoadedProgram> program,
                                                                 const program::MethodSpec& spec, SharedArenas& shared);

  const program::MethodSpec& spec() const override { return spec_; }
  absl::Status Execute(std::span<const Argument> arguments) override;
  const tensor::Value& output(size_t i) const override { return values_[spec_.outputs[i]]; }

 private:
  struct KernelStep {
    const kernel::Kernel* kernel;
    std::vector<tensor::Value*> arguments;
    kernel::KernelContext context;
  };
  struct DelegateStep {
    graph::Region* region;
    std::vector<tensor::Value*> arguments;
    std::vector<tensor::Tensor*> externals;
  };
  using Step = std::variant<KernelStep, DelegateStep, program::MoveCall, program::JumpFalseCall, program::FreeCall>;

  ReferenceMethod(std::shared_ptr<LoadedProgram> program, const program::MethodSpec& spec)
      : program_(std::move(program)), spec_(spec), random_(program_->environment().random_seed) {}
  absl::Status BindMemory(SharedArenas& shared);
  absl::Status AddKernelStep(const program::KernelCall& call);
  absl::Status AddDelegateStep(const program::DelegateCall& call);
  absl::Status RunStep(Step& step, size_t& next);

  std::shared_ptr<LoadedProgram> program_;
  const program::MethodSpec& spec_;
  ValueTable values_;
  memory::Arena arena_;  // memory id 1
  memory::ScratchBuffer scratch_;
  kernel::RandomStream random_;
  InputBinder inputs_;
  std::vector<std::unique_ptr<graph::Region>> regions_;  // by delegate; null until used
  std::deque<Step> steps_;
};

}  // namespace etd::exec

#endif  // ETD_RUNTIME_EXEC_REFERENCE_METHOD_H_
