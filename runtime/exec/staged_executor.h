// Runs steps that have rows of several sessions: what does not mix rows once for all of them.
#ifndef ETD_RUNTIME_EXEC_STAGED_EXECUTOR_H_
#define ETD_RUNTIME_EXEC_STAGED_EXECUTOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/exec/graph_executor.h"
#include "runtime/exec/loaded_program.h"
#include "runtime/exec/session_state.h"
#include "runtime/graph/passes/stages.h"

namespace etd::exec {

// Of one session in a step.
struct SegmentRun {
  int32_t rows = 0;
  const SessionState* state = nullptr;
  absl::Status status = {};  // an error of this segment alone; its rows mean nothing then
};

// The wide graph runs on the rows of all segments, in the order of the segments; its stages run for one segment after the
// other, each on its own part of the rows and with its own state. A segment has a frame: an executor of the segment graph
// with the values that live from stage to stage. Frames are kept and used again, those of the right size first.
//
// Not thread-safe. A step: Begin, write the inputs, Run, read the outputs.
class StagedExecutor final : private StageHost {
 public:
  // Errors: those of GraphExecutor.
  static absl::StatusOr<std::unique_ptr<StagedExecutor>> Create(std::shared_ptr<LoadedProgram> program,
                                                                graph::StagedGraph graph);

  // Of the sessions' state.
  const StateLayout& state_layout() const { return frames_.front().executor->state_layout(); }
  const tensor::Value& state_value(graph::ValueId id) const { return frames_.front().executor->value(id); }

  // Gives all values their shapes. The segments are borrowed until the step has run. Errors: what operators say.
  absl::Status Begin(std::span<SegmentRun> segments);
  // A value with rows of all segments: an input after Begin, an output after Run.
  tensor::Value& wide_value(graph::ValueId id) { return wide_->value(id); }
  // A value that belongs to one segment: an input after Begin, an output after Run.
  tensor::Value& segment_value(size_t segment, graph::ValueId id) { return active_[segment]->value(id); }
  // An error of the whole step; those of segments are in their status.
  absl::Status Run();

  size_t ResidentBytes() const;

 private:
  struct Frame {
    std::unique_ptr<GraphExecutor> executor;
    int32_t rows = 0;    // what it is planned for; 0: nothing yet
    bool taken = false;  // in this step
  };

  StagedExecutor(std::shared_ptr<LoadedProgram> program, graph::StagedGraph graph)
      : program_(std::move(program)), graph_(std::move(graph)) {}
  absl::Status RunStage(size_t stage) override;
  absl::Status RunStageFor(const graph::Stage& stage, size_t segment);
  absl::Status AddFrame();
  absl::Status ChooseFrames();
  // Gives the segment a free frame: one that is `planned` for so many rows, if there is one, or any, which it plans.
  absl::Status TakeFrame(size_t segment, bool planned);
  absl::Status ShapeFrame(GraphExecutor& frame, int32_t rows);
  // The rows of a segment within a value of the wide graph, where they lie in one piece; else null.
  std::byte* RowsOf(const graph::RowPort& port, size_t segment);
  // Copies a segment's rows between the wide value and a frame's.
  void CopyRows(const graph::RowPort& port, size_t segment, std::byte* rows, bool to_wide);

  std::shared_ptr<LoadedProgram> program_;
  graph::StagedGraph graph_;
  std::unique_ptr<GraphExecutor> wide_;
  std::vector<Frame> frames_;                            // never empty
  std::vector<GraphExecutor*> active_;                   // by segment
  std::vector<int32_t> first_row_;                       // by segment
  std::span<SegmentRun> segments_;
  int32_t rows_ = 0;
  std::vector<memory::ScratchBuffer> gathered_;          // by row port of the stage that runs
};

}  // namespace etd::exec

#endif  // ETD_RUNTIME_EXEC_STAGED_EXECUTOR_H_
