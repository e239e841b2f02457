// Finds filters and tests that do not exist, before a template is rendered. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_NAME_CHECK_H_
#define ETD_RUNTIME_TEXT_CHAT_NAME_CHECK_H_

#include "runtime/text/chat/ast.h"

namespace etd::text {

// InvalidArgument for an unknown filter or test, unless it stands in a branch (an if, or a conditional expression): there
// a template may guard it, and it only fails when it is reached.
absl::Status CheckNames(const Block& block);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_NAME_CHECK_H_
