#include "runtime/graph/passes/rows.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/graph/passes/simplify.h"

namespace etd::graph {
namespace {

using kernel::RowClass;
using Origin = GraphValue::Origin;

// Products and conversions that work along the innermost dimension treat every other one as rows.
std::optional<RowClass> RegionClass(const RegionNode& region, const Node& node, std::span<const RowClass> classes,
                                    tensor::Value* values) {
  std::optional<int> dim;
  for (const ValueId id : node.reads) {
    if (!classes[id].rows()) continue;
    if (dim.has_value() && *dim != classes[id].dim) return std::nullopt;
    dim = classes[id].dim;
    if (*dim == values[id].tensor().rank() - 1) return std::nullopt;
  }
  const auto along_rows = [](const FragmentNode& inner) {
    return inner.kind == DenseKind::kConvert || inner.kind == DenseKind::kFullyConnected;
  };
  if (!dim.has_value() || !std::ranges::all_of(region.fragment.nodes, along_rows)) return std::nullopt;
  for (const ValueId id : node.writes) {
    if (*dim >= values[id].tensor().rank() - 1) return std::nullopt;
  }
  return RowClass::Rows(*dim);
}

RowClass WorstOf(RowClass a, RowClass b) {
  if (a.segment() || b.segment()) return RowClass::Segment();
  if (a.uniform()) return b;
  if (b.uniform() || a == b) return a;
  return RowClass::Segment();
}

class Classifier {
 public:
  Classifier(const Graph& graph, tensor::Value* values, std::span<const std::optional<int>> row_dims)
      : graph_(graph),
        values_(values),
        row_dims_(row_dims),
        classes_(graph.values.size(), RowClass::Uniform()),
        counts_rows_(graph.values.size()) {}

  RowAnalysis Run(std::span<const RowClass> input_classes) {
    for (ValueId id = 0; id < graph_.values.size(); ++id) {
      if (graph_.values[id].origin == Origin::kState) classes_[id] = RowClass::Segment();
    }
    for (size_t i = 0; i < graph_.inputs.size(); ++i) classes_[graph_.inputs[i]] = input_classes[i];
    RowAnalysis analysis;
    for (const Node& node : graph_.nodes) {
      reason_ = {};
      const RowClass result = ClassOf(node);
      analysis.reasons.push_back(reason_);
      analysis.placements.push_back(result.segment() ? Placement::kPerSegment
                                    : result.rows()  ? Placement::kFused
                                                     : Placement::kOnce);
      for (const ValueId id : node.writes) classes_[id] = result.segment() ? ClassOfResult(id) : result;
      NoteCounts(node);
    }
    analysis.classes = std::move(classes_);
    return analysis;
  }

 private:
  bool IsNumber(ValueId id) const { return graph_.values[id].tensor() == nullptr; }

  // Of a value that a node computes for each session alone.
  RowClass ClassOfResult(ValueId id) const {
    const bool computed = graph_.values[id].origin == Origin::kComputed;
    return computed && row_dims_[id] ? RowClass::Rows(*row_dims_[id]) : RowClass::Segment();
  }

  // Numbers that follow the count of rows, and what is computed from them.
  void NoteCounts(const Node& node) {
    const bool counts = std::ranges::any_of(node.reads, [&](ValueId id) { return classes_[id].rows() || counts_rows_[id]; });
    for (const ValueId id : node.writes) {
      if (IsNumber(id)) counts_rows_[id] = counts;
    }
  }

  RowClass Alone(std::string_view reason) {
    reason_ = reason;
    return RowClass::Segment();
  }

  // How the node treats rows; kSegment where it has to run for each session alone.
  RowClass ClassOf(const Node& node) {
    bool rows = false;
    bool counts = false;
    for (const ValueId id : node.reads) {
      if (classes_[id].segment()) return Alone("reads what belongs to a session");
      rows |= classes_[id].rows();
      counts |= counts_rows_[id];
    }
    if (Mutates(node)) return Alone("changes a value in place");
    if (DrawsNumbers(node)) return Alone("draws random numbers");
    if (!rows) {
      // A tensor whose shape follows the count of rows alone (arange) numbers them: it belongs to the segment.
      const bool tensors = std::ranges::any_of(node.writes, [&](ValueId id) { return !IsNumber(id); });
      return counts && tensors ? Alone("numbers the rows") : RowClass::Uniform();
    }
    // As a shape a count follows the rows that it shapes; as a number it belongs to the segment.
    if (counts && (node.kernel() == nullptr || !node.kernel()->kernel->view_of)) {
      return Alone("computes with the number of rows");
    }
    if (const RegionNode* region = node.region()) {
      const std::optional<RowClass> proved = RegionClass(*region, node, classes_, values_);
      return proved ? *proved : Alone("nodes of the delegate may mix rows");
    }
    return KernelClass(*node.kernel());
  }

  RowClass KernelClass(const KernelNode& call) {
    // A size is a number that follows the shape it was taken from; where it shapes a view, the view's rule sees it.
    if (call.kernel->name == "aten::sym_size.int" || call.kernel->name == "aten::sym_numel") return RowClass::Uniform();
    if (call.kernel->row_rule == nullptr) return Alone("the operator has no rule about rows");
    std::vector<tensor::Value*> arguments;
    std::vector<RowClass> classes;
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      arguments.push_back(&values_[call.arguments[i]]);
      RowClass argument_class = RowClass::Uniform();
      const kernel::Parameter parameter = call.kernel->parameters[i];
      if (parameter != kernel::Parameter::kOut && parameter != kernel::Parameter::kOutList) {
        for (const ValueId id : ElementsOf(graph_, call.arguments[i])) {
          argument_class = WorstOf(argument_class, classes_[id]);
        }
      }
      if (argument_class.segment()) return Alone("a list holds rows of different kinds");
      classes.push_back(argument_class);
    }
    const std::optional<RowClass> proved = call.kernel->row_rule({arguments, classes});
    return proved ? *proved : Alone("with these arguments the operator may mix rows");
  }

  const Graph& graph_;
  tensor::Value* values_;
  const std::span<const std::optional<int>> row_dims_;
  std::vector<RowClass> classes_;
  std::string_view reason_;        // of the node at hand
  std::vector<bool> counts_rows_;  // by value: a number that depends on how many rows there are
};

}  // namespace

RowAnalysis AnalyseRows(const Graph& graph, std::span<const RowClass> input_classes, tensor::Value* values,
                        std::span<const std::optional<int>> row_dims) {
  return Classifier(graph, values, row_dims).Run(input_classes);
}

absl::StatusOr<RowSplit> SplitNeededRows(const Graph& graph, const RowAnalysis& analysis) {
  const std::vector<RowClass>& classes = analysis.classes;
  const auto separable = [&](size_t node) { return analysis.placements[node] != Placement::kPerSegment; };
  size_t cut = 0;  // nodes from here on are separable
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!separable(i)) cut = i + 1;
  }
  for (const ValueId output : graph.outputs) {
    if (!classes[output].rows()) return FailedPrecondition("the outputs do not consist of rows");
  }
  // Walking back from the outputs: separable rows behind the cut, and whatever only constants and shapes need.
  std::vector<bool> needed(graph.values.size());
  for (const ValueId output : graph.outputs) needed[output] = true;
  std::vector<bool> in_tail(graph.nodes.size());
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    if (!separable(i)) continue;
    if (std::ranges::none_of(node.writes, [&](ValueId id) { return needed[id]; })) continue;
    const bool uniform = std::ranges::all_of(node.writes, [&](ValueId id) { return classes[id].uniform(); });
    if (i < cut && !uniform) continue;
    in_tail[i] = true;
    for (const ValueId id : node.reads) needed[id] = true;
  }
  RowSplit split{graph, graph, {}};
  split.tail.nodes.clear();
  std::vector<bool> produced(graph.values.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!in_tail[i]) continue;
    split.tail.nodes.push_back(graph.nodes[i]);
    for (const ValueId id : graph.nodes[i].writes) produced[id] = true;
  }
  std::vector<ValueId> crossing;
  for (const Node& node : split.tail.nodes) {
    for (const ValueId id : node.reads) {
      if (produced[id] || !classes[id].rows()) continue;
      if (std::ranges::find(crossing, id) == crossing.end()) crossing.push_back(id);
    }
  }
  if (crossing.empty() || std::ranges::any_of(graph.outputs, [&](ValueId id) { return !produced[id]; })) {
    return FailedPrecondition("nothing behind the last node that mixes rows");
  }
  for (const ValueId id : crossing) split.row_dims.push_back(classes[id].dim);
  for (const ValueId id : split.tail.inputs) split.tail.values[id].origin = Origin::kComputed;
  for (const ValueId id : crossing) {
    split.tail.values[id].origin = Origin::kInput;
    std::get<program::TensorSpec>(split.tail.values[id].spec).dynamism = program::Dynamism::kDynamicBound;
  }
  split.tail.inputs = crossing;
  for (GraphValue& value : split.tail.values) {
    if (value.origin == Origin::kState) value.origin = Origin::kComputed;  // not read behind the cut
  }
  split.body.outputs = crossing;
  RemoveDeadNodes(split.body);
  return split;
}

}  // namespace etd::graph
