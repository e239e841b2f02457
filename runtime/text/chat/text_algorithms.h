// What Python's str methods compute, on plain text. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_TEXT_ALGORITHMS_H_
#define ETD_RUNTIME_TEXT_CHAT_TEXT_ALGORITHMS_H_

#include <string>
#include <string_view>
#include <vector>

#include "runtime/text/chat/value.h"

namespace etd::text {

// At most `limit` cuts (all if negative), from the right if `right`; at white space, or at `separator`.
std::vector<std::string> SplitSpace(std::string_view text, int64_t limit, bool right);
std::vector<std::string> SplitText(std::string_view text, std::string_view separator, int64_t limit, bool right);
// At every line end that Unicode knows.
std::vector<std::string> SplitLines(std::string_view text, bool keep_ends);
absl::StatusOr<std::string> ReplaceText(Heap& heap, std::string_view text, std::string_view from, std::string_view to,
                                        int64_t limit);
// `align` is one of < > ^; the middle is where str.center puts it.
absl::StatusOr<std::string> PadText(Heap& heap, std::string_view text, int64_t width, std::string_view fill, char align);
std::string Capitalize(std::string_view text);
std::string SwapCase(std::string_view text);
std::string TitleCase(std::string_view text);
bool IsLowerText(std::string_view text);
bool IsUpperText(std::string_view text);
bool IsTitleText(std::string_view text);
// Without HTML tags and comments, white space collapsed, the five basic entities and numeric ones resolved.
std::string StripTags(std::string_view text);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_TEXT_ALGORITHMS_H_
