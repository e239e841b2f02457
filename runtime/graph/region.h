// A part of the graph that a backend runs in one go, and how a backend offers its services to the runtime.
#ifndef ETD_RUNTIME_GRAPH_REGION_H_
#define ETD_RUNTIME_GRAPH_REGION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/graph/fragment.h"
#include "runtime/tensor/tensor.h"

namespace etd::graph {

// Finds named data of the program (weights that several delegates share). Keys are exact.
class NamedDataSource {
 public:
  virtual ~NamedDataSource() = default;
  // Errors: NOT_FOUND. The bytes live as long as the program.
  virtual absl::StatusOr<std::span<const std::byte>> Find(std::string_view key) const = 0;
};

// A compiled fragment. Externals are given by number, as Fragment::external_count says; unused ones may be null.
// Not thread-safe; regions of one compiler share working memory, so only one of them runs at a time.
class Region {
 public:
  virtual ~Region() = default;
  // Takes the shapes of the inputs and resizes the outputs (Tensor::Resize). Tensors may have no memory yet.
  // Cheap when the shapes are those of the last call. Errors: INVALID_ARGUMENT.
  virtual absl::Status Prepare(std::span<tensor::Tensor* const> externals) = 0;
  // Computes, after a Prepare with the same shapes; reads and writes the tensors' memory. Addresses may change from call
  // to call; unchanged ones cost nothing.
  virtual absl::Status Run(std::span<tensor::Tensor* const> externals) = 0;
};

// An open delegate: reads blobs into fragments and compiles fragments into regions. Weights are packed once per compiler,
// whichever region uses them first; the compiler outlives its regions.
class RegionCompiler {
 public:
  virtual ~RegionCompiler() = default;
  // `blob` and the named data outlive everything made here. Errors: INVALID_ARGUMENT (damaged), UNIMPLEMENTED (a node or
  // type that can't be run, named).
  virtual absl::StatusOr<Fragment> Read(std::span<const std::byte> blob, const NamedDataSource& named_data) = 0;
  virtual absl::StatusOr<std::unique_ptr<Region>> Compile(const Fragment& fragment) = 0;
  // No further Compile follows: working memory can be sized, sources of packed weights can be released.
  virtual absl::Status Finish() = 0;
  // Bytes of packed weights.
  virtual uint64_t weight_bytes() const = 0;
  // Ranges of constant data that were packed and are not read again (their file pages can be given back).
  virtual std::span<const std::span<const std::byte>> packed_sources() const = 0;
};

// What a composition root registers per delegate id ("XnnpackBackend"): makes one compiler per loaded program.
class DelegateFactory {
 public:
  virtual ~DelegateFactory() = default;
  virtual std::string_view delegate_id() const = 0;
  virtual absl::StatusOr<std::unique_ptr<RegionCompiler>> CreateCompiler() = 0;
};

}  // namespace etd::graph

#endif  // ETD_RUNTIME_GRAPH_REGION_H_
