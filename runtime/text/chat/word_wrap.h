// Breaking a paragraph into lines, for the filter wordwrap. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_WORD_WRAP_H_
#define ETD_RUNTIME_TEXT_CHAT_WORD_WRAP_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace etd::text {

// Lines of at most `width` code points (words longer than that are cut if `break_long`, and may also end a line after a
// hyphen between letters if `break_hyphens`); white space at the breaks is dropped, other white space kept.
std::vector<std::string> WrapParagraph(std::string_view text, int64_t width, bool break_long, bool break_hyphens);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_WORD_WRAP_H_
