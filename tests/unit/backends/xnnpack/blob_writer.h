// Writes blobs as exporters do, for tests and seeds.
#ifndef ETD_TESTS_UNIT_BACKENDS_XNNPACK_BLOB_WRITER_H_
#define ETD_TESTS_UNIT_BACKENDS_XNNPACK_BLOB_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "backends/xnnpack/schema/xnnpack_blob_generated.h"
#include "runtime/base/status.h"
#include "runtime/graph/region.h"

namespace etd::xnnpack {

// Bytes at an address that is a multiple of 16, as programs hold their blobs.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::span<const std::byte> bytes);
  std::span<const std::byte> span() const { return {reinterpret_cast<const std::byte*>(words_.data()), size_}; }
  std::span<std::byte> mutable_span() { return {reinterpret_cast<std::byte*>(words_.data()), size_}; }

 private:
  struct alignas(16) Word {
    std::byte bytes[16];
  };
  std::vector<Word> words_;
  size_t size_;
};

class MapData : public graph::NamedDataSource {
 public:
  absl::StatusOr<std::span<const std::byte>> Find(std::string_view key) const override {
    const auto at = entries.find(std::string(key));
    if (at == entries.end()) return etd::NotFound("no data called {}", key);
    return std::span<const std::byte>(at->second);
  }

  std::map<std::string, std::vector<std::byte>> entries;
};

class BlobWriter {
 public:
  // Adds a value; returns its id. `flags` 1: input, 2: output.
  uint32_t Value(blob::DataType type, std::vector<uint32_t> dims, uint32_t flags = 0, uint32_t external = 0xFFFFFFFF);
  // The tensor of the value added last.
  blob::TensorT& last();
  // Makes the value added last a quantised one.
  template <typename Scaling>
  void Scale(Scaling scaling) {
    blob::AnyTensorUnion& any = graph.values.back()->value;
    blob::QuantizedTensorT quantized;
    quantized.tensor = std::make_unique<blob::TensorT>(*any.AsTensor());
    quantized.scaling.Set(std::move(scaling));
    any.Set(std::move(quantized));
  }
  // Adds constant bytes behind the graph, or named ones; returns their index.
  uint32_t Constant(std::span<const std::byte> bytes);
  uint32_t NamedConstant(std::string key);
  template <typename Table>
  void Node(blob::AnyNode type, Table table) {
    auto node = std::make_unique<blob::NodeT>();
    // Members of this union share table types, so it can't tell which is meant; it owns the table.
    node->node.type = type;
    node->node.value = new Table(std::move(table));
    graph.nodes.push_back(std::move(node));
  }

  // With the header of newer files, or the flatbuffer alone.
  AlignedBytes Write(bool header = true) const;

  blob::GraphT graph;

 private:
  std::vector<std::byte> constants_;
};

// A small graph with most of what blobs can have: a blockwise and a per-channel product, a constant operand, a pad, a
// slice, a transpose. Named data goes to `data`.
BlobWriter SampleBlob(MapData& data);

}  // namespace etd::xnnpack

#endif  // ETD_TESTS_UNIT_BACKENDS_XNNPACK_BLOB_WRITER_H_
