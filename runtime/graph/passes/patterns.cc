#include "runtime/graph/passes/patterns.h"

#include <cstring>

namespace etd::graph {

GraphIndex::GraphIndex(const Graph& graph) : graph_(graph), producer_(graph.values.size(), -1), uses_(graph.values.size()) {
  const std::vector<bool> mutated = MutatedValues(graph);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const ValueId id : graph.nodes[i].writes) producer_[id] = mutated[id] ? -1 : static_cast<int64_t>(i);
    for (const ValueId id : graph.nodes[i].reads) ++uses_[id];
  }
  for (const ValueId output : graph.outputs) {
    for (const ValueId id : ElementsOf(graph, output)) ++uses_[id];
  }
}

const KernelNode* GraphIndex::ProducerNamed(ValueId value, std::string_view name) const {
  if (producer_[value] < 0) return nullptr;
  const KernelNode* call = graph_.nodes[static_cast<size_t>(producer_[value])].kernel();
  return call != nullptr && call->kernel->name == name ? call : nullptr;
}

std::optional<int64_t> ConstantInt(const Graph& graph, ValueId value) {
  const auto* number = std::get_if<int64_t>(&graph.values[value].spec);
  if (number == nullptr || graph.values[value].origin != GraphValue::Origin::kConstant) return std::nullopt;
  return *number;
}

std::optional<float> ConstantScalarTensor(const Graph& graph, ValueId value) {
  const program::TensorSpec* spec = graph.values[value].tensor();
  if (spec == nullptr || graph.values[value].origin != GraphValue::Origin::kConstant) return std::nullopt;
  if (spec->layout.dtype != tensor::ScalarType::kFloat32 || spec->data.size() != sizeof(float)) return std::nullopt;
  float number;
  std::memcpy(&number, spec->data.data(), sizeof(number));
  return number;
}

std::optional<std::vector<int64_t>> ConstantInts(const Graph& graph, ValueId value) {
  const auto* list = std::get_if<program::IntListSpec>(&graph.values[value].spec);
  if (list == nullptr) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const ValueId item : list->items) {
    const std::optional<int64_t> number = ConstantInt(graph, item);
    if (!number.has_value()) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

bool IsConstantTrue(const Graph& graph, ValueId value) {
  const auto* truth = std::get_if<bool>(&graph.values[value].spec);
  return truth != nullptr && *truth && graph.values[value].origin == GraphValue::Origin::kConstant;
}

bool IsFloat32(const Graph& graph, ValueId value) {
  const program::TensorSpec* spec = graph.values[value].tensor();
  return spec != nullptr && spec->layout.dtype == tensor::ScalarType::kFloat32;
}

const std::vector<int32_t>& SizesOf(const Graph& graph, ValueId value) {
  static const std::vector<int32_t> kNone;
  const program::TensorSpec* spec = graph.values[value].tensor();
  return spec != nullptr ? spec->layout.sizes : kNone;
}

}  // namespace etd::graph
