// Runs tokens of one session through a causal language model and gives the logits that are wanted.
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
#include "runtime/llm/causal_lm_shape.h"

namespace etd::llm {

// The state of one session.
struct DecoderSession {
  exec::SharedArenas shared;
  exec::SessionState state;
  std::unique_ptr<exec::ReferenceMethod> reference;  // only where the planned path can't run the model
  int64_t length = 0;  // positions filled
};

// Weights and activations exist once, whatever the number of sessions. Not thread-safe.
//
// On the planned path the graph is cut behind the last node that mixes rows: the part behind it (the last MLP, the
// vocabulary) runs only for rows whose logits are wanted. A row's logits do not depend on how the text was cut.
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

  // Appends `tokens` (1…max_segment_tokens, ids in the vocabulary) at session.length and returns the logits of the last
  // `wanted` of them, [wanted, vocabulary]; valid until the next call. Where the program itself only gives the last
  // token's logits, `wanted` is at most 1. Errors: OUT_OF_RANGE when the context is full, whatever the program says.
  absl::StatusOr<std::span<const float>> Append(DecoderSession& session, std::span<const int32_t> tokens,
                                                int64_t wanted);

  uint64_t state_bytes_per_token() const { return state_bytes_per_token_; }
  uint64_t state_bytes_fixed() const { return state_bytes_fixed_; }
  uint64_t ResidentBytes() const;

 private:
  Decoder(std::shared_ptr<exec::LoadedProgram> program, CausalLmShape shape)
      : program_(std::move(program)), shape_(std::move(shape)) {}
  absl::Status Compile();
  absl::Status SplitGraph(graph::Graph graph);
  void MeasureState();
  absl::Status FillInputs(std::span<const int32_t> tokens, int64_t start);
  absl::StatusOr<const tensor::Tensor*> RunPlanned(DecoderSession& session, std::span<const int32_t> tokens,
                                                   int64_t wanted);
  absl::StatusOr<const tensor::Tensor*> RunReference(DecoderSession& session, std::span<const int32_t> tokens);
  absl::Status GatherRows(int64_t rows, int64_t wanted);
  absl::StatusOr<std::span<const float>> LastRows(const tensor::Tensor& logits, int64_t wanted);

  std::shared_ptr<exec::LoadedProgram> program_;
  CausalLmShape shape_;
  std::unique_ptr<exec::GraphExecutor> body_;  // null on the reference path
  std::unique_ptr<exec::GraphExecutor> tail_;  // null where the graph was not cut
  std::vector<int> crossing_row_dims_;
  std::vector<int64_t> token_buffer_;
  std::vector<int64_t> position_buffer_;
  std::vector<float> float_logits_;  // where the program's are not float32
  uint64_t state_bytes_per_token_ = 0;
  uint64_t state_bytes_fixed_ = 0;
  bool can_rewind_ = true;
};

}  // namespace etd::llm

#endif  // ETD_RUNTIME_LLM_DECODER_H_
