// Numbers in texts, as Python's int() and float() read them. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_NUMBER_TEXT_H_
#define ETD_RUNTIME_TEXT_CHAT_NUMBER_TEXT_H_

#include <optional>
#include <string_view>

#include "runtime/base/status.h"

namespace etd::text {

// Nothing if the text is no number; OutOfRange for an integer beyond 64 bits. `base` 0 reads a prefix.
absl::StatusOr<std::optional<int64_t>> ParseInteger(std::string_view text, int64_t base);
std::optional<double> ParseReal(std::string_view text);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_NUMBER_TEXT_H_
