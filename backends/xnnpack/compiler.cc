#include "backends/xnnpack/compiler.h"

#include <unistd.h>

#include <utility>
#include <vector>

#include "backends/xnnpack/blob_reader.h"
#include "backends/xnnpack/fragment_verifier.h"
#include "backends/xnnpack/region.h"
#include "backends/xnnpack/status.h"
#include "runtime/base/status.h"

namespace etd::xnnpack {

namespace {

uint64_t MachineMemory() {
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return uint64_t{1} << 30;
  return static_cast<uint64_t>(pages) * static_cast<uint64_t>(page);
}

}  // namespace

XnnpackCompiler::XnnpackCompiler(threads::ThreadPool* pool, CompilerOptions options, WorkspaceHandle workspace)
    : pool_(pool), options_(options), workspace_(std::move(workspace)) {
  if (options_.working_limit_bytes == 0) options_.working_limit_bytes = MachineMemory() / 2;
}

absl::StatusOr<std::unique_ptr<XnnpackCompiler>> XnnpackCompiler::Create(threads::ThreadPool* pool,
                                                                         CompilerOptions options) {
  xnn_workspace_t workspace = nullptr;
  ETD_RETURN_IF_ERROR(FromXnn(xnn_create_workspace(&workspace), "making working memory"));
  return std::unique_ptr<XnnpackCompiler>(new XnnpackCompiler(pool, options, WorkspaceHandle(workspace)));
}

absl::StatusOr<graph::Fragment> XnnpackCompiler::Read(std::span<const std::byte> blob,
                                                      const graph::NamedDataSource& named_data) {
  ETD_ASSIGN_OR_RETURN(graph::Fragment fragment, ReadBlob(blob, named_data));
  absl::Status status = VerifyFragment(fragment).status();
  if (!status.ok()) return Annotate(status, "the XNNPACK delegate's program is damaged");
  return fragment;
}

absl::StatusOr<std::unique_ptr<graph::Region>> XnnpackCompiler::Compile(const graph::Fragment& fragment) {
  ETD_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, VerifyFragment(fragment));
  absl::StatusOr<std::unique_ptr<XnnpackRegion>> region =
      XnnpackRegion::Create(fragment, shapes, {store_, workspace_.get(), pool_, options_.working_limit_bytes, options_.profile});
  store_.ReleaseStaged();
  if (!region.ok()) return region.status();
  return std::unique_ptr<graph::Region>(*std::move(region));
}

absl::Status XnnpackCompiler::Finish() { return absl::OkStatus(); }

}  // namespace etd::xnnpack
