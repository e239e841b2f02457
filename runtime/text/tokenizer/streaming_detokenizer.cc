#include "runtime/text/tokenizer/streaming_detokenizer.h"

#include <optional>

#include "runtime/text/tokenizer/decoder.h"
#include "runtime/text/tokenizer/tokenizer_pipeline.h"

namespace etd::text {

struct StreamingDetokenizer::State {
  State(const Tokenizer::Pipeline& from, bool skip) : pipeline(from), skip_special_tokens(skip) {
    chain.emplace(pipeline.decoders);
  }

  const Tokenizer::Pipeline& pipeline;
  bool skip_special_tokens;
  std::optional<DecodeChain> chain;
};

StreamingDetokenizer::StreamingDetokenizer(const Tokenizer& tokenizer, bool skip_special_tokens)
    : state_(std::make_unique<State>(*tokenizer.pipeline_, skip_special_tokens)) {}
StreamingDetokenizer::~StreamingDetokenizer() = default;
StreamingDetokenizer::StreamingDetokenizer(StreamingDetokenizer&&) noexcept = default;
StreamingDetokenizer& StreamingDetokenizer::operator=(StreamingDetokenizer&&) noexcept = default;

std::string StreamingDetokenizer::Push(int32_t id) {
  const auto token = state_->pipeline.TokenToDecode(id, state_->skip_special_tokens);
  if (!token.has_value()) return "";
  state_->chain->Push(*token);
  return state_->chain->Take();
}

std::string StreamingDetokenizer::Flush() {
  state_->chain->Finish();
  std::string rest = state_->chain->Take();
  state_->chain.emplace(state_->pipeline.decoders);
  return rest;
}

}  // namespace etd::text
