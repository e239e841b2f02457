// The runtime's own form of a method: values and nodes in an order in which they can run.
//
// A method's instruction list and the blobs of its open delegates become one graph; passes then work on ids, without
// memory, shapes of a step or sessions. What can't be put this way (control flow, closed delegates) runs on the
// reference path.
#ifndef ETD_RUNTIME_GRAPH_GRAPH_H_
#define ETD_RUNTIME_GRAPH_GRAPH_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "runtime/graph/fragment.h"
#include "runtime/graph/region.h"
#include "runtime/kernel/kernel.h"
#include "runtime/program/program_view.h"

namespace etd::graph {

using ValueId = uint32_t;

struct GraphValue {
  enum class Origin : uint8_t {
    kConstant,  // scalars, lists and tensors with bytes in the file
    kInput,
    kState,     // lives from call to call: a session's
    kComputed,  // written by exactly one node, except that in-place operators may change it later
  };
  Origin origin = Origin::kComputed;
  // Kind, number or layout. Lists hold ids of this graph. Quantised values have no tensor form: monostate.
  program::ValueSpec spec;
  // What a backend must know of the value beyond the tensor: set for values that came from a blob.
  std::optional<FragmentValue> dense;
  // The executor's caller says where the bytes lie, anew for each part of a run: views of them must be copies.
  bool bound_outside = false;
  // Holds a constant's bytes where they are not the file's.
  std::shared_ptr<const void> owned = nullptr;

  const program::TensorSpec* tensor() const { return std::get_if<program::TensorSpec>(&spec); }
};

struct KernelNode {
  const kernel::Kernel* kernel = nullptr;
  std::vector<ValueId> arguments;  // one per parameter
};
struct DenseNode {
  FragmentNode node;  // inputs and outputs are ids of the graph
  RegionCompiler* compiler = nullptr;
};
// Dense nodes that a backend runs in one go.
struct RegionNode {
  Fragment fragment;
  RegionCompiler* compiler = nullptr;
  std::vector<ValueId> externals;  // by the fragment's external number
};

// A value of which one dimension carries the rows of a step.
struct RowPort {
  ValueId value = 0;
  int dim = 0;
  absl::InlinedVector<int32_t, tensor::kMaxRank> sizes;  // of the other dimensions; that of the rows means nothing
};
// The port's sizes with so many rows.
absl::InlinedVector<int32_t, tensor::kMaxRank> SizesOf(const RowPort& port, int32_t rows);

// A place where something else than this graph's executor runs: see passes/stages.h.
struct StageNode {
  size_t stage = 0;
  RowPort rows;  // an input of the graph: has as many rows as the step
  std::vector<RowPort> reads;
  std::vector<RowPort> writes;
};

struct Node {
  std::variant<KernelNode, DenseNode, RegionNode, StageNode> body;
  // Values read and written, lists resolved to their elements, without repetition. Mutated values are in both.
  std::vector<ValueId> reads;
  std::vector<ValueId> writes;

  const KernelNode* kernel() const { return std::get_if<KernelNode>(&body); }
  const DenseNode* dense() const { return std::get_if<DenseNode>(&body); }
  const RegionNode* region() const { return std::get_if<RegionNode>(&body); }
  const StageNode* stage() const { return std::get_if<StageNode>(&body); }
};

struct Graph {
  std::vector<GraphValue> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;

  ValueId AddValue(GraphValue value);
  // A constant scalar or list.
  ValueId AddConstant(program::ValueSpec spec);
};

// Fills reads and writes from the body.
void ConnectNode(const Graph& graph, Node& node);
// Ids that `value` stands for: its elements if it is a list, else itself.
std::vector<ValueId> ElementsOf(const Graph& graph, ValueId value);
// Whether some node changes the value in place, by id.
std::vector<bool> MutatedValues(const Graph& graph);
// Whether the node writes a value that it does not produce (in-place operators).
bool Mutates(const Node& node);
// Whether the node gives another result each time that it runs (random numbers).
bool DrawsNumbers(const Node& node);

}  // namespace etd::graph

#endif  // ETD_RUNTIME_GRAPH_GRAPH_H_
