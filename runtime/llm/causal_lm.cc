#include "runtime/llm/causal_lm.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/base/status.h"

namespace etd::llm {

absl::StatusOr<std::unique_ptr<CausalLm>> CausalLm::Create(std::shared_ptr<exec::LoadedProgram> program,
                                                           const Options& options) {
  ETD_ASSIGN_OR_RETURN(CausalLmShape shape, DescribeCausalLm(program->program()));
  ETD_ASSIGN_OR_RETURN(std::unique_ptr<Decoder> decoder,
                       Decoder::Create(program, std::move(shape), options.reference));
  std::unique_ptr<CausalLm> model(new CausalLm(std::move(program), std::move(decoder)));
  ETD_RETURN_IF_ERROR(model->WarmUp());
  model->FillInfo();
  return model;
}

absl::Status CausalLm::WarmUp() {
  ETD_ASSIGN_OR_RETURN(const engine::SessionId session, CreateSession());
  const std::array<int32_t, 1> token = {decoder_->shape().begin_token_id.value_or(0)};
  DecoderSegment segment{.session = sessions_[session].get(), .tokens = token, .wanted = 1};
  ETD_RETURN_IF_ERROR(decoder_->Check(segment));
  decoder_->Step({&segment, 1});
  ETD_RETURN_IF_ERROR(segment.status);
  DeleteSession(session);
  return program_->FinishCompiling();
}

void CausalLm::FillInfo() {
  const CausalLmShape& shape = decoder_->shape();
  info_.vocab_size = shape.vocabulary;
  info_.max_context = shape.max_context;
  info_.max_segment_tokens = shape.max_segment_tokens;
  info_.end_token_ids = shape.end_token_ids;
  info_.begin_token_id = shape.begin_token_id;
  info_.weight_bytes = program_->weight_bytes();
  info_.state_bytes_per_token = decoder_->state_bytes_per_token();
  info_.state_bytes_fixed = decoder_->state_bytes_fixed();
  info_.can_rewind = decoder_->can_rewind();
  info_.fuses_sessions = decoder_->fuses_sessions();
}

absl::StatusOr<engine::SessionId> CausalLm::CreateSession() {
  ETD_ASSIGN_OR_RETURN(std::unique_ptr<DecoderSession> session, decoder_->CreateSession());
  const engine::SessionId id = next_session_++;
  sessions_[id] = std::move(session);
  return id;
}

void CausalLm::DeleteSession(engine::SessionId session) { sessions_.erase(session); }

absl::StatusOr<DecoderSession*> CausalLm::Find(engine::SessionId session) const {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return NotFound("there is no session {}", session);
  return found->second.get();
}

absl::StatusOr<int64_t> CausalLm::SessionLength(engine::SessionId session) const {
  ETD_ASSIGN_OR_RETURN(const DecoderSession* found, Find(session));
  return found->length;
}

absl::Status CausalLm::RewindSession(engine::SessionId session, int64_t length) {
  ETD_ASSIGN_OR_RETURN(DecoderSession * found, Find(session));
  return decoder_->Rewind(*found, length);
}

uint64_t CausalLm::SessionBytes(engine::SessionId session) const {
  const absl::StatusOr<DecoderSession*> found = Find(session);
  return found.ok() ? decoder_->StateBytes(**found) : 0;
}

absl::StatusOr<DecoderSegment> CausalLm::Prepare(const engine::Segment& segment) const {
  ETD_ASSIGN_OR_RETURN(DecoderSession * session, Find(segment.session));
  if (segment.start_position != session->length) {
    return InvalidArgument("the session holds {} tokens, the segment starts at {}", session->length,
                           segment.start_position);
  }
  const bool all = segment.logits == engine::Segment::Logits::kAll;
  const bool any = all || segment.logits == engine::Segment::Logits::kLast || segment.chooser != nullptr;
  const int64_t wanted = all ? static_cast<int64_t>(segment.tokens.size()) : any ? 1 : 0;
  const DecoderSegment prepared{.session = session, .tokens = segment.tokens, .wanted = wanted};
  ETD_RETURN_IF_ERROR(decoder_->Check(prepared));
  return prepared;
}

void CausalLm::Choose(const engine::Segment& segment, const DecoderSegment& done, engine::SegmentResult* result) const {
  absl::StatusOr<engine::TokenChoice> choice = segment.chooser->Choose(
      done.logits.last(static_cast<size_t>(info_.vocab_size)), done.session->length);
  result->status = choice.status();
  if (choice.ok()) {
    result->choice = *std::move(choice);
  } else {
    // As long as before: what was written behind that is overwritten by the next segment.
    done.session->length = segment.start_position;
  }
}

void CausalLm::Step(std::span<const engine::Segment> segments, std::span<engine::SegmentResult> results) {
  step_.clear();
  step_index_.clear();
  for (size_t i = 0; i < segments.size(); ++i) {
    results[i] = engine::SegmentResult();
    absl::StatusOr<DecoderSegment> prepared = Prepare(segments[i]);
    results[i].status = prepared.status();
    if (!prepared.ok()) continue;
    step_.push_back(*std::move(prepared));
    step_index_.push_back(i);
  }
  decoder_->Step(step_);
  for (size_t k = 0; k < step_.size(); ++k) {
    const engine::Segment& segment = segments[step_index_[k]];
    engine::SegmentResult& result = results[step_index_[k]];
    result.status = step_[k].status;
    if (!result.status.ok()) continue;
    if (segment.chooser != nullptr) Choose(segment, step_[k], &result);
    if (segment.logits != engine::Segment::Logits::kNone) result.logits = step_[k].logits;
  }
}

}  // namespace etd::llm
