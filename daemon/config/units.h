// Durations and sizes as people write them.
#ifndef ETD_DAEMON_CONFIG_UNITS_H_
#define ETD_DAEMON_CONFIG_UNITS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/base/clock.h"

namespace etd::config {

// "250ms", "10s", "5m", "2h", "0". INVALID_ARGUMENT for anything else, negative or beyond 10 years.
absl::StatusOr<Duration> ParseDuration(std::string_view text);
// "4GiB", "512MiB", "64KiB", "4GB", "1000". INVALID_ARGUMENT for anything else.
absl::StatusOr<uint64_t> ParseBytes(std::string_view text);

}  // namespace etd::config

#endif  // ETD_DAEMON_CONFIG_UNITS_H_
