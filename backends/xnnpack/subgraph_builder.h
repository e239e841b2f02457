// Makes an XNNPACK subgraph of a lowered fragment.
#ifndef ETD_BACKENDS_XNNPACK_SUBGRAPH_BUILDER_H_
#define ETD_BACKENDS_XNNPACK_SUBGRAPH_BUILDER_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "backends/xnnpack/handles.h"
#include "backends/xnnpack/lowering.h"
#include "backends/xnnpack/weight_store.h"

namespace etd::xnnpack {

// An output that nobody asked for but that XNNPACK insists on writing: it gets memory from the region.
struct UnwantedOutput {
  uint32_t external = 0;  // XNNPACK's number for it.
  uint32_t value = 0;     // Index into the lowered fragment.
};

struct BuiltSubgraph {
  SubgraphHandle subgraph;
  std::vector<UnwantedOutput> unwanted;
};

// Externals keep their numbers. Internal values are declared as small as their rank allows, since XNNPACK only plans
// memory anew when a value grows beyond what was declared. Constants go through `store`; weights that are packed stay
// staged there until the caller has made the runtime. `lowered` must outlive the making of the runtime.
// Errors: UNIMPLEMENTED, INVALID_ARGUMENT, RESOURCE_EXHAUSTED.
absl::StatusOr<BuiltSubgraph> BuildSubgraph(const Lowered& lowered, WeightStore& store);

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_SUBGRAPH_BUILDER_H_
