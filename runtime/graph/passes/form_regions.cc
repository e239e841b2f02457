#include "runtime/graph/passes/form_regions.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/graph/builder.h"

namespace etd::graph {
namespace {

using Origin = GraphValue::Origin;
using Role = FragmentValue::Role;

class RegionFormer {
 public:
  explicit RegionFormer(Graph& graph) : graph_(graph), group_(graph.nodes.size()) {
    std::iota(group_.begin(), group_.end(), size_t{0});
  }

  absl::Status Run() {
    FindProducers();
    JoinThroughQuantisedValues();
    if (!stranded_.empty()) {
      // Long quantised chains: whole neighbourhoods first, then what is still apart.
      std::iota(group_.begin(), group_.end(), size_t{0});
      stranded_.clear();
      JoinNeighbours();
      JoinThroughQuantisedValues();
      if (!stranded_.empty()) return Unimplemented("a quantised value crosses regions");
    } else {
      JoinNeighbours();
    }
    std::vector<std::vector<size_t>> members(graph_.nodes.size());
    for (size_t i = 0; i < graph_.nodes.size(); ++i) members[Find(i)].push_back(i);
    std::vector<Node> nodes;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (graph_.nodes[i].dense() == nullptr) {
        nodes.push_back(std::move(graph_.nodes[i]));
        continue;
      }
      const std::vector<size_t>& group = members[Find(i)];
      // The whole group runs where its first node stands; Join has checked that its inputs are there by then.
      if (group.front() == i) nodes.push_back(MakeRegion(group));
    }
    graph_.nodes = std::move(nodes);
    return absl::OkStatus();
  }

 private:
  size_t Find(size_t i) {
    while (group_[i] != i) i = group_[i] = group_[group_[i]];
    return i;
  }

  void FindProducers() {
    producer_.assign(graph_.values.size(), kNone);
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      for (const ValueId id : graph_.nodes[i].writes) {
        if (producer_[id] == kNone) producer_[id] = i;
      }
    }
    mutated_ = MutatedValues(graph_);
  }

  bool HasTensorForm(ValueId id) const { return graph_.values[id].tensor() != nullptr; }

  void JoinThroughQuantisedValues() {
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (graph_.nodes[i].dense() == nullptr) continue;
      for (const ValueId id : graph_.nodes[i].reads) {
        if (HasTensorForm(id) || graph_.values[id].origin == Origin::kConstant) continue;
        MoveOrCopyProducer(id, i);
      }
    }
  }

  // Node `consumer` needs the quantised value `id`, so it has to be in its producer's region: it moves there if what else
  // it needs is ready at that place.
  void MoveOrCopyProducer(ValueId id, size_t consumer) {
    const size_t producer = producer_[id];
    const size_t place = Find(producer);  // groups are named by their first node
    if (Find(consumer) == place) return;
    for (const ValueId other : graph_.nodes[consumer].reads) {
      if (other == id || graph_.values[other].origin == Origin::kConstant) continue;
      const size_t source = producer_[other];
      const bool ready = !mutated_[other] && (source == kNone || source < place || Find(source) == place);
      if (!ready) {
        stranded_.push_back(consumer);
        return;
      }
    }
    group_[Find(consumer)] = place;
  }

  // Consecutive dense nodes of one compiler form one region. Only single nodes and groups that lie together join: a group
  // that starts earlier would pull later inputs forward.
  void JoinNeighbours() {
    for (size_t i = 1; i < graph_.nodes.size(); ++i) {
      const DenseNode* previous = graph_.nodes[i - 1].dense();
      const DenseNode* current = graph_.nodes[i].dense();
      if (previous == nullptr || current == nullptr || previous->compiler != current->compiler) continue;
      const size_t first = Find(i - 1);
      const size_t second = Find(i);
      if (first == second || second < first) continue;
      if (!LiesTogether(first) || !LiesTogether(second)) continue;
      group_[second] = first;
    }
  }

  bool LiesTogether(size_t group) {
    bool ended = false;
    for (size_t i = group; i < graph_.nodes.size(); ++i) {
      const bool member = Find(i) == group;
      if (member && ended) return false;
      if (!member) ended = true;
    }
    return true;
  }

  Node MakeRegion(const std::vector<size_t>& group) {
    RegionNode region;
    region.compiler = graph_.nodes[group.front()].dense()->compiler;
    std::unordered_map<ValueId, uint32_t> local;
    for (const size_t i : group) {
      FragmentNode node = graph_.nodes[i].dense()->node;
      for (uint32_t& id : node.inputs) id = LocalId(id, group, region, local);
      for (uint32_t& id : node.outputs) id = LocalId(id, group, region, local);
      region.fragment.nodes.push_back(std::move(node));
    }
    region.fragment.external_count = static_cast<uint32_t>(region.externals.size());
    Node node{std::move(region), {}, {}};
    ConnectNode(graph_, node);
    return node;
  }

  uint32_t LocalId(ValueId id, const std::vector<size_t>& group, RegionNode& region,
                   std::unordered_map<ValueId, uint32_t>& local) {
    const auto [place, is_new] = local.try_emplace(id, static_cast<uint32_t>(region.fragment.values.size()));
    if (!is_new) return place->second;
    FragmentValue value = Describe(graph_.values[id]);
    const bool inside = std::ranges::any_of(group, [&](size_t i) { return producer_[id] == i; });
    if (value.role == Role::kConstant && graph_.values[id].origin == Origin::kConstant) {
      // A constant of the blob stays one; constants among a call's arguments are inputs.
    } else if (!inside) {
      value.role = Role::kInput;
    } else {
      value.role = UsedOutside(id, group) ? Role::kOutput : Role::kInternal;
    }
    if (value.role == Role::kInput || value.role == Role::kOutput) {
      value.external = static_cast<uint32_t>(region.externals.size());
      region.externals.push_back(id);
    }
    region.fragment.values.push_back(std::move(value));
    return place->second;
  }

  bool UsedOutside(ValueId id, const std::vector<size_t>& group) const {
    if (std::ranges::find(graph_.outputs, id) != graph_.outputs.end()) return true;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (std::ranges::binary_search(group, i)) continue;
      if (std::ranges::find(graph_.nodes[i].reads, id) != graph_.nodes[i].reads.end()) return true;
    }
    return false;
  }

  static constexpr size_t kNone = static_cast<size_t>(-1);
  Graph& graph_;
  std::vector<size_t> group_;  // union-find over nodes; a group's name is its first node
  std::vector<size_t> producer_;
  std::vector<bool> mutated_;
  std::vector<size_t> stranded_;
};

}  // namespace

absl::Status FormRegions(Graph& graph) { return RegionFormer(graph).Run(); }

}  // namespace etd::graph
