// What is done with the ids of a text at the end: special tokens, truncation, padding.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_POST_PROCESSOR_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_POST_PROCESSOR_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/text/tokenizer/json_object.h"

namespace etd::text {

using Ids = std::vector<int32_t>;

// One step. Immutable and thread-safe.
class PostProcessor {
 public:
  virtual ~PostProcessor() = default;

  // `parts` is the text at first; a template turns it into as many parts as it has pieces, which a later step then
  // takes for a pair of texts. The parts are joined at the end.
  virtual absl::Status Apply(bool add_special_tokens, std::vector<Ids>& parts) const = 0;

  // How many tokens it adds to one text.
  virtual size_t added() const = 0;
};

// The post-processor that `object` describes. Errors: INVALID_ARGUMENT naming the place.
absl::StatusOr<std::unique_ptr<PostProcessor>> ReadPostProcessor(JsonObject& object);

// The file's "truncation", applied to the ids before post-processing.
class Truncation {
 public:
  static absl::StatusOr<Truncation> Read(JsonObject& object);
  // `added` tokens will come on top. Errors: INVALID_ARGUMENT where the file's rules leave no room.
  absl::Status Apply(size_t added, Ids& ids) const;

 private:
  size_t max_length_ = 0;
  bool left_ = false;
  bool only_second_ = false;
};

// The file's "padding", applied to the ids of the whole text.
class Padding {
 public:
  static absl::StatusOr<Padding> Read(JsonObject& object);
  void Apply(Ids& ids) const;

 private:
  size_t length_ = 0;  // 0: that of the text
  size_t multiple_ = 1;
  bool left_ = false;
  int32_t id_ = 0;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_POST_PROCESSOR_H_
