// Unicode normalisation forms and case mapping as the tokenizer format defines them.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_UNICODE_FORMS_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_UNICODE_FORMS_H_

#include <string>
#include <string_view>

namespace etd::text {

enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };

// `text` (valid UTF-8) in `form`.
std::string ToUnicodeForm(std::string_view text, UnicodeForm form);

// Whether NFC surely leaves `text` as it is; a no may be wrong.
bool IsSurelyNfc(std::string_view text);

// Lowercase of each character by itself (no final sigma).
std::string ToLowercase(std::string_view text);

// End of the grapheme cluster that starts at `begin`.
size_t GraphemeEnd(std::string_view text, size_t begin);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_UNICODE_FORMS_H_
