// A compiled fragment: one XNNPACK runtime.
#ifndef ETD_BACKENDS_XNNPACK_REGION_H_
#define ETD_BACKENDS_XNNPACK_REGION_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "backends/xnnpack/handles.h"
#include "backends/xnnpack/lowering.h"
#include "backends/xnnpack/weight_store.h"
#include "runtime/graph/region.h"
#include "runtime/memory/arena.h"
#include "runtime/threads/thread_pool.h"

namespace etd::xnnpack {

// What regions of one compiler have in common.
struct RegionContext {
  WeightStore& store;
  xnn_workspace_t workspace;
  threads::ThreadPool* pool;  // Null: the calling thread computes alone.
  uint64_t working_limit_bytes = 0;  // See CompilerOptions.
  bool profile = false;       // Times every operator, which costs a little.
};

// See graph::Region for the contract. More of it here:
//
//   * Memory of inputs must be readable for kReadPast bytes past their end: kernels read (and ignore) what lies there.
//     Arenas of the runtime are padded so; a caller's own memory has to be copied by whoever binds it.
//   * Tensors have the element type of the value, int64 where an output value is int32 (indices, which are widened), and
//     the dimensions of the value in memory order. Leading dimensions of 1 may be missing or surplus.
//   * Where a dimension is 0, nothing is computed if all outputs are empty too; else that is UNIMPLEMENTED.
//   * Working memory is shared with the other regions of the compiler and grows to the largest need. Should XNNPACK fail
//     while it plans (RESOURCE_EXHAUSTED), the region stays unusable, since its plan is then undefined.
class XnnpackRegion : public graph::Region {
 public:
  static constexpr size_t kReadPast = 16;

  // `fragment` is verified, `shapes` are VerifyFragment's. Only reads `fragment` during the call.
  static absl::StatusOr<std::unique_ptr<XnnpackRegion>> Create(const graph::Fragment& fragment,
                                                               std::span<const Shape> shapes,
                                                               const RegionContext& context);

  absl::Status Prepare(std::span<tensor::Tensor* const> externals) override;
  absl::Status Run(std::span<tensor::Tensor* const> externals) override;

  // Times of the last Run, if the context asked for them.
  struct OperatorTime {
    std::string name;
    uint64_t microseconds = 0;
  };
  std::vector<OperatorTime> Profile() const;

 private:
  struct Port {
    uint32_t external = 0;
    uint32_t value = 0;
    graph::DenseType type = graph::DenseType::kFloat32;  // As the fragment has it, before lowering.
  };
  // An output that no one wants; see UnwantedOutput.
  struct Sink {
    uint32_t external = 0;
    uint32_t value = 0;
    memory::ScratchBuffer memory;
  };

  XnnpackRegion() = default;
  absl::StatusOr<tensor::Tensor*> TensorOf(const Port& port, std::span<tensor::Tensor* const> externals) const;
  absl::Status Reshape(std::span<const Shape> inputs);
  absl::Status PlanAnew();
  absl::Status InferAll();
  absl::Status CheckWorkingMemory() const;
  bool SharesMemoryDifferently() const;
  absl::Status ResizeOutputs(std::span<tensor::Tensor* const> externals) const;
  absl::Status Bind(std::span<tensor::Tensor* const> externals);

  std::vector<graph::FragmentNode> nodes_;
  std::vector<Shape> shapes_;          // Of every value, now.
  std::vector<Shape> planned_shapes_;  // As XNNPACK has last taken them.
  std::vector<size_t> element_bytes_;
  std::vector<Port> inputs_, outputs_;
  std::vector<Sink> sinks_;
  std::vector<Shape> scratch_shapes_;
  std::vector<xnn_external_value> bindings_;
  RuntimeHandle runtime_;
  std::vector<bool> inside_;  // Of every value: whether it lies in working memory.
  uint64_t working_limit_bytes_ = 0;
  bool profile_ = false;
  bool prepared_ = false;  // Shapes are valid.
  bool bound_ = false;     // XNNPACK knows the addresses in bindings_ and the shapes.
  bool empty_ = false;     // There is nothing to compute.
  bool broken_ = false;
};

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_REGION_H_
