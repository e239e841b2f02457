// The planned path: runs a method's graph with an activation plan for the rows that a step really has.
#ifndef ETD_RUNTIME_EXEC_GRAPH_EXECUTOR_H_
#define ETD_RUNTIME_EXEC_GRAPH_EXECUTOR_H_

#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/exec/arguments.h"
#include "runtime/exec/loaded_program.h"
#include "runtime/exec/session_state.h"
#include "runtime/graph/graph.h"
#include "runtime/memory/arena.h"

namespace etd::exec {

// Runs the stages of a graph that was cut for several sessions (graph/passes/stages.h).
class StageHost {
 public:
  virtual ~StageHost() = default;
  // The values that the stage reads and writes have their memory. An error ends the run.
  virtual absl::Status RunStage(size_t stage) = 0;
};

// One per method of a model, whatever the number of sessions: activations exist once, state is bound for each call.
// Not thread-safe.
//
// Everything is resolved when the executor is made. A call whose inputs have the shapes of the call before only computes;
// other shapes first get a plan: every operator is prepared, then buffers are laid out by liveness. What depends on
// constants alone is computed once, at creation.
class GraphExecutor {
 public:
  // Takes a graph without dense nodes; one with stages needs a `host`, which outlives the executor. Errors:
  // INVALID_ARGUMENT, UNIMPLEMENTED, RESOURCE_EXHAUSTED.
  static absl::StatusOr<std::unique_ptr<GraphExecutor>> Create(std::shared_ptr<LoadedProgram> program,
                                                               graph::Graph graph, StageHost* host = nullptr);

  const graph::Graph& graph() const { return graph_; }
  const StateLayout& state_layout() const { return state_layout_; }

  // Gives input i (of the graph's inputs) a shape; its memory is then written through `value`. Cheap when unchanged.
  // Errors: INVALID_ARGUMENT where the rank is wrong or the bound is exceeded.
  absl::Status ResizeInput(size_t i, std::span<const int32_t> sizes);
  // The same for an input whose memory the caller sets before each run (Tensor::set_raw).
  absl::Status ShapeInput(size_t i, std::span<const int32_t> sizes);
  // Plans for the inputs' present shapes without running: every value has its shape then. Errors: what operators say.
  absl::Status PlanNow() { return planned_ ? absl::OkStatus() : Plan(); }
  // An input (after ResizeInput), an output (after Run) or any other value.
  tensor::Value& value(graph::ValueId id) { return values_[id]; }
  const tensor::Value& value(graph::ValueId id) const { return values_[id]; }

  // Computes with `state` (of this executor's layout). Errors leave outputs undefined.
  absl::Status Run(const SessionState& state);
  // Run in parts: binds the state, then runs the nodes [begin, end) of the graph. Plan with PlanNow before.
  void BindState(const SessionState& state);
  absl::Status RunNodes(size_t begin, size_t end);

  // Replaces what depends on constants alone by constants in `graph`, the graph that this executor was made of. Their bytes
  // live as long as the result.
  std::shared_ptr<const memory::Arena> FoldConstants(graph::Graph& graph) const;

  // Bytes of the activation arena that hold memory.
  size_t ResidentBytes() const {
    return arena_.ResidentBytes() + (constants_ != nullptr ? constants_->ResidentBytes() : 0);
  }

 private:
  enum class NumberSource : uint8_t { kConstant, kShape, kData };
  struct Step {
    size_t node = 0;                         // of the graph
    const kernel::Kernel* kernel = nullptr;  // null for regions
    std::vector<tensor::Value*> arguments;
    kernel::KernelContext context{{}, nullptr, nullptr, nullptr};
    std::unique_ptr<graph::Region> region;
    const graph::StageNode* stage = nullptr;
    std::vector<tensor::Tensor*> externals;
    std::vector<graph::ValueId> writes;
    bool alias = false;            // a view: the output's memory is the input's
    bool shape_number = false;     // computes numbers from shapes: part of planning
    bool prepare_each_run = false;  // numbers that change from call to call must be checked again
    bool late = false;             // shapes of the outputs are only known when the step runs
  };

  GraphExecutor(std::shared_ptr<LoadedProgram> program, graph::Graph graph, StageHost* host)
      : program_(std::move(program)), graph_(std::move(graph)), host_(host), random_(program_->environment().random_seed) {}

  absl::Status MakeValues();
  absl::Status MakeSteps();
  absl::StatusOr<Step> MakeStep(graph::Node& node);
  void Classify(const graph::Node& node, Step& step);
  absl::Status RunConstantSteps();
  absl::Status Plan();
  absl::Status BindBuffers();
  absl::Status PrepareStep(Step& step);
  absl::Status ShapeStage(const graph::StageNode& stage);
  absl::Status RunStep(Step& step);

  std::shared_ptr<LoadedProgram> program_;
  graph::Graph graph_;
  StageHost* const host_;
  StateLayout state_layout_;
  std::unique_ptr<tensor::Value[]> values_;
  std::vector<Step> constant_steps_;
  std::vector<Step> steps_;
  std::vector<NumberSource> number_source_;  // by value
  std::vector<bool> late_value_;             // by value: shape only known at run time
  std::vector<bool> constant_value_;         // by value: there before the first call
  std::vector<graph::ValueId> alias_root_;   // by value: itself, or the value whose memory it shows
  std::vector<memory::ScratchBuffer> input_buffers_;
  memory::Arena arena_;
  std::shared_ptr<const memory::Arena> constants_;
  memory::ScratchBuffer scratch_;
  kernel::RandomStream random_;
  bool planned_ = false;
};

}  // namespace etd::exec

#endif  // ETD_RUNTIME_EXEC_GRAPH_EXECUTOR_H_
