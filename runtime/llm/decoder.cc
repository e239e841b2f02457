#include "runtime/llm/decoder.h"

#include <numeric>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/exec/planned_method.h"
#include "runtime/graph/passes/rows.h"
#include "runtime/graph/passes/stages.h"

namespace etd::llm {
namespace {

// In which dimension a cache has its positions, or nothing for state of another kind.
std::optional<size_t> PositionDim(std::span<const int32_t> sizes, int64_t max_context) {
  if (sizes.size() < 3) return std::nullopt;
  for (const size_t dim : {size_t{1}, size_t{2}}) {
    if (sizes[dim] == max_context) return dim;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Decoder>> Decoder::Create(std::shared_ptr<exec::LoadedProgram> program,
                                                         CausalLmShape shape, bool reference_only) {
  std::unique_ptr<Decoder> decoder(new Decoder(std::move(program), std::move(shape)));
  if (!reference_only) {
    const absl::Status status = decoder->Compile();
    if (!status.ok() && !absl::IsUnimplemented(status)) return status;
    if (!status.ok()) decoder->whole_ = nullptr;
  }
  decoder->MeasureState();
  return decoder;
}

absl::Status Decoder::Compile() {
  ETD_ASSIGN_OR_RETURN(graph::Graph graph, exec::OptimisedGraph(*program_, *shape_.method));
  inputs_ = graph.inputs;
  output_ = graph.outputs[0];
  const absl::Status staged = CompileStaged(graph);
  if (staged.ok() || !absl::IsFailedPrecondition(staged)) return staged;
  staged_ = nullptr;
  tail_ = nullptr;
  ETD_ASSIGN_OR_RETURN(whole_, exec::GraphExecutor::Create(program_, std::move(graph)));
  return absl::OkStatus();
}

absl::Status Decoder::CompileStaged(graph::Graph graph) {
  ETD_ASSIGN_OR_RETURN(const RowTrial trial, RowTrial::Create(program_, shape_, &graph));
  constants_ = trial.constants();
  absl::StatusOr<graph::Graph> body = SplitTail(graph, trial);
  if (!body.ok() && !absl::IsFailedPrecondition(body.status())) return body.status();
  if (body.ok()) graph = *std::move(body);
  const graph::RowAnalysis analysis = trial.Analyse(graph);
  output_rows_ = analysis.classes[output_].rows();
  if (output_rows_ && analysis.classes[output_].dim != 1) {
    return FailedPrecondition("logits do not have their rows in dimension 1");
  }
  ETD_ASSIGN_OR_RETURN(graph::StagedGraph staged, graph::CutStages(graph, analysis, trial.values()));
  ETD_ASSIGN_OR_RETURN(staged_, exec::StagedExecutor::Create(program_, std::move(staged)));
  return absl::OkStatus();
}

absl::StatusOr<graph::Graph> Decoder::SplitTail(const graph::Graph& graph, const RowTrial& trial) {
  if (!shape_.logits_per_token) return FailedPrecondition("the program chooses the last token itself");
  const graph::RowAnalysis analysis = trial.Analyse(graph);
  ETD_ASSIGN_OR_RETURN(graph::RowSplit split, graph::SplitNeededRows(graph, analysis));
  crossing_row_dims_ = std::move(split.row_dims);
  graph::WidenRows(split.tail, analysis, trial.values());
  ETD_ASSIGN_OR_RETURN(tail_, exec::GraphExecutor::Create(program_, std::move(split.tail)));
  return std::move(split.body);
}

const exec::StateLayout& Decoder::state_layout() const {
  return staged_ != nullptr ? staged_->state_layout() : whole_->state_layout();
}

const tensor::Tensor& Decoder::StateTensor(graph::ValueId id) const {
  return (staged_ != nullptr ? staged_->state_value(id) : whole_->value(id)).tensor();
}

void Decoder::MeasureState() {
  if (staged_ == nullptr && whole_ == nullptr) {
    state_bytes_fixed_ = std::accumulate(shape_.method->arena_sizes.begin(), shape_.method->arena_sizes.end(), uint64_t{0});
    can_rewind_ = false;
    return;
  }
  for (const exec::StateLayout::Slot& slot : state_layout().slots) {
    if (PositionDim(StateTensor(slot.value).sizes(), shape_.max_context).has_value()) {
      state_bytes_per_token_ += slot.bytes / static_cast<uint64_t>(shape_.max_context);
    } else {
      // A ring cache or its positions: what has left the window can't come back.
      state_bytes_fixed_ += slot.bytes;
      can_rewind_ = false;
    }
  }
}

absl::StatusOr<std::unique_ptr<DecoderSession>> Decoder::CreateSession() {
  auto session = std::make_unique<DecoderSession>();
  if (staged_ == nullptr && whole_ == nullptr) {
    ETD_ASSIGN_OR_RETURN(session->reference,
                         exec::ReferenceMethod::Create(program_, *shape_.method, session->shared));
  } else {
    ETD_ASSIGN_OR_RETURN(session->state, exec::SessionState::Create(state_layout(), program_->program(),
                                                                    session->shared));
  }
  return session;
}

absl::Status Decoder::Rewind(DecoderSession& session, int64_t length) {
  if (length < 0 || length > session.length) {
    return OutOfRange("a session of {} tokens can't go back to {}", session.length, length);
  }
  if (length == session.length) return absl::OkStatus();
  if (length == 0) {
    ETD_ASSIGN_OR_RETURN(std::unique_ptr<DecoderSession> fresh, CreateSession());
    session = std::move(*fresh);
    return absl::OkStatus();
  }
  if (!can_rewind_) {
    return FailedPrecondition("this model's cache forgets old positions: a session can only start again from nothing");
  }
  const exec::StateLayout& layout = state_layout();
  for (size_t i = 0; i < layout.slots.size(); ++i) {
    const tensor::Tensor& tensor = StateTensor(layout.slots[i].value);
    const size_t row = layout.slots[i].bytes / static_cast<size_t>(shape_.max_context);
    // Positions in the outer dimension lie in a row; others are left: nothing reads behind a session's length.
    if (PositionDim(tensor.sizes(), shape_.max_context) == size_t{1} && tensor.row_major()) {
      session.state.Forget(layout, i, static_cast<size_t>(length) * row, static_cast<size_t>(session.length) * row);
    }
  }
  session.length = length;
  return absl::OkStatus();
}

uint64_t Decoder::StateBytes(DecoderSession& session) const {
  constexpr int64_t kPositionsPerMeasurement = 256;
  const int64_t grown = session.length - session.measured_length;
  if (session.measured_bytes == 0 || grown < 0 || grown >= kPositionsPerMeasurement) {
    session.measured_bytes = session.state.ResidentBytes();
    session.measured_length = session.length;
  }
  return session.measured_bytes + static_cast<uint64_t>(session.length - session.measured_length) * state_bytes_per_token_;
}

uint64_t Decoder::ResidentBytes() const {
  uint64_t bytes = constants_ != nullptr ? constants_->ResidentBytes() : 0;
  if (staged_ != nullptr) bytes += staged_->ResidentBytes();
  for (const exec::GraphExecutor* executor : {whole_.get(), tail_.get()}) {
    if (executor != nullptr) bytes += executor->ResidentBytes();
  }
  return bytes;
}

}  // namespace etd::llm
