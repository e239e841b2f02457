// The date for strftime_now. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_TIME_FORMAT_H_
#define ETD_RUNTIME_TEXT_CHAT_TIME_FORMAT_H_

#include <string>

#include "runtime/base/clock.h"
#include "runtime/base/status.h"

namespace etd::text {

// strftime in UTC and English, whatever the process's locale is. InvalidArgument for a format of unreasonable length.
absl::StatusOr<std::string> FormatTime(WallTime time, const std::string& format);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_TIME_FORMAT_H_
