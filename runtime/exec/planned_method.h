// A method on the planned path, as a Method: its own state over an executor that all instances share.
#ifndef ETD_RUNTIME_EXEC_PLANNED_METHOD_H_
#define ETD_RUNTIME_EXEC_PLANNED_METHOD_H_

#include <memory>

#include "absl/status/statusor.h"
#include "runtime/exec/graph_executor.h"
#include "runtime/exec/method.h"

namespace etd::exec {

// Makes the graph of `method`, runs the passes over it and returns its executor. Errors: UNIMPLEMENTED where only the
// reference path can run it; INVALID_ARGUMENT, RESOURCE_EXHAUSTED.
absl::StatusOr<std::shared_ptr<GraphExecutor>> CompileMethod(std::shared_ptr<LoadedProgram> program,
                                                             const program::MethodSpec& method);
// The graph that CompileMethod executes, for passes that go on from there.
absl::StatusOr<graph::Graph> OptimisedGraph(LoadedProgram& program, const program::MethodSpec& method);

// Not thread-safe; instances of one executor must not run at the same time.
class PlannedMethod final : public Method {
 public:
  // `shared` outlives the method. Errors: RESOURCE_EXHAUSTED.
  static absl::StatusOr<std::unique_ptr<PlannedMethod>> Create(std::shared_ptr<GraphExecutor> executor,
                                                               const program::Program& program,
                                                               const program::MethodSpec& spec, SharedArenas& shared);

  const program::MethodSpec& spec() const override { return spec_; }
  absl::Status Execute(std::span<const Argument> arguments) override;
  const tensor::Value& output(size_t i) const override { return executor_->value(executor_->graph().outputs[i]); }

 private:
  PlannedMethod(std::shared_ptr<GraphExecutor> executor, const program::MethodSpec& spec)
      : executor_(std::move(executor)), spec_(spec) {}

  std::shared_ptr<GraphExecutor> executor_;
  const program::MethodSpec& spec_;
  SessionState state_;
};

}  // namespace etd::exec

#endif  // ETD_RUNTIME_EXEC_PLANNED_METHOD_H_
