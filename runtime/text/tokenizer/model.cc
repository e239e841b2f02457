#include "runtime/text/tokenizer/model.h"

#include <string>

#include "runtime/base/status.h"
#include "runtime/text/tokenizer/bpe_model.h"
#include "runtime/text/tokenizer/unigram_model.h"
#include "runtime/text/tokenizer/word_models.h"

namespace etd::text {
namespace {

// Old files have no type; the fields tell.
std::string GuessType(JsonObject& object) {
  if (object.Find("merges") != nullptr) return "BPE";
  if (object.Find("continuing_subword_prefix") != nullptr) return "WordPiece";
  const Json* vocab = object.Find("vocab");
  return vocab != nullptr && vocab->is_array() ? "Unigram" : "WordLevel";
}

absl::StatusOr<std::unique_ptr<Model>> ReadByType(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(std::string type, object.String("type", ""));
  if (type.empty()) type = GuessType(object);
  if (type == "BPE") return ReadBpeModel(object);
  if (type == "Unigram") return ReadUnigramModel(object);
  if (type == "WordPiece") return ReadWordPieceModel(object);
  if (type == "WordLevel") return ReadWordLevelModel(object);
  return InvalidArgument("{} is \"{}\", a model this version does not know", object.PlaceOf("type"), type);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> ReadModel(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(std::unique_ptr<Model> model, ReadByType(object));
  ETD_RETURN_IF_ERROR(object.RejectUnknown());
  return model;
}

}  // namespace etd::text
