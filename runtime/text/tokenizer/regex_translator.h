// Patterns in tokenizer files are written for Oniguruma; PCRE2 runs them here. This turns one into the other.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_REGEX_TRANSLATOR_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_REGEX_TRANSLATOR_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace etd::text {

// The PCRE2 pattern that matches what `pattern` matches in Oniguruma (its default syntax, UTF-8), to be compiled with
// PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE and newline LF. What differs and is translated: \s \w \d \b \h, Unicode
// properties (their age and names), class set operations (&&, nesting), {,n}, {n,m}+, the m option.
// Errors: INVALID_ARGUMENT naming what has no counterpart.
absl::StatusOr<std::string> TranslateRegex(std::string_view pattern);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_REGEX_TRANSLATOR_H_
