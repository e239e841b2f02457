// `etrun tokenize`.
#ifndef ETD_RUNTIME_ETRUN_TOKENIZE_COMMAND_H_
#define ETD_RUNTIME_ETRUN_TOKENIZE_COMMAND_H_

#include <iosfwd>
#include <string>

#include "absl/status/status.h"

namespace etd::etrun {

// Reads JSON lines {"text": …} from `in` until its end and writes a line {"ids": […], "decoded": …} for each to `out`.
// Ids have the special tokens that the tokenizer adds and decoded drops all special ones; with `no_special` none are
// added and decoded keeps those in the text. Empty lines are skipped.
// Errors: the tokenizer's, or INVALID_ARGUMENT with the number of the first line that cannot be done.
absl::Status RunTokenize(const std::string& tokenizer_json_path, bool no_special, std::istream& in, std::ostream& out);

}  // namespace etd::etrun

#endif  // ETD_RUNTIME_ETRUN_TOKENIZE_COMMAND_H_
