// Private to this folder: one method, from the flatbuffer to the view.
#ifndef ETD_RUNTIME_PROGRAM_METHOD_READER_H_
#define ETD_RUNTIME_PROGRAM_METHOD_READER_H_

#include "absl/status/statusor.h"
#include "runtime/program/program_view.h"
#include "runtime/program/value_reader.h"

namespace etd::program {

// Copies and range-checks; what values and instructions demand of each other is VerifyMethod's. Several chains become
// one list of instructions, since each begins where the one before it ends.
// Errors: INVALID_ARGUMENT or UNIMPLEMENTED, with the value or instruction; NOT_FOUND for a missing external tensor.
absl::StatusOr<MethodSpec> ReadMethod(const wire::Method& method, const ProgramContext& context);

}  // namespace etd::program

#endif  // ETD_RUNTIME_PROGRAM_METHOD_READER_H_
