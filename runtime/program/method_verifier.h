// What the parts of a method demand of each other; everything else was checked while it was read.
#ifndef ETD_RUNTIME_PROGRAM_METHOD_VERIFIER_H_
#define ETD_RUNTIME_PROGRAM_METHOD_VERIFIER_H_

#include "absl/status/status.h"
#include "runtime/program/program_view.h"

namespace etd::program {

// Checks the kinds of the values that lists, inputs and instructions refer to. The indices in `method` are in range.
// Which values an operator's or a delegate's arguments may be is known to them alone, and checked where they are
// resolved. Errors: INVALID_ARGUMENT with the method, the value or instruction, and the reason.
absl::Status VerifyMethod(const MethodSpec& method);

}  // namespace etd::program

#endif  // ETD_RUNTIME_PROGRAM_METHOD_VERIFIER_H_
