#include "runtime/etrun/inspect_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/exec/planned_method.h"
#include "runtime/llm/causal_lm_shape.h"
#include "runtime/llm/row_trial.h"

namespace etd::etrun {
namespace {

using graph::Placement;

std::string NodeText(const graph::Node& node) {
  if (node.kernel() != nullptr) return std::string(node.kernel()->kernel->name);
  std::map<std::string_view, int> kinds;
  for (const graph::FragmentNode& inner : node.region()->fragment.nodes) ++kinds[graph::DenseKindName(inner.kind)];
  std::vector<std::string> parts;
  for (const auto& [kind, count] : kinds) parts.push_back(fmt::format("{} × {}", count, kind));
  return fmt::format("region of {}", fmt::join(parts, ", "));
}

std::string ClassText(const tensor::Value& value, kernel::RowClass row_class) {
  std::string text = value.kind() == tensor::Value::Kind::kTensor
                         ? fmt::format("[{}]", fmt::join(value.tensor().sizes(), ", "))
                         : std::string(tensor::KindName(value.kind()));
  if (row_class.rows()) return text + fmt::format(" rows in {}", row_class.dim);
  return text + (row_class.segment() ? " of a session" : " uniform");
}

std::string_view PlacementText(Placement placement) {
  switch (placement) {
    case Placement::kOnce: return "once";
    case Placement::kFused: return "fused";
    case Placement::kPerSegment: break;
  }
  return "alone";
}

}  // namespace

absl::Status PrintRows(std::shared_ptr<exec::LoadedProgram> program, std::ostream& out) {
  ETD_ASSIGN_OR_RETURN(const llm::CausalLmShape shape, llm::DescribeCausalLm(program->program()));
  ETD_ASSIGN_OR_RETURN(graph::Graph graph, exec::OptimisedGraph(*program, *shape.method));
  ETD_ASSIGN_OR_RETURN(const llm::RowTrial trial, llm::RowTrial::Create(program, shape, &graph));
  const graph::RowAnalysis analysis = trial.Analyse(graph);
  std::array<int, 3> counts{};
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const graph::Node& node = graph.nodes[i];
    ++counts[static_cast<size_t>(analysis.placements[i])];
    std::vector<std::string> results;
    for (const graph::ValueId id : node.writes) {
      results.push_back(fmt::format("%{} {}", id, ClassText(trial.values()[id], analysis.classes[id])));
    }
    out << fmt::format("{:>5}  {:<5}  {} → {}{}{}\n", i, PlacementText(analysis.placements[i]), NodeText(node),
                       fmt::join(results, "; "), analysis.reasons[i].empty() ? "" : ": ", analysis.reasons[i]);
  }
  out << fmt::format("{} nodes run on the rows of all sessions together, {} for each session alone, {} are the same for all\n",
                     counts[static_cast<size_t>(Placement::kFused)], counts[static_cast<size_t>(Placement::kPerSegment)],
                     counts[static_cast<size_t>(Placement::kOnce)]);
  return absl::OkStatus();
}

}  // namespace etd::etrun
