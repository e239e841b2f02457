// A tokenizer file and, behind the first NUL, a text for it. Whatever both are: no crash, and streaming what was encoded
// gives what decoding it at once gives.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "runtime/text/tokenizer/streaming_detokenizer.h"
#include "runtime/text/tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t separator = input.find('\0');
  const auto tokenizer = etd::text::Tokenizer::FromJson(input.substr(0, separator));
  if (!tokenizer.ok()) return 0;
  std::string_view text = separator == std::string_view::npos ? "It's a t\u00e9st, 123  \n" : input.substr(separator + 1);
  // Long texts only make a hostile pattern's squares slow.
  text = text.substr(0, 512);
  const auto ids = (*tokenizer)->Encode(text);
  if (!ids.ok() || ids->size() > 100000) return 0;
  for (const bool skip_special : {false, true}) {
    etd::text::StreamingDetokenizer stream(**tokenizer, skip_special);
    std::string streamed;
    for (const int32_t id : *ids) streamed += stream.Push(id);
    streamed += stream.Flush();
    if (streamed != (*tokenizer)->Decode(*ids, skip_special)) std::abort();
  }
  return 0;
}
