// `etrun template`: renders a chat template from the command line.
#ifndef ETD_RUNTIME_ETRUN_TEMPLATE_COMMAND_H_
#define ETD_RUNTIME_ETRUN_TEMPLATE_COMMAND_H_

#include <istream>
#include <optional>
#include <ostream>
#include <string>

#include "runtime/base/clock.h"
#include "runtime/base/status.h"

namespace etd {

// A time of the form 2026-11-21T09:30:00, in UTC. InvalidArgument for anything else.
absl::StatusOr<WallTime> ParseTime(const std::string& text);

// Renders the template in the file at `template_path` with the JSON object that `in` holds and writes the text to `out`
// byte for byte, without a newline of its own. `now` (see ParseTime) is what strftime_now shows; the machine's time if not
// given. NotFound: the file cannot be read. InvalidArgument: no JSON, or what ChatTemplate finds wrong. Unavailable: `out`
// takes no more.
absl::Status RunTemplate(const std::string& template_path, const std::optional<std::string>& now, std::istream& in,
                         std::ostream& out);

}  // namespace etd

#endif  // ETD_RUNTIME_ETRUN_TEMPLATE_COMMAND_H_
