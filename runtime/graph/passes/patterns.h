// Helpers for passes that recognise groups of nodes.
#ifndef ETD_RUNTIME_GRAPH_PASSES_PATTERNS_H_
#define ETD_RUNTIME_GRAPH_PASSES_PATTERNS_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/graph/graph.h"

namespace etd::graph {

// Who makes and who uses each value. A snapshot: nodes must keep their places while it is used.
class GraphIndex {
 public:
  explicit GraphIndex(const Graph& graph);

  // The kernel node that makes `value` by calling `name`, or nothing. A value that is mutated has no producer.
  const KernelNode* ProducerNamed(ValueId value, std::string_view name) const;
  // The number of the node that makes `value`, or -1.
  int64_t ProducerOf(ValueId value) const { return producer_[value]; }
  // How many nodes read the value; an output of the graph counts as one more.
  int UsesOf(ValueId value) const { return uses_[value]; }

 private:
  const Graph& graph_;
  std::vector<int64_t> producer_;
  std::vector<int> uses_;
};

// Constants as numbers.
std::optional<int64_t> ConstantInt(const Graph& graph, ValueId value);
// A float32 tensor with one element in the file.
std::optional<float> ConstantScalarTensor(const Graph& graph, ValueId value);
// An Int list whose elements are all constants.
std::optional<std::vector<int64_t>> ConstantInts(const Graph& graph, ValueId value);
bool IsConstantTrue(const Graph& graph, ValueId value);
bool IsFloat32(const Graph& graph, ValueId value);
// The declared sizes of a tensor (upper bound where dynamic).
const std::vector<int32_t>& SizesOf(const Graph& graph, ValueId value);

}  // namespace etd::graph

#endif  // ETD_RUNTIME_GRAPH_PASSES_PATTERNS_H_
