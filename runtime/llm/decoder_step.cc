// Steps of a decoder: from tokens to logits.
#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/llm/decoder.h"

namespace etd::llm {

using tensor::ScalarType;

absl::Status Decoder::Check(const DecoderSegment& segment) const {
  const auto count = static_cast<int64_t>(segment.tokens.size());
  if (count == 0 || count > shape_.max_segment_tokens) {
    return InvalidArgument("{} tokens at once: this model takes 1 to {}", count, shape_.max_segment_tokens);
  }
  if (count > shape_.max_context - segment.session->length) {
    return OutOfRange("the context of {} tokens is full: {} are used and {} more were given", shape_.max_context,
                      segment.session->length, count);
  }
  if (segment.wanted > (shape_.logits_per_token ? count : 1)) {
    return InvalidArgument("the logits of {} tokens were wanted; there are those of {}", segment.wanted,
                           shape_.logits_per_token ? count : 1);
  }
  for (const int32_t token : segment.tokens) {
    if (token < 0 || token >= shape_.vocabulary) {
      return InvalidArgument("token {} is not in the vocabulary of {}", token, shape_.vocabulary);
    }
  }
  return absl::OkStatus();
}

void Decoder::Step(std::span<DecoderSegment> segments) {
  if (segments.empty()) return;
  kept_logits_.resize(std::max(kept_logits_.size(), segments.size()));
  if (staged_ != nullptr) {
    const absl::Status status = RunStaged(segments);
    for (DecoderSegment& segment : segments) segment.status.Update(status);
  } else {
    for (size_t i = 0; i < segments.size(); ++i) segments[i].status = RunAlone(segments[i], i);
  }
  for (DecoderSegment& segment : segments) {
    if (segment.status.ok()) segment.session->length += static_cast<int64_t>(segment.tokens.size());
  }
}

// ---- All sessions together

void Decoder::FillStagedInputs(std::span<DecoderSegment> segments) {
  int64_t* token = staged_->wide_value(inputs_[0]).tensor().data<int64_t>();
  int64_t* position = shape_.position_per_token ? staged_->wide_value(inputs_[1]).tensor().data<int64_t>() : nullptr;
  for (size_t i = 0; i < segments.size(); ++i) {
    token = std::ranges::copy(segments[i].tokens, token).out;
    const int64_t start = segments[i].session->length;
    if (position == nullptr) {
      *staged_->segment_value(i, inputs_[1]).tensor().data<int64_t>() = start;
      continue;
    }
    std::iota(position, position + segments[i].tokens.size(), start);
    position += segments[i].tokens.size();
  }
}

absl::Status Decoder::RunStaged(std::span<DecoderSegment> segments) {
  runs_.clear();
  for (const DecoderSegment& segment : segments) {
    runs_.push_back({static_cast<int32_t>(segment.tokens.size()), &segment.session->state, absl::OkStatus()});
  }
  ETD_RETURN_IF_ERROR(staged_->Begin(runs_));
  FillStagedInputs(segments);
  ETD_RETURN_IF_ERROR(staged_->Run());
  for (size_t i = 0; i < segments.size(); ++i) segments[i].status = runs_[i].status;
  return TakeLogits(segments);
}

// The rows whose logits are wanted, of all segments, become the tail's inputs.
absl::Status Decoder::GatherWanted(std::span<DecoderSegment> segments, int64_t wanted) {
  for (size_t i = 0; i < crossing_row_dims_.size(); ++i) {
    const graph::ValueId id = tail_->graph().inputs[i];
    const tensor::Tensor& source = staged_->wide_value(id).tensor();
    const auto dim = static_cast<size_t>(crossing_row_dims_[i]);
    absl::InlinedVector<int32_t, tensor::kMaxRank> sizes(source.sizes().begin(), source.sizes().end());
    const auto rows = static_cast<size_t>(sizes[dim]);
    sizes[dim] = static_cast<int32_t>(wanted);
    ETD_RETURN_IF_ERROR(tail_->ResizeInput(i, sizes));
    size_t pieces = 1;
    for (size_t d = 0; d < dim; ++d) pieces *= static_cast<size_t>(sizes[d]);
    const size_t row_bytes = source.nbytes() / (pieces * rows);
    std::byte* target = tail_->value(id).tensor().data<std::byte>();
    for (size_t piece = 0; piece < pieces; ++piece) {
      size_t end = piece * rows;  // of the segment's rows
      for (const DecoderSegment& segment : segments) {
        end += segment.tokens.size();
        const size_t bytes = static_cast<size_t>(segment.wanted) * row_bytes;
        std::memcpy(target, source.data<std::byte>() + end * row_bytes - bytes, bytes);
        target += bytes;
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Decoder::TakeLogits(std::span<DecoderSegment> segments) {
  int64_t wanted = 0;
  for (const DecoderSegment& segment : segments) wanted += segment.wanted;
  if (wanted == 0) return absl::OkStatus();
  if (tail_ != nullptr) {
    ETD_RETURN_IF_ERROR(GatherWanted(segments, wanted));
    ETD_RETURN_IF_ERROR(tail_->PlanNow());
    ETD_RETURN_IF_ERROR(tail_->RunNodes(0, tail_->graph().nodes.size()));
  }
  int64_t end = 0;  // of the segment's rows among the logits
  for (size_t i = 0; i < segments.size(); ++i) {
    DecoderSegment& segment = segments[i];
    const tensor::Tensor& logits = LogitsOf(i);
    if (tail_ != nullptr) {
      end += segment.wanted;
    } else if (output_rows_) {
      end += static_cast<int64_t>(segment.tokens.size());
    } else {
      end = logits.numel() / shape_.vocabulary;
    }
    if (segment.wanted == 0 || !segment.status.ok()) continue;
    ETD_ASSIGN_OR_RETURN(segment.logits, LogitRows(logits, end - segment.wanted, segment.wanted, i));
  }
  return absl::OkStatus();
}

const tensor::Tensor& Decoder::LogitsOf(size_t segment) {
  if (tail_ != nullptr) return tail_->value(output_).tensor();
  return (output_rows_ ? staged_->wide_value(output_) : staged_->segment_value(segment, output_)).tensor();
}

// ---- One after the other

void Decoder::FillInputs(const DecoderSegment& segment) {
  token_buffer_.assign(segment.tokens.begin(), segment.tokens.end());
  position_buffer_.resize(shape_.position_per_token ? segment.tokens.size() : 1);
  std::iota(position_buffer_.begin(), position_buffer_.end(), segment.session->length);
}

absl::Status Decoder::RunAlone(DecoderSegment& segment, size_t slot) {
  FillInputs(segment);
  ETD_ASSIGN_OR_RETURN(const tensor::Tensor* logits,
                       whole_ != nullptr ? RunPlanned(segment) : RunReference(segment));
  if (segment.wanted == 0) return absl::OkStatus();
  const int64_t first = logits->numel() / shape_.vocabulary - segment.wanted;
  ETD_ASSIGN_OR_RETURN(segment.logits, LogitRows(*logits, first, segment.wanted, slot));
  // The next segment reuses the memory that these logits lie in.
  if (logits->type() == ScalarType::kFloat32) {
    kept_logits_[slot].assign(segment.logits.begin(), segment.logits.end());
    segment.logits = kept_logits_[slot];
  }
  return absl::OkStatus();
}

absl::StatusOr<const tensor::Tensor*> Decoder::RunPlanned(DecoderSegment& segment) {
  const std::array<int32_t, 2> token_sizes = {1, static_cast<int32_t>(token_buffer_.size())};
  const std::array<int32_t, 1> position_sizes = {static_cast<int32_t>(position_buffer_.size())};
  ETD_RETURN_IF_ERROR(whole_->ResizeInput(0, token_sizes));
  ETD_RETURN_IF_ERROR(whole_->ResizeInput(1, position_sizes));
  std::ranges::copy(token_buffer_, whole_->value(inputs_[0]).tensor().data<int64_t>());
  std::ranges::copy(position_buffer_, whole_->value(inputs_[1]).tensor().data<int64_t>());
  ETD_RETURN_IF_ERROR(whole_->Run(segment.session->state));
  return &whole_->value(output_).tensor();
}

absl::StatusOr<const tensor::Tensor*> Decoder::RunReference(DecoderSegment& segment) {
  const std::array<int32_t, 2> token_sizes = {1, static_cast<int32_t>(token_buffer_.size())};
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
  exec::ReferenceMethod& method = *segment.session->reference;
  ETD_RETURN_IF_ERROR(method.Execute(arguments));
  return &method.output(0).tensor();
}

absl::StatusOr<std::span<const float>> Decoder::LogitRows(const tensor::Tensor& logits, int64_t first, int64_t count,
                                                          size_t slot) {
  if (first < 0) return InvalidArgument("this program gives fewer logits than its description promises");
  const int64_t begin = first * shape_.vocabulary;
  const auto numbers = static_cast<size_t>(count * shape_.vocabulary);
  if (logits.type() == ScalarType::kFloat32) return std::span(logits.data<float>() + begin, numbers);
  std::vector<float>& kept = kept_logits_[slot];
  kept.resize(numbers);
  if (logits.type() == ScalarType::kFloat16) {
    std::copy_n(logits.data<tensor::Float16>() + begin, numbers, kept.begin());
  } else {
    std::copy_n(logits.data<tensor::BFloat16>() + begin, numbers, kept.begin());
  }
  return std::span<const float>(kept);
}

}  // namespace etd::llm
