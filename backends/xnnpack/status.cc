#include "backends/xnnpack/status.h"

#include "runtime/base/status.h"

namespace etd::xnnpack {

absl::Status FromXnn(xnn_status status, std::string_view action) {
  switch (status) {
    case xnn_status_success: return absl::OkStatus();
    case xnn_status_out_of_memory: return ResourceExhausted("XNNPACK, {}: not enough memory", action);
    case xnn_status_unsupported_hardware:
      return Unimplemented("XNNPACK, {}: this processor lacks the instructions that it needs", action);
    case xnn_status_unsupported_parameter:
      return Unimplemented("XNNPACK, {}: it has no kernel for these parameters", action);
    case xnn_status_invalid_parameter: return InvalidArgument("XNNPACK, {}: the parameters make no sense to it", action);
    default: return Internal("XNNPACK, {}: status {}", action, static_cast<int>(status));
  }
}

}  // namespace etd::xnnpack
