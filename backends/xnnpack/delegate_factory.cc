#include "backends/xnnpack/delegate_factory.h"

#include <xnnpack.h>

#include <utility>

#include "backends/xnnpack/compiler.h"
#include "backends/xnnpack/status.h"
#include "runtime/base/status.h"

namespace etd::xnnpack {

absl::StatusOr<std::unique_ptr<graph::RegionCompiler>> XnnpackDelegateFactory::CreateCompiler() {
  // Repeated calls are cheap and thread-safe in XNNPACK itself, but a failure is worth telling only once computed.
  static const xnn_status initialised = xnn_initialize(nullptr);
  ETD_RETURN_IF_ERROR(FromXnn(initialised, "starting"));
  ETD_ASSIGN_OR_RETURN(std::unique_ptr<XnnpackCompiler> compiler, XnnpackCompiler::Create(pool_));
  return std::unique_ptr<graph::RegionCompiler>(std::move(compiler));
}

}  // namespace etd::xnnpack
