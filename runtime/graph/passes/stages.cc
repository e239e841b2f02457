#include "runtime/graph/passes/stages.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/graph/passes/simplify.h"

namespace etd::graph {
namespace {

using kernel::RowClass;
using Origin = GraphValue::Origin;

bool Contains(const std::vector<RowPort>& ports, ValueId id) {
  return std::ranges::any_of(ports, [id](const RowPort& port) { return port.value == id; });
}

class Cutter {
 public:
  Cutter(const Graph& graph, const RowAnalysis& analysis, const tensor::Value* values)
      : graph_(graph), analysis_(analysis), values_(values), pending_write_(graph.values.size()) {}

  absl::StatusOr<StagedGraph> Run() {
    const auto input = std::ranges::find_if(graph_.inputs, [&](ValueId id) { return analysis_.classes[id].rows(); });
    if (input == graph_.inputs.end()) return FailedPrecondition("no input carries rows");
    rows_ = PortOf(*input);
    MarkNeeded();
    result_.wide = graph_;
    result_.segment = graph_;
    result_.wide.nodes.clear();
    result_.segment.nodes.clear();
    for (size_t i = 0; i < graph_.nodes.size(); ++i) Place(i);
    Flush();
    if (result_.stages.empty() || result_.wide.nodes.size() == result_.stages.size()) {
      return FailedPrecondition("no node runs on the rows of several sessions at once");
    }
    MakeInputs();
    RemoveDeadNodes(result_.wide);
    WidenRows(result_.wide, analysis_, values_);
    if (!cuttable_) return FailedPrecondition("rows of a value do not lie in an order that can be cut");
    return std::move(result_);
  }

 private:
  bool PerSegment(size_t node) const { return analysis_.placements[node] == Placement::kPerSegment; }

  // Nodes that are the same for all sessions but that nodes of a segment read from: they run on both sides, since numbers
  // of shapes differ.
  void MarkNeeded() {
    std::vector<bool> needed(graph_.values.size());
    on_segment_side_.assign(graph_.nodes.size(), false);
    for (size_t i = graph_.nodes.size(); i-- > 0;) {
      const Node& node = graph_.nodes[i];
      const bool once = analysis_.placements[i] == Placement::kOnce;
      const bool wanted = once && std::ranges::any_of(node.writes, [&](ValueId id) { return needed[id]; });
      if (!PerSegment(i) && !wanted) continue;
      on_segment_side_[i] = true;
      for (const ValueId id : node.reads) needed[id] = true;
    }
  }

  // Fused nodes move before the stage that is being gathered unless they read from it: stages get few and large.
  void Place(size_t i) {
    const Node& node = graph_.nodes[i];
    if (!PerSegment(i)) {
      if (std::ranges::any_of(node.reads, [&](ValueId id) { return pending_write_[id]; })) Flush();
      result_.wide.nodes.push_back(node);
    }
    if (!on_segment_side_[i]) return;
    result_.segment.nodes.push_back(node);
    for (const ValueId id : node.reads) AddRead(id);
    if (!PerSegment(i)) return;
    gathered_ = true;
    for (const ValueId id : node.writes) {
      pending_write_[id] = true;
      if (analysis_.classes[id].rows() && !Contains(stage_.writes, id)) stage_.writes.push_back(PortOf(id));
    }
  }

  void AddRead(ValueId id) {
    if (!analysis_.classes[id].rows() || pending_write_[id] || Contains(stage_.reads, id)) return;
    stage_.reads.push_back(PortOf(id));
  }

  RowPort PortOf(ValueId id) {
    const tensor::Tensor& tensor = values_[id].tensor();
    cuttable_ = cuttable_ && tensor.row_major();
    return {id, analysis_.classes[id].dim, {tensor.sizes().begin(), tensor.sizes().end()}};
  }

  void Flush() {
    if (!gathered_) return;
    stage_.end = result_.segment.nodes.size();
    Node node{StageNode{result_.stages.size(), rows_, stage_.reads, stage_.writes}, {}, {}};
    ConnectNode(graph_, node);
    result_.wide.nodes.push_back(std::move(node));
    result_.stages.push_back(std::exchange(stage_, {}));
    stage_.begin = result_.segment.nodes.size();
    pending_write_.assign(pending_write_.size(), false);
    gathered_ = false;
  }

  // Rows that no node of the segment graph makes come from the wide graph.
  void MakeInputs() {
    Graph& segment = result_.segment;
    std::vector<bool> made(graph_.values.size());
    for (const Node& node : segment.nodes) {
      for (const ValueId id : node.writes) made[id] = true;
    }
    segment.inputs.clear();
    result_.wide.inputs.clear();
    for (const ValueId id : graph_.inputs) {
      if (!analysis_.classes[id].rows()) {
        segment.inputs.push_back(id);
        continue;
      }
      result_.wide.inputs.push_back(id);
      result_.wide_inputs.push_back(PortOf(id));
      segment.values[id].origin = Origin::kComputed;
    }
    for (const Stage& stage : result_.stages) {
      for (const RowPort& port : stage.writes) segment.values[port.value].bound_outside = true;
      for (const RowPort& port : stage.reads) {
        segment.values[port.value].bound_outside = true;
        if (made[port.value] || Contains(result_.segment_rows, port.value)) continue;
        result_.segment_rows.push_back(port);
        segment.inputs.push_back(port.value);
        segment.values[port.value].origin = Origin::kInput;
      }
    }
    std::erase_if(segment.outputs, [&](ValueId id) { return !analysis_.classes[id].segment(); });
    std::erase_if(result_.wide.outputs, [&](ValueId id) { return analysis_.classes[id].segment(); });
    for (GraphValue& value : result_.wide.values) {
      if (value.origin == Origin::kState) value.origin = Origin::kComputed;  // only stages touch it
    }
  }

  const Graph& graph_;
  const RowAnalysis& analysis_;
  const tensor::Value* const values_;
  StagedGraph result_;
  RowPort rows_;
  std::vector<bool> on_segment_side_;
  Stage stage_;                       // being gathered
  bool gathered_ = false;             // it has a node that must run for each session
  std::vector<bool> pending_write_;   // by value: the stage being gathered writes it
  bool cuttable_ = true;
};

}  // namespace

void WidenRows(Graph& graph, const RowAnalysis& analysis, const tensor::Value* values) {
  for (ValueId id = 0; id < graph.values.size(); ++id) {
    auto* spec = std::get_if<program::TensorSpec>(&graph.values[id].spec);
    if (spec == nullptr || !analysis.classes[id].rows()) continue;
    const std::span<const int32_t> sizes = values[id].tensor().sizes();
    spec->layout.sizes.assign(sizes.begin(), sizes.end());
    spec->layout.sizes[static_cast<size_t>(analysis.classes[id].dim)] = kMaxStepRows;
    spec->dynamism = program::Dynamism::kDynamicBound;
  }
}

absl::StatusOr<StagedGraph> CutStages(const Graph& graph, const RowAnalysis& analysis, const tensor::Value* values) {
  return Cutter(graph, analysis, values).Run();
}

}  // namespace etd::graph
