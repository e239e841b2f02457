// WordPiece and WordLevel.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_WORD_MODELS_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_WORD_MODELS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "runtime/text/tokenizer/json_object.h"
#include "runtime/text/tokenizer/model.h"

namespace etd::text {

absl::StatusOr<std::unique_ptr<Model>> ReadWordPieceModel(JsonObject& object);
absl::StatusOr<std::unique_ptr<Model>> ReadWordLevelModel(JsonObject& object);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_WORD_MODELS_H_
