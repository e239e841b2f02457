// String literals of templates. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_STRING_LITERAL_H_
#define ETD_RUNTIME_TEXT_CHAT_STRING_LITERAL_H_

#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace etd::text {

// The text that the inside of a quoted literal stands for, by Python's escapes; an unknown escape stands for itself.
// InvalidArgument: an escape that is cut short, names a character by its Unicode name, or is half of a surrogate pair.
absl::StatusOr<std::string> UnescapeLiteral(std::string_view literal);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_STRING_LITERAL_H_
