// One generation: from a request to text on the screen.
#ifndef ETD_CLIENTS_ETCTL_ANSWER_H_
#define ETD_CLIENTS_ETCTL_ANSWER_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/etctl/commands.h"
#include "etd/v1/etd.pb.h"

namespace etd::etctl {

struct Answer {
  std::string text;
  v1::GenerateEnd end;  // set when the status is OK
  absl::Status status;
  bool interrupted = false;  // by Ctrl-C; the status is CANCELLED then, or OK where the end came first
};

// Writes the text to the console's output as it comes, flushed, and a newline behind it where it does not end with one.
// With --json each message of the daemon is a line of JSON instead. Ctrl-C cancels the request.
Answer StreamAnswer(Context& context, const v1::GenerateRequest& request);

// "85 tokens, 71.3 tokens/s, first after 120 ms; prompt of 12 tokens (8 kept); stopped at the limit of tokens"
std::string UsageLine(const v1::GenerateEnd& end);

// Copies what was given on the command line.
void SetSampling(const SamplingOptions& options, v1::GenerateRequest* request);

// `text`, or standard input to its end, less one newline, where it is absent or "-". A terminal is told what to do:
// `what` is "prompt". Errors: INVALID_ARGUMENT when it is empty.
absl::StatusOr<std::string> ReadText(Console& console, const std::optional<std::string>& text, std::string_view what);

// The model is loaded, and a chat with it cannot work since it has no template.
bool HasNoChatTemplate(Context& context, const std::string& model);

}  // namespace etd::etctl

#endif  // ETD_CLIENTS_ETCTL_ANSWER_H_
