// Owners of XNNPACK's objects.
#ifndef ETD_BACKENDS_XNNPACK_HANDLES_H_
#define ETD_BACKENDS_XNNPACK_HANDLES_H_

#include <xnnpack.h>

#include <memory>

namespace etd::xnnpack {

struct XnnDeleter {
  void operator()(xnn_subgraph_t subgraph) const { xnn_delete_subgraph(subgraph); }
  void operator()(xnn_runtime_t runtime) const { xnn_delete_runtime(runtime); }
  void operator()(xnn_workspace_t workspace) const { xnn_release_workspace(workspace); }
};

using SubgraphHandle = std::unique_ptr<xnn_subgraph, XnnDeleter>;
using RuntimeHandle = std::unique_ptr<xnn_runtime, XnnDeleter>;
// Counted inside XNNPACK: runtimes keep their workspace alive.
using WorkspaceHandle = std::unique_ptr<xnn_workspace, XnnDeleter>;

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_HANDLES_H_
