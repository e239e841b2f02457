// What a status of the client library tells besides its code and text.
#ifndef ETD_CLIENTS_CPP_ERROR_H_
#define ETD_CLIENTS_CPP_ERROR_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "etd/v1/etd.pb.h"

namespace etd::client {

// An error of the way to the daemon, not of the daemon's: marked so that IsConnectionError tells it.
absl::Status ConnectionError(absl::StatusCode code, const std::string& text);
bool IsConnectionError(const absl::Status& status);

// Why the daemon refused, and when to come again; nothing where the daemon said no more than the text.
std::optional<v1::Refusal> RefusalOf(const absl::Status& status);

// The status of an answer of the daemon. `code` is the number of a canonical status code; `details` is a serialised
// ErrorStatus, or empty. Details that make no sense are left out.
absl::Status StatusFromWire(int code, const std::string& text, const std::string& details);

}  // namespace etd::client

#endif  // ETD_CLIENTS_CPP_ERROR_H_
