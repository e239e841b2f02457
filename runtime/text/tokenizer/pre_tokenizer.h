// Pre-tokenizers of a tokenizer file: they cut pieces into the words that the model sees.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_PRE_TOKENIZER_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_PRE_TOKENIZER_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/text/tokenizer/json_object.h"
#include "runtime/text/tokenizer/segments.h"

namespace etd::text {

// One step. Immutable and thread-safe.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;

  // Replaces each piece that is not a token yet by its parts; no part is empty.
  // Errors: a pattern that cannot be matched (see Regex::FindAll).
  virtual absl::Status Apply(Segments& segments) const = 0;

  // Whether the step only writes each piece in the byte-level alphabet. A model that reads bytes does without it.
  virtual bool OnlyWritesByteAlphabet() const { return false; }
};

// The steps that `object` describes, sequences flattened. Errors: INVALID_ARGUMENT naming the place.
absl::StatusOr<std::vector<std::unique_ptr<PreTokenizer>>> ReadPreTokenizers(JsonObject& object);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_PRE_TOKENIZER_H_
