#include "runtime/text/tokenizer/vocabulary.h"

#include <algorithm>
#include <utility>

#include "runtime/base/status.h"

namespace etd::text {

absl::StatusOr<Vocabulary> Vocabulary::Read(JsonObject& model) {
  ETD_ASSIGN_OR_RETURN(const Json* vocab, model.Get("vocab"));
  if (!vocab->is_object()) return InvalidArgument("{} must be an object of token ids", model.PlaceOf("vocab"));
  Vocabulary vocabulary;
  vocabulary.ids_.reserve(vocab->size());
  vocabulary.by_id_.reserve(vocab->size());
  for (const auto& [token, id] : vocab->items()) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() > static_cast<uint64_t>(kMaxTokenId)) {
      return InvalidArgument("{}: the id of \"{}\" must be an integer from 0 to {}", model.PlaceOf("vocab"), token,
                             kMaxTokenId);
    }
    vocabulary.Add(token, id.get<int32_t>());
  }
  return vocabulary;
}

void Vocabulary::Add(std::string token, int32_t id) {
  const std::string& kept = tokens_.emplace_back(std::move(token));
  ids_[ToAbsl(kept)] = id;
  by_id_[id] = kept;
  id_end_ = std::max(id_end_, id + 1);
}

std::optional<std::string_view> Vocabulary::Token(int32_t id) const {
  const auto entry = by_id_.find(id);
  if (entry == by_id_.end()) return std::nullopt;
  return entry->second;
}

}  // namespace etd::text
