// Which of a template's own variables hide an argument of the same name from the start. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_HOISTING_H_
#define ETD_RUNTIME_TEXT_CHAT_HOISTING_H_

#include <string>
#include <vector>

#include "runtime/text/chat/ast.h"

namespace etd::text {

// Jinja decides before rendering which names belong to the template: one that the outermost level assigns before it reads
// it (not only in a branch of an if) is the template's own everywhere, so that a macro called before the assignment, or the
// body of a block set of that name, sees it as undefined although an argument has the name.
std::vector<std::string> HoistedNames(const Block& body);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_HOISTING_H_
