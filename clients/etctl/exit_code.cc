#include "clients/etctl/exit_code.h"

#include <fmt/format.h>

#include <optional>

#include "clients/cpp/error.h"
#include "clients/etctl/format.h"

namespace etd::etctl {

const char kExitCodeHelp[] =
    "Exit status:\n"
    "  0    ok\n"
    "  1    error\n"
    "  2    the command line is wrong\n"
    "  3    not found: no such model, session, request or file\n"
    "  4    refused: busy, full, not permitted, or shutting down\n"
    "  5    cannot connect to etd, or it went away\n"
    "  130  interrupted by Ctrl-C\n";

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return ExitCode::kOk;
  if (client::IsConnectionError(status)) return ExitCode::kNoConnection;
  switch (status.code()) {
    case absl::StatusCode::kNotFound: return ExitCode::kNotFound;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kUnavailable: return ExitCode::kRefused;
    default: return ExitCode::kError;
  }
}

std::string Explain(const absl::Status& status) {
  std::string text(status.message());
  if (text.empty()) text = absl::StatusCodeToString(status.code());
  if (client::IsConnectionError(status)) {
    switch (status.code()) {
      case absl::StatusCode::kUnavailable:
        return text + "; start it with `etd` (or `systemctl start etd`), or say where it is with --socket PATH";
      case absl::StatusCode::kPermissionDenied:
        return text + "; its group may (socket.group in etd.toml), or use a daemon of your own with --socket PATH";
      default: return text + "; say where etd listens with --socket PATH";
    }
  }
  const std::optional<v1::Refusal> refusal = client::RefusalOf(status);
  if (!refusal) return text;
  if (!refusal->limit().empty() && text.find(refusal->limit()) == std::string::npos) {
    text += fmt::format(" ({}: {} of {})", refusal->limit(), refusal->current(), refusal->maximum());
  }
  if (refusal->has_retry_after()) {
    text += fmt::format("; try again in {}", HumanSeconds(Seconds(refusal->retry_after())));
  }
  return text;
}

}  // namespace etd::etctl
