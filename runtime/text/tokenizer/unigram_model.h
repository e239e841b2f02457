// The Unigram language model of SentencePiece: the cheapest way to cut a text into pieces.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_UNIGRAM_MODEL_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_UNIGRAM_MODEL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "runtime/text/tokenizer/json_object.h"
#include "runtime/text/tokenizer/model.h"

namespace etd::text {

absl::StatusOr<std::unique_ptr<Model>> ReadUnigramModel(JsonObject& object);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_UNIGRAM_MODEL_H_
