// XNNPACK's status codes in the project's words.
#ifndef ETD_BACKENDS_XNNPACK_STATUS_H_
#define ETD_BACKENDS_XNNPACK_STATUS_H_

#include <xnnpack.h>

#include <string_view>

#include "absl/status/status.h"

namespace etd::xnnpack {

// OK, or an error that says what was attempted (`action`, for example "defining FullyConnected") and why it failed.
absl::Status FromXnn(xnn_status status, std::string_view action);

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_STATUS_H_
