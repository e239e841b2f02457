// The engine of a causal language model: sessions and steps over a decoder.
#ifndef ETD_RUNTIME_LLM_CAUSAL_LM_H_
#define ETD_RUNTIME_LLM_CAUSAL_LM_H_

#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "runtime/engine/engine.h"
#include "runtime/exec/loaded_program.h"
#include "runtime/llm/decoder.h"

namespace etd::llm {

// Threads as engine::Engine says.
class CausalLm final : public engine::Engine {
 public:
  struct Options {
    bool reference = false;  // the instruction list as it stands, for comparison
  };
  // Nothing is put off to the first step: weights are packed and the one-token plan is made. Errors: FAILED_PRECONDITION
  // where the program is no causal language model; those of compiling.
  static absl::StatusOr<std::unique_ptr<CausalLm>> Create(std::shared_ptr<exec::LoadedProgram> program,
                                                          const Options& options);

  const engine::ModelInfo& info() const override { return info_; }
  absl::StatusOr<engine::SessionId> CreateSession() override;
  void DeleteSession(engine::SessionId session) override;
  absl::StatusOr<int64_t> SessionLength(engine::SessionId session) const override;
  absl::Status RewindSession(engine::SessionId session, int64_t length) override;
  uint64_t SessionBytes(engine::SessionId session) const override;
  void Step(std::span<const engine::Segment> segments, std::span<engine::SegmentResult> results) override;

 private:
  CausalLm(std::shared_ptr<exec::LoadedProgram> program, std::unique_ptr<Decoder> decoder)
      : program_(std::move(program)), decoder_(std::move(decoder)) {}
  void FillInfo();
  absl::Status WarmUp();
  absl::StatusOr<DecoderSession*> Find(engine::SessionId session) const;
  // What the decoder is to do for a segment. Errors: NOT_FOUND, INVALID_ARGUMENT.
  absl::StatusOr<DecoderSegment> Prepare(const engine::Segment& segment) const;
  void Choose(const engine::Segment& segment, const DecoderSegment& done, engine::SegmentResult* result) const;

  std::shared_ptr<exec::LoadedProgram> program_;
  std::unique_ptr<Decoder> decoder_;
  engine::ModelInfo info_;
  absl::flat_hash_map<engine::SessionId, std::unique_ptr<DecoderSession>> sessions_;
  engine::SessionId next_session_ = 1;
  std::vector<DecoderSegment> step_;  // segments of the step that have no error
  std::vector<size_t> step_index_;    // which they are
};

}  // namespace etd::llm

#endif  // ETD_RUNTIME_LLM_CAUSAL_LM_H_
