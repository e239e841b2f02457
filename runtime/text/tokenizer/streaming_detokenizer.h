// Text of a stream of tokens, as it becomes final.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_STREAMING_DETOKENIZER_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_STREAMING_DETOKENIZER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/text/tokenizer/tokenizer.h"

namespace etd::text {

// For one stream, used by one thread at a time. All that Push returned and what Flush returns, joined, is
// Tokenizer::Decode of all ids; each part is valid UTF-8. Only text that a later token can change is held back, and a
// Push costs what its token and that text cost, however long the stream is.
class StreamingDetokenizer {
 public:
  // `tokenizer` outlives this object.
  StreamingDetokenizer(const Tokenizer& tokenizer, bool skip_special_tokens);
  ~StreamingDetokenizer();
  StreamingDetokenizer(StreamingDetokenizer&&) noexcept;
  StreamingDetokenizer& operator=(StreamingDetokenizer&&) noexcept;

  // The text that `id` made final; often empty.
  std::string Push(int32_t id);
  // The rest, at the end of the stream. Then the object begins a new stream.
  std::string Flush();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_STREAMING_DETOKENIZER_H_
