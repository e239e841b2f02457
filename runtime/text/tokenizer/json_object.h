// Typed reading of a JSON object whose errors name the place and the field, and which knows when a field was not read.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_JSON_OBJECT_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_JSON_OBJECT_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace etd::text {

using Json = nlohmann::json;

// Parses a document. Errors: INVALID_ARGUMENT where it is no JSON, or nested deeper than any tokenizer file needs.
absl::StatusOr<Json> ParseJson(std::string_view text);

// Views `value`, which must outlive it.
class JsonObject {
 public:
  // `place` is how errors call the object, as "normalizer.normalizers[1]".
  static absl::StatusOr<JsonObject> Of(const Json& value, std::string place);

  const std::string& place() const { return place_; }
  std::string PlaceOf(std::string_view key) const { return place_ + "." + std::string(key); }

  // A field that is absent or null is nullptr.
  const Json* Find(std::string_view key);
  absl::StatusOr<const Json*> Get(std::string_view key);

  // Without `fallback` an absent field is an error.
  absl::StatusOr<std::string> String(std::string_view key, std::optional<std::string> fallback = std::nullopt);
  absl::StatusOr<bool> Bool(std::string_view key, std::optional<bool> fallback = std::nullopt);
  // Non-negative and at most `max`.
  absl::StatusOr<int64_t> Integer(std::string_view key, int64_t max, std::optional<int64_t> fallback = std::nullopt);
  // A string of exactly one character.
  absl::StatusOr<char32_t> Character(std::string_view key);
  // An array of objects; each comes with its place.
  absl::StatusOr<std::vector<JsonObject>> Objects(std::string_view key);

  // Counts as read whatever the field holds.
  void Ignore(std::string_view key) { known_.insert(std::string(key)); }
  // An error naming the first field with a value that nobody asked for.
  absl::Status RejectUnknown() const;

 private:
  JsonObject(const Json& value, std::string place) : value_(&value), place_(std::move(place)) {}

  const Json* value_;
  std::string place_;
  std::set<std::string> known_;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_JSON_OBJECT_H_
