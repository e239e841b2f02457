#include "runtime/llm/decoder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/exec/planned_method.h"
#include "runtime/graph/passes/rows.h"
#include "runtime/llm/row_trial.h"

namespace etd::llm {
namespace {

using graph::ValueId;
using kernel::RowClass;
using tensor::ScalarType;

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
    if (!status.ok()) decoder->body_ = nullptr;
  }
  decoder->MeasureState();
  return decoder;
}

absl::Status Decoder::Compile() {
  ETD_ASSIGN_OR_RETURN(graph::Graph graph, exec::OptimisedGraph(*program_, *shape_.method));
  if (shape_.logits_per_token) {
    const absl::Status split = SplitGraph(graph);
    if (split.ok() || !absl::IsFailedPrecondition(split)) return split;
  }
  tail_ = nullptr;
  ETD_ASSIGN_OR_RETURN(body_, exec::GraphExecutor::Create(program_, std::move(graph)));
  return absl::OkStatus();
}

absl::Status Decoder::SplitGraph(graph::Graph graph) {
  ETD_ASSIGN_OR_RETURN(const graph::RowAnalysis analysis, AnalyseRows(program_, shape_, graph));
  ETD_ASSIGN_OR_RETURN(graph::RowSplit split, graph::SplitNeededRows(graph, analysis));
  if (const RowClass logits = analysis.classes[graph.outputs[0]]; !logits.rows() || logits.dim != 1) {
    return FailedPrecondition("logits do not have their rows in dimension 1");
  }
  crossing_row_dims_ = std::move(split.row_dims);
  ETD_ASSIGN_OR_RETURN(body_, exec::GraphExecutor::Create(program_, std::move(split.body)));
  ETD_ASSIGN_OR_RETURN(tail_, exec::GraphExecutor::Create(program_, std::move(split.tail)));
  return absl::OkStatus();
}

void Decoder::MeasureState() {
  if (body_ == nullptr) {
    state_bytes_fixed_ = std::accumulate(shape_.method->arena_sizes.begin(), shape_.method->arena_sizes.end(), uint64_t{0});
    can_rewind_ = false;
    return;
  }
  for (const exec::StateLayout::Slot& slot : body_->state_layout().slots) {
    const tensor::Tensor& tensor = body_->value(slot.value).tensor();
    if (PositionDim(tensor.sizes(), shape_.max_context).has_value()) {
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
  if (body_ == nullptr) {
    ETD_ASSIGN_OR_RETURN(session->reference,
                         exec::ReferenceMethod::Create(program_, *shape_.method, session->shared));
  } else {
    ETD_ASSIGN_OR_RETURN(session->state, exec::SessionState::Create(body_->state_layout(), program_->program(),
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
  const exec::StateLayout& layout = body_->state_layout();
  for (size_t i = 0; i < layout.slots.size(); ++i) {
    const tensor::Tensor& tensor = body_->value(layout.slots[i].value).tensor();
    const size_t row = layout.slots[i].bytes / static_cast<size_t>(shape_.max_context);
    // Positions in the outer dimension lie in a row; others are left: nothing reads behind a session's length.
    if (PositionDim(tensor.sizes(), shape_.max_context) == size_t{1} && tensor.row_major()) {
      session.state.Forget(layout, i, static_cast<size_t>(length) * row, static_cast<size_t>(session.length) * row);
    }
  }
  session.length = length;
  return absl::OkStatus();
}

absl::StatusOr<std::span<const float>> Decoder::Append(DecoderSession& session, std::span<const int32_t> tokens,
                                                       int64_t wanted) {
  const auto count = static_cast<int64_t>(tokens.size());
  if (count == 0 || count > shape_.max_segment_tokens) {
    return InvalidArgument("{} tokens at once: this model takes 1 to {}", count, shape_.max_segment_tokens);
  }
  if (count > shape_.max_context - session.length) {
    return OutOfRange("the context of {} tokens is full: {} are used and {} more were given", shape_.max_context,
                      session.length, count);
  }
  for (const int32_t token : tokens) {
    if (token < 0 || token >= shape_.vocabulary) {
      return InvalidArgument("token {} is not in the vocabulary of {}", token, shape_.vocabulary);
    }
  }
  ETD_ASSIGN_OR_RETURN(const tensor::Tensor* logits, body_ != nullptr ? RunPlanned(session, tokens, wanted)
                                                                      : RunReference(session, tokens));
  session.length += count;
  if (wanted == 0) return std::span<const float>();
  return LastRows(*logits, wanted);
}

absl::Status Decoder::FillInputs(std::span<const int32_t> tokens, int64_t start) {
  token_buffer_.assign(tokens.begin(), tokens.end());
  position_buffer_.resize(shape_.position_per_token ? tokens.size() : 1);
  std::iota(position_buffer_.begin(), position_buffer_.end(), start);
  return absl::OkStatus();
}

absl::StatusOr<const tensor::Tensor*> Decoder::RunPlanned(DecoderSession& session, std::span<const int32_t> tokens,
                                                          int64_t wanted) {
  ETD_RETURN_IF_ERROR(FillInputs(tokens, session.length));
  const std::array<int32_t, 2> token_sizes = {1, static_cast<int32_t>(tokens.size())};
  const std::array<int32_t, 1> position_sizes = {static_cast<int32_t>(position_buffer_.size())};
  ETD_RETURN_IF_ERROR(body_->ResizeInput(0, token_sizes));
  ETD_RETURN_IF_ERROR(body_->ResizeInput(1, position_sizes));
  std::ranges::copy(token_buffer_, body_->value(body_->graph().inputs[0]).tensor().data<int64_t>());
  std::ranges::copy(position_buffer_, body_->value(body_->graph().inputs[1]).tensor().data<int64_t>());
  ETD_RETURN_IF_ERROR(body_->Run(session.state));
  if (tail_ == nullptr) return &body_->value(body_->graph().outputs[0]).tensor();
  if (wanted == 0) return nullptr;
  ETD_RETURN_IF_ERROR(GatherRows(static_cast<int64_t>(tokens.size()), wanted));
  ETD_RETURN_IF_ERROR(tail_->Run(session.state));
  return &tail_->value(tail_->graph().outputs[0]).tensor();
}

absl::Status Decoder::GatherRows(int64_t rows, int64_t wanted) {
  for (size_t i = 0; i < crossing_row_dims_.size(); ++i) {
    const ValueId id = tail_->graph().inputs[i];
    const tensor::Tensor& source = body_->value(id).tensor();
    const auto dim = static_cast<size_t>(crossing_row_dims_[i]);
    std::vector<int32_t> sizes(source.sizes().begin(), source.sizes().end());
    sizes[dim] = static_cast<int32_t>(wanted);
    ETD_RETURN_IF_ERROR(tail_->ResizeInput(i, sizes));
    size_t outer = 1;
    for (size_t d = 0; d < dim; ++d) outer *= static_cast<size_t>(sizes[d]);
    const size_t row_bytes = source.nbytes() / (outer * static_cast<size_t>(rows));
    const size_t skipped = static_cast<size_t>(rows - wanted) * row_bytes;
    const size_t taken = static_cast<size_t>(wanted) * row_bytes;
    std::byte* target = tail_->value(id).tensor().data<std::byte>();
    for (size_t o = 0; o < outer; ++o) {
      std::memcpy(target + o * taken, source.data<std::byte>() + o * (skipped + taken) + skipped, taken);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<const tensor::Tensor*> Decoder::RunReference(DecoderSession& session, std::span<const int32_t> tokens) {
  ETD_RETURN_IF_ERROR(FillInputs(tokens, session.length));
  const std::array<int32_t, 2> token_sizes = {1, static_cast<int32_t>(tokens.size())};
  const std::array<int32_t, 1> position_sizes = {static_cast<int32_t>(position_buffer_.size())};
  std::array<exec::Argument, 2> arguments;
  for (exec::Argument& argument : arguments) {
    argument.kind = tensor::Value::Kind::kTensor;
    argument.type = ScalarType::kInt64;
  }
  arguments[0].sizes = token_sizes;
  arguments[0].bytes = std::as_bytes(std::span(token_buffer_));
  arguments[1].sizes = position_sizes;
  arguments[1].bytes = std::as_bytes(std::span(position_buffer_));
  ETD_RETURN_IF_ERROR(session.reference->Execute(arguments));
  return &session.reference->output(0).tensor();
}

absl::StatusOr<std::span<const float>> Decoder::LastRows(const tensor::Tensor& logits, int64_t wanted) {
  const int64_t vocabulary = shape_.vocabulary;
  const int64_t rows = logits.numel() / vocabulary;
  if (wanted > rows) return InvalidArgument("this program gives the logits of {} tokens, {} were wanted", rows, wanted);
  const int64_t first = (rows - wanted) * vocabulary;
  const auto count = static_cast<size_t>(wanted * vocabulary);
  if (logits.type() == ScalarType::kFloat32) return std::span(logits.data<float>() + first, count);
  float_logits_.resize(count);
  if (logits.type() == ScalarType::kFloat16) {
    std::copy_n(logits.data<tensor::Float16>() + first, count, float_logits_.begin());
  } else {
    std::copy_n(logits.data<tensor::BFloat16>() + first, count, float_logits_.begin());
  }
  return std::span<const float>(float_logits_);
}

uint64_t Decoder::ResidentBytes() const {
  return (body_ != nullptr ? body_->ResidentBytes() : 0) + (tail_ != nullptr ? tail_->ResidentBytes() : 0);
}

}  // namespace etd::llm
