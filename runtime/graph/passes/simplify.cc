#include "runtime/graph/passes/simplify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

namespace etd::graph {
namespace {

using Origin = GraphValue::Origin;

// A text that is equal for values that are interchangeable: equal constants, or the same value.
class ValueNames {
 public:
  explicit ValueNames(const Graph& graph) : graph_(graph), target_(graph.values.size()) {
    for (ValueId id = 0; id < target_.size(); ++id) target_[id] = id;
  }

  ValueId Resolve(ValueId id) const { return target_[id]; }
  void Replace(ValueId from, ValueId to) { target_[from] = to; }

  std::string NameOf(ValueId id) const {
    const GraphValue& value = graph_.values[target_[id]];
    const auto* tensor = value.tensor();
    if (value.origin == Origin::kConstant && tensor != nullptr && tensor->constant()) {
      return fmt::format("c{}:{}:{}:{}", static_cast<const void*>(tensor->data.data()),
                         static_cast<int>(tensor->layout.dtype), fmt::join(tensor->layout.sizes, ","),
                         fmt::join(tensor->layout.dim_order, ","));
    }
    if (value.origin != Origin::kConstant) return fmt::format("v{}", target_[id]);
    if (const auto* number = std::get_if<int64_t>(&value.spec)) return fmt::format("i{}", *number);
    if (const auto* number = std::get_if<double>(&value.spec)) return fmt::format("d{:a}", *number);
    if (const auto* truth = std::get_if<bool>(&value.spec)) return *truth ? "t" : "f";
    if (std::holds_alternative<std::monostate>(value.spec) && !value.dense.has_value()) return "n";
    if (const auto* list = std::get_if<program::IntListSpec>(&value.spec)) return ListName(list->items);
    if (const auto* list = std::get_if<program::TensorListSpec>(&value.spec)) return ListName(list->items);
    return fmt::format("v{}", id);
  }

 private:
  std::string ListName(const std::vector<uint32_t>& items) const {
    std::string name = "[";
    for (const uint32_t item : items) name.append(NameOf(item)).push_back(',');
    name.push_back(']');
    return name;
  }

  const Graph& graph_;
  std::vector<ValueId> target_;
};

std::string AttributesName(const DenseAttributes& a) {
  return fmt::format("{:a},{:a},{},{:a}|{}|{}|{}|{}|{}|{}|{:a},{}|{},{},{},{}|{},{},{},{},{},{}|{},{}|{},{},{}", a.output_min,
                     a.output_max, a.flags, a.alpha, fmt::join(a.permutation, ","), fmt::join(a.shape, ","),
                     fmt::join(a.offsets, ","), fmt::join(a.extents, ","), fmt::join(a.pad_before, ","),
                     fmt::join(a.pad_after, ","), a.pad_value, a.axis, a.padding_top, a.padding_right,
                     a.padding_bottom, a.padding_left, a.kernel_height, a.kernel_width, a.stride_height,
                     a.stride_width, a.dilation_height, a.dilation_width, a.adjustment_height, a.adjustment_width,
                     a.groups, a.group_input_channels, a.group_output_channels);
}

// What a node computes from what; equal for nodes that can be one. Empty for nodes that have to stay.
std::string NodeName(const Graph& graph, const ValueNames& names, const Node& node) {
  if (const KernelNode* call = node.kernel()) {
    std::string name(call->kernel->name);
    for (size_t i = 0; i < call->arguments.size(); ++i) {
      const kernel::Parameter parameter = call->kernel->parameters[i];
      const ValueId id = call->arguments[i];
      if (parameter == kernel::Parameter::kOut) {
        const program::TensorLayout& layout = graph.values[id].tensor()->layout;
        name += fmt::format(" o{}:{}", static_cast<int>(layout.dtype), fmt::join(layout.dim_order, ","));
      } else if (parameter == kernel::Parameter::kOutNumber) {
        name += fmt::format(" k{}", graph.values[id].spec.index());
      } else if (parameter == kernel::Parameter::kOutList) {
        return {};
      } else {
        name += fmt::format(" {}", names.NameOf(id));
      }
    }
    return name;
  }
  if (const DenseNode* dense = node.dense()) {
    std::string name = fmt::format("dense {} {}", static_cast<int>(dense->node.kind), AttributesName(dense->node.attributes));
    for (const ValueId id : dense->node.inputs) name += fmt::format(" {}", names.NameOf(id));
    for (const ValueId id : dense->node.outputs) {
      const GraphValue& value = graph.values[id];
      if (!value.dense.has_value()) return {};
      name += fmt::format(" o{}:{:a}:{}:{}", static_cast<int>(value.dense->type), value.dense->quantization.scale,
                          value.dense->quantization.zero_point, value.dense->quantization.row_dims);
    }
    return name;
  }
  return {};
}

void RenameReads(const ValueNames& names, Node& node, Graph& graph) {
  if (KernelNode* call = std::get_if<KernelNode>(&node.body)) {
    for (ValueId& id : call->arguments) id = names.Resolve(id);
  } else if (DenseNode* dense = std::get_if<DenseNode>(&node.body)) {
    for (uint32_t& id : dense->node.inputs) id = names.Resolve(id);
  }
  ConnectNode(graph, node);
}

void RenameListItems(const ValueNames& names, Graph& graph) {
  for (GraphValue& value : graph.values) {
    if (auto* ints = std::get_if<program::IntListSpec>(&value.spec)) {
      for (uint32_t& id : ints->items) id = names.Resolve(id);
    } else if (auto* tensors = std::get_if<program::TensorListSpec>(&value.spec)) {
      for (uint32_t& id : tensors->items) id = names.Resolve(id);
    } else if (auto* optional = std::get_if<program::OptionalTensorListSpec>(&value.spec)) {
      for (int32_t& id : optional->items) {
        if (id >= 0) id = static_cast<int32_t>(names.Resolve(static_cast<ValueId>(id)));
      }
    }
  }
}

}  // namespace

void MergeCommonNodes(Graph& graph) {
  const std::vector<bool> mutated = MutatedValues(graph);
  const auto touches_mutated = [&](const Node& node) {
    const auto is_mutated = [&](ValueId id) { return mutated[id]; };
    return std::ranges::any_of(node.reads, is_mutated) || std::ranges::any_of(node.writes, is_mutated);
  };
  ValueNames names(graph);
  std::unordered_map<std::string, size_t> seen;  // node name → index in `kept`
  std::vector<Node> kept;
  for (Node& node : graph.nodes) {
    const bool stays = touches_mutated(node) || DrawsNumbers(node);
    const std::string name = stays ? std::string() : NodeName(graph, names, node);
    if (!name.empty()) {
      const auto [place, is_new] = seen.try_emplace(name, kept.size());
      if (!is_new && kept[place->second].writes.size() == node.writes.size()) {
        for (size_t i = 0; i < node.writes.size(); ++i) names.Replace(node.writes[i], kept[place->second].writes[i]);
        continue;
      }
    }
    kept.push_back(std::move(node));
  }
  graph.nodes = std::move(kept);
  RenameListItems(names, graph);
  for (Node& node : graph.nodes) RenameReads(names, node, graph);
  for (ValueId& id : graph.outputs) id = names.Resolve(id);
}

void RemoveDeadNodes(Graph& graph) {
  const std::vector<bool> mutated = MutatedValues(graph);
  std::vector<bool> needed(graph.values.size());
  for (const ValueId output : graph.outputs) {
    for (const ValueId id : ElementsOf(graph, output)) needed[id] = true;
  }
  std::vector<Node> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool used = std::ranges::any_of(node->writes, [&](ValueId id) { return needed[id] || mutated[id]; });
    if (!used && node->stage() == nullptr) continue;  // a stage may write to sessions alone
    for (const ValueId id : node->reads) needed[id] = true;
    kept.push_back(std::move(*node));
  }
  std::ranges::reverse(kept);
  graph.nodes = std::move(kept);
}

}  // namespace etd::graph
