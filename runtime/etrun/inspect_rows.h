// `etrun inspect --rows`: what of a language model runs once for the rows of all sessions.
#ifndef ETD_RUNTIME_ETRUN_INSPECT_ROWS_H_
#define ETD_RUNTIME_ETRUN_INSPECT_ROWS_H_

#include <memory>
#include <ostream>

#include "absl/status/status.h"
#include "runtime/exec/loaded_program.h"

namespace etd::etrun {

// A line for each node of the graph as it is executed: how it is placed, what it computes, the classes of its results, and
// why it runs for each session alone if it does. Errors: FAILED_PRECONDITION where the program is no causal language model
// or takes a fixed number of tokens; those of compiling.
absl::Status PrintRows(std::shared_ptr<exec::LoadedProgram> program, std::ostream& out);

}  // namespace etd::etrun

#endif  // ETD_RUNTIME_ETRUN_INSPECT_ROWS_H_
