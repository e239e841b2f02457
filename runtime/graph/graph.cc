#include "runtime/graph/graph.h"

#include <algorithm>
#include <utility>

namespace etd::graph {
namespace {

void AddUnique(std::vector<ValueId>& list, ValueId value) {
  if (std::ranges::find(list, value) == list.end()) list.push_back(value);
}

bool IsOutput(kernel::Parameter parameter) {
  return parameter == kernel::Parameter::kOut || parameter == kernel::Parameter::kOutList ||
         parameter == kernel::Parameter::kOutNumber;
}

void ConnectKernel(const Graph& graph, const KernelNode& call, Node& node) {
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    const bool output = IsOutput(call.kernel->parameters[i]);
    for (const ValueId id : ElementsOf(graph, call.arguments[i])) {
      AddUnique(output ? node.writes : node.reads, id);
    }
  }
  for (const uint8_t i : call.kernel->mutates) AddUnique(node.writes, call.arguments[i]);
}

}  // namespace

std::vector<ValueId> ElementsOf(const Graph& graph, ValueId value) {
  const program::ValueSpec& spec = graph.values[value].spec;
  if (const auto* ints = std::get_if<program::IntListSpec>(&spec)) return ints->items;
  if (const auto* tensors = std::get_if<program::TensorListSpec>(&spec)) return tensors->items;
  if (const auto* optional = std::get_if<program::OptionalTensorListSpec>(&spec)) {
    std::vector<ValueId> ids;
    for (const int32_t id : optional->items) {
      if (id >= 0) ids.push_back(static_cast<ValueId>(id));
    }
    return ids;
  }
  return {value};
}

ValueId Graph::AddValue(GraphValue value) {
  values.push_back(std::move(value));
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::AddConstant(program::ValueSpec spec) {
  GraphValue& value = values.emplace_back();
  value.origin = GraphValue::Origin::kConstant;
  value.spec = std::move(spec);
  return static_cast<ValueId>(values.size() - 1);
}

absl::InlinedVector<int32_t, tensor::kMaxRank> SizesOf(const RowPort& port, int32_t rows) {
  absl::InlinedVector<int32_t, tensor::kMaxRank> sizes = port.sizes;
  sizes[static_cast<size_t>(port.dim)] = rows;
  return sizes;
}

void ConnectNode(const Graph& graph, Node& node) {
  node.reads.clear();
  node.writes.clear();
  if (const KernelNode* call = node.kernel()) {
    ConnectKernel(graph, *call, node);
  } else if (const DenseNode* dense = node.dense()) {
    for (const ValueId id : dense->node.inputs) AddUnique(node.reads, id);
    for (const ValueId id : dense->node.outputs) AddUnique(node.writes, id);
  } else if (const StageNode* stage = node.stage()) {
    for (const RowPort& port : stage->reads) AddUnique(node.reads, port.value);
    for (const RowPort& port : stage->writes) AddUnique(node.writes, port.value);
  } else {
    const RegionNode& region = *node.region();
    for (const FragmentValue& value : region.fragment.values) {
      if (value.role == FragmentValue::Role::kInput) AddUnique(node.reads, region.externals[value.external]);
      if (value.role == FragmentValue::Role::kOutput) AddUnique(node.writes, region.externals[value.external]);
    }
  }
}

bool Mutates(const Node& node) { return node.kernel() != nullptr && !node.kernel()->kernel->mutates.empty(); }

bool DrawsNumbers(const Node& node) { return node.kernel() != nullptr && node.kernel()->kernel->draws_numbers; }

std::vector<bool> MutatedValues(const Graph& graph) {
  std::vector<bool> mutated(graph.values.size());
  for (const Node& node : graph.nodes) {
    const KernelNode* call = node.kernel();
    if (call == nullptr) continue;
    for (const uint8_t i : call->kernel->mutates) mutated[call->arguments[i]] = true;
  }
  return mutated;
}

}  // namespace etd::graph
