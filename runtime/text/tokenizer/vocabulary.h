// Tokens and their ids.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_VOCABULARY_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_VOCABULARY_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "runtime/text/tokenizer/json_object.h"

namespace etd::text {

inline constexpr int64_t kMaxTokenId = (int64_t{1} << 31) - 2;

// A map from strings that it does not own; absl's view type gives the fast hash.
using ViewMap = absl::flat_hash_map<absl::string_view, int32_t>;

// Filled once, then immutable and thread-safe.
class Vocabulary {
 public:
  Vocabulary() = default;
  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;

  // Reads the field "vocab": {"token": id, …}.
  static absl::StatusOr<Vocabulary> Read(JsonObject& model);

  // A token that is known already gets the new id.
  void Add(std::string token, int32_t id);

  std::optional<int32_t> Find(std::string_view token) const {
    const auto entry = ids_.find({token.data(), token.size()});
    if (entry == ids_.end()) return std::nullopt;
    return entry->second;
  }
  std::optional<std::string_view> Token(int32_t id) const;
  size_t size() const { return ids_.size(); }
  // One more than the largest id.
  int32_t id_end() const { return id_end_; }

  // In no order; the views live as long as this object.
  const ViewMap& ids() const { return ids_; }

 private:
  std::deque<std::string> tokens_;  // addresses stay
  ViewMap ids_;
  absl::flat_hash_map<int32_t, std::string_view> by_id_;
  int32_t id_end_ = 0;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_VOCABULARY_H_
