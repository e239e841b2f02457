#include "runtime/graph/passes/lower_dense.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace etd::graph {
namespace {

using program::IntListSpec;
using program::TensorSpec;

class Lowering {
 public:
  Lowering(Graph& graph, const kernel::KernelRegistry& kernels) : graph_(graph), kernels_(kernels) {}

  void Run() {
    for (Node& node : graph_.nodes) {
      const DenseNode* dense = node.dense();
      if (dense == nullptr || !Suitable(dense->node)) continue;
      std::optional<KernelNode> call = Lower(dense->node);
      if (!call.has_value()) continue;
      node.body = *std::move(call);
      ConnectNode(graph_, node);
    }
  }

 private:
  bool Suitable(const FragmentNode& node) const {
    // A clamp of its own kind is not an addition to another operator.
    if (node.kind != DenseKind::kClamp &&
        (std::isfinite(node.attributes.output_min) || std::isfinite(node.attributes.output_max))) {
      return false;
    }
    const auto plain = [&](ValueId id) {
      const TensorSpec* tensor = graph_.values[id].tensor();
      if (tensor == nullptr || tensor->layout.dtype != tensor::ScalarType::kFloat32) return false;
      return std::ranges::is_sorted(tensor->layout.dim_order);
    };
    return node.outputs.size() == 1 && std::ranges::all_of(node.inputs, plain) && plain(node.outputs[0]);
  }

  // The call of `name` with `arguments`, if there is such an operator.
  std::optional<KernelNode> Call(const std::string& name, std::vector<ValueId> arguments) const {
    const kernel::Kernel* kernel = kernels_.Find(name);
    if (kernel == nullptr || kernel->parameters.size() != arguments.size()) return std::nullopt;
    return KernelNode{kernel, std::move(arguments)};
  }

  ValueId Int(int64_t value) { return graph_.AddConstant(value); }
  template <typename Numbers>
  ValueId IntList(const Numbers& numbers) {
    IntListSpec list;
    for (const auto number : numbers) list.items.push_back(Int(static_cast<int64_t>(number)));
    return graph_.AddConstant(std::move(list));
  }
  const program::TensorLayout& Layout(ValueId id) const { return graph_.values[id].tensor()->layout; }

  std::optional<KernelNode> Unary(const std::string& name, const FragmentNode& node) {
    return Call(name, {node.inputs[0], node.outputs[0]});
  }
  std::optional<KernelNode> Binary(const std::string& name, const FragmentNode& node) {
    return Call(name, {node.inputs[0], node.inputs[1], node.outputs[0]});
  }

  std::optional<KernelNode> Lower(const FragmentNode& node) {
    const ValueId out = node.outputs[0];
    switch (node.kind) {
      case DenseKind::kAdd: return Call("aten::add.out", {node.inputs[0], node.inputs[1], Int(1), out});
      case DenseKind::kSubtract: return Call("aten::sub.out", {node.inputs[0], node.inputs[1], Int(1), out});
      case DenseKind::kMultiply: return Binary("aten::mul.out", node);
      case DenseKind::kDivide: return Binary("aten::div.out", node);
      case DenseKind::kMinimum: return Binary("aten::minimum.out", node);
      case DenseKind::kMaximum: return Binary("aten::maximum.out", node);
      case DenseKind::kSquare: return Call("aten::mul.out", {node.inputs[0], node.inputs[0], out});
      case DenseKind::kNegate: return Unary("aten::neg.out", node);
      case DenseKind::kAbs: return Unary("aten::abs.out", node);
      case DenseKind::kReciprocalSquareRoot: return Unary("aten::rsqrt.out", node);
      case DenseKind::kSquareRoot: return Unary("aten::sqrt.out", node);
      case DenseKind::kExp: return Unary("aten::exp.out", node);
      case DenseKind::kLog: return Unary("aten::log.out", node);
      case DenseKind::kSigmoid: return Unary("aten::sigmoid.out", node);
      case DenseKind::kTanh: return Unary("aten::tanh.out", node);
      case DenseKind::kCos: return Unary("aten::cos.out", node);
      case DenseKind::kSin: return Unary("aten::sin.out", node);
      case DenseKind::kGelu: return Gelu("none", node);
      case DenseKind::kTanhGelu: return Gelu("tanh", node);
      case DenseKind::kSoftmax:
        return Call("aten::_softmax.out", {node.inputs[0], Int(-1), graph_.AddConstant(false), out});
      case DenseKind::kStaticTranspose:
        return Call("aten::permute_copy.out", {node.inputs[0], IntList(node.attributes.permutation), out});
      case DenseKind::kStaticReshape: return Reshape(node);
      case DenseKind::kStaticSlice: return Slice(node);
      case DenseKind::kConcatenate: return Concatenate(node);
      case DenseKind::kBatchMatrixMultiply:
        if (node.attributes.flags != 0 || Layout(node.inputs[0]).sizes.size() != 3 ||
            Layout(node.inputs[1]).sizes.size() != 3) {
          return std::nullopt;
        }
        return Binary("aten::bmm.out", node);
      default: return std::nullopt;
    }
  }

  std::optional<KernelNode> Gelu(const char* approximation, const FragmentNode& node) {
    return Call("aten::gelu.out", {node.inputs[0], graph_.AddConstant(std::string(approximation)), node.outputs[0]});
  }

  std::optional<KernelNode> Reshape(const FragmentNode& node) {
    // 0 stands for the input's own size there, which the operator can't say.
    if (std::ranges::find(node.attributes.shape, 0u) != node.attributes.shape.end()) return std::nullopt;
    if (graph_.values[node.inputs[0]].tensor()->constant()) return std::nullopt;
    return Call("executorch_prim::et_view.default",
                {node.inputs[0], IntList(node.attributes.shape), node.outputs[0]});
  }

  std::optional<KernelNode> Slice(const FragmentNode& node) {
    const program::TensorLayout& input = Layout(node.inputs[0]);
    const program::TensorLayout& output = Layout(node.outputs[0]);
    std::optional<size_t> sliced;
    for (size_t dim = 0; dim < input.sizes.size(); ++dim) {
      if (input.sizes[dim] == output.sizes[dim]) continue;
      if (sliced.has_value()) return std::nullopt;
      sliced = dim;
    }
    if (!sliced.has_value()) return std::nullopt;
    const int64_t begin = node.attributes.offsets[*sliced];
    const int64_t extent = node.attributes.extents[*sliced];
    if (begin < 0 || extent <= 0) return std::nullopt;
    return Call("aten::slice_copy.Tensor_out", {node.inputs[0], Int(static_cast<int64_t>(*sliced)), Int(begin),
                                                Int(begin + extent), Int(1), node.outputs[0]});
  }

  std::optional<KernelNode> Concatenate(const FragmentNode& node) {
    const ValueId list = graph_.AddConstant(program::TensorListSpec{node.inputs});
    return Call("aten::cat.out", {list, Int(node.attributes.axis), node.outputs[0]});
  }

  Graph& graph_;
  const kernel::KernelRegistry& kernels_;
};

}  // namespace

void LowerDenseNodes(Graph& graph, const kernel::KernelRegistry& kernels) { Lowering(graph, kernels).Run(); }

}  // namespace etd::graph
