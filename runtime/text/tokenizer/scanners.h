// Hand-written matchers of the patterns that most byte-level tokenizers split by.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_SCANNERS_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_SCANNERS_H_

#include <cstddef>
#include <string_view>

namespace etd::text {

// End of the match that starts at `at` (< text.size()) of valid UTF-8. These patterns match at every position.
using Scanner = size_t (*)(std::string_view text, size_t at);

// The pattern of the ByteLevel pre-tokenizer.
extern const std::string_view kByteLevelPattern;

// The scanner that matches exactly what `pattern` matches, or nullptr where there is none.
Scanner FindScanner(std::string_view pattern);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_SCANNERS_H_
