// The XNNPACK delegate: blobs into fragments, fragments into regions.
#ifndef ETD_BACKENDS_XNNPACK_COMPILER_H_
#define ETD_BACKENDS_XNNPACK_COMPILER_H_

#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "backends/xnnpack/handles.h"
#include "backends/xnnpack/weight_store.h"
#include "runtime/graph/region.h"
#include "runtime/threads/thread_pool.h"

namespace etd::xnnpack {

struct CompilerOptions {
  bool profile = false;  // Regions time their operators (XnnpackRegion::Profile).
  // What the values inside one region may take together; shapes that need more are refused. 0: half the machine's memory.
  uint64_t working_limit_bytes = 0;
};

// For one program. Not thread-safe; outlives its regions, which share its packed weights and working memory.
class XnnpackCompiler : public graph::RegionCompiler {
 public:
  // `pool` (may be null) outlives the compiler. XNNPACK is initialised. Errors: RESOURCE_EXHAUSTED.
  static absl::StatusOr<std::unique_ptr<XnnpackCompiler>> Create(threads::ThreadPool* pool, CompilerOptions options = {});

  absl::StatusOr<graph::Fragment> Read(std::span<const std::byte> blob,
                                       const graph::NamedDataSource& named_data) override;
  // Regions are XnnpackRegion.
  absl::StatusOr<std::unique_ptr<graph::Region>> Compile(const graph::Fragment& fragment) override;
  absl::Status Finish() override;
  uint64_t weight_bytes() const override { return store_.bytes(); }
  std::span<const std::span<const std::byte>> packed_sources() const override { return store_.sources(); }

 private:
  XnnpackCompiler(threads::ThreadPool* pool, CompilerOptions options, WorkspaceHandle workspace);

  threads::ThreadPool* pool_;
  CompilerOptions options_;
  WorkspaceHandle workspace_;
  WeightStore store_;
};

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_COMPILER_H_
