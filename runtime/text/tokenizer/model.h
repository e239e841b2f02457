// The model of a tokenizer file: it turns a word into token ids.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_MODEL_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_MODEL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/text/tokenizer/json_object.h"

namespace etd::text {

// Immutable and thread-safe once built.
class Model {
 public:
  virtual ~Model() = default;

  // Appends the ids of `word` (not empty, valid UTF-8 unless the model reads bytes).
  // Errors: INVALID_ARGUMENT where the word needs an unknown token that the file lacks.
  virtual absl::Status Encode(std::string_view word, std::vector<int32_t>& ids) const = 0;

  virtual std::optional<int32_t> TokenToId(std::string_view token) const = 0;
  virtual std::optional<std::string_view> IdToToken(int32_t id) const = 0;
  virtual size_t size() const = 0;
  // One more than the largest id.
  virtual int32_t id_end() const = 0;

  // To be called before first use: words come as plain bytes instead of written in the byte-level alphabet.
  // False where the model cannot do so (and nothing changes).
  virtual bool ReadBytes() { return false; }
};

// The model that `object` describes. Errors: INVALID_ARGUMENT naming the place.
absl::StatusOr<std::unique_ptr<Model>> ReadModel(JsonObject& object);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_MODEL_H_
