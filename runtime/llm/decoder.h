// Runs tokens of several sessions through a causal language model and gives the logits that are wanted.
#ifndef ETD_RUNTIME_LLM_DECODER_H_
#define ETD_RUNTIME_LLM_DECODER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/exec/graph_executor.h"
#include "runtime/exec/loaded_program.h"
#include "runtime/exec/reference_method.h"
#include "runtime/exec/session_state.h"
#include "runtime/exec/staged_executor.h"
#include "runtime/llm/causal_lm_shape.h"
#include "runtime/llm/row_trial.h"

namespace etd::llm {

// The state of one session.
struct DecoderSession {
  exec::SharedArenas shared;
  exec::SessionState state;
  std::unique_ptr<exec::ReferenceMethod> reference;  // only where the planned path can't run the model
  int64_t length = 0;  // positions filled
  // What was last measured of the state's memory, and at which length.
  uint64_t measured_bytes = 0;
  int64_t measured_length = 0;
};

// What one session does in a step.
struct DecoderSegment {
  DecoderSession* session = nullptr;
  std::span<const int32_t> tokens;
  int64_t wanted = 0;               // of how many tokens, from the last one on, logits are wanted
  // Results. `logits` are [wanted, vocabulary], valid until the next step.
  std::span<const float> logits = {};
  absl::Status status = {};
};

// Weights and activations exist once, whatever the number of sessions. Not thread-safe.
//
// On the planned path the graph is cut twice. Behind the last node that mixes rows it is split: the part behind (the last
// MLP, the vocabulary) runs only for rows whose logits are wanted. The part before is staged: what does not mix rows runs
// once for the rows of all sessions. Where nothing can be proved to be independent, sessions run one after the other. A
// row's logits depend neither on how the text was cut nor on the other sessions of a step.
class Decoder {
 public:
  // Errors: those of compiling the method; `reference_only` takes the instruction list as it stands.
  static absl::StatusOr<std::unique_ptr<Decoder>> Create(std::shared_ptr<exec::LoadedProgram> program,
                                                         CausalLmShape shape, bool reference_only);

  const CausalLmShape& shape() const { return shape_; }
  absl::StatusOr<std::unique_ptr<DecoderSession>> CreateSession();
  // Makes positions from `length` on as if they had never been. Errors: FAILED_PRECONDITION where caches forget.
  absl::Status Rewind(DecoderSession& session, int64_t length);
  bool can_rewind() const { return can_rewind_; }
  bool fuses_sessions() const { return staged_ != nullptr; }

  // Whether Step can run the segment: 1…max_segment_tokens tokens, ids in the vocabulary; where the program itself only
  // gives the last token's logits, `wanted` is at most 1. Errors: INVALID_ARGUMENT, OUT_OF_RANGE when the context is full.
  absl::Status Check(const DecoderSegment& segment) const;
  // Appends the tokens of segments that passed the check at their sessions' lengths; a session is in one segment at most.
  // Errors, by segment: whatever the program says. A session is as long as before then.
  void Step(std::span<DecoderSegment> segments);

  // Bytes of memory that a session's state holds. The system is asked every few hundred positions, which takes it as long as
  // some matrix products; between, what positions take is added.
  uint64_t StateBytes(DecoderSession& session) const;
  uint64_t state_bytes_per_token() const { return state_bytes_per_token_; }
  uint64_t state_bytes_fixed() const { return state_bytes_fixed_; }
  uint64_t ResidentBytes() const;

 private:
  Decoder(std::shared_ptr<exec::LoadedProgram> program, CausalLmShape shape)
      : program_(std::move(program)), shape_(std::move(shape)) {}
  absl::Status Compile();
  absl::Status CompileStaged(graph::Graph graph);
  absl::StatusOr<graph::Graph> SplitTail(const graph::Graph& graph, const RowTrial& trial);
  void MeasureState();
  const exec::StateLayout& state_layout() const;
  const tensor::Tensor& StateTensor(graph::ValueId id) const;

  // The error is the whole step's.
  absl::Status RunStaged(std::span<DecoderSegment> segments);
  void FillStagedInputs(std::span<DecoderSegment> segments);
  absl::Status GatherWanted(std::span<DecoderSegment> segments, int64_t wanted);
  absl::Status TakeLogits(std::span<DecoderSegment> segments);
  // Where the logits of a segment of the staged step lie, beside others' or alone.
  const tensor::Tensor& LogitsOf(size_t segment);
  absl::Status RunAlone(DecoderSegment& segment, size_t slot);
  absl::StatusOr<const tensor::Tensor*> RunPlanned(DecoderSegment& segment);
  absl::StatusOr<const tensor::Tensor*> RunReference(DecoderSegment& segment);
  void FillInputs(const DecoderSegment& segment);
  // Rows [first, first + count) of logits [.., rows, vocabulary] as float32; converted ones are kept in `slot`.
  absl::StatusOr<std::span<const float>> LogitRows(const tensor::Tensor& logits, int64_t first, int64_t count, size_t slot);

  std::shared_ptr<exec::LoadedProgram> program_;
  CausalLmShape shape_;
  std::shared_ptr<const memory::Arena> constants_;   // of the graphs, computed once
  std::unique_ptr<exec::StagedExecutor> staged_;     // null where sessions run one after the other
  std::unique_ptr<exec::GraphExecutor> whole_;       // one after the other; null on the reference path
  std::unique_ptr<exec::GraphExecutor> tail_;        // null where the graph was not split
  std::vector<int> crossing_row_dims_;               // of the tail's inputs
  std::vector<graph::ValueId> inputs_;               // tokens and positions
  graph::ValueId output_ = 0;
  bool output_rows_ = false;                         // without a tail: the logits carry the step's rows
  std::vector<exec::SegmentRun> runs_;
  std::vector<int64_t> token_buffer_;
  std::vector<int64_t> position_buffer_;
  std::vector<std::vector<float>> kept_logits_;      // by segment: where the program's are not float32, or get overwritten
  uint64_t state_bytes_per_token_ = 0;
  uint64_t state_bytes_fixed_ = 0;
  bool can_rewind_ = true;
};

}  // namespace etd::llm

#endif  // ETD_RUNTIME_LLM_DECODER_H_
