#include "runtime/graph/passes/lower_linear.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "runtime/kernel/q4_layout.h"

namespace etd::graph {
namespace {

using kernel::Q4Layout;
using program::TensorSpec;
using tensor::ScalarType;

// XNNPACK's flags of a fully connected node that change what is computed or in which shape.
constexpr uint32_t kMeaningfulFlags = 0x1 | 0x4;
constexpr int64_t kMaxPackedBytes = int64_t{1} << 31;

class Lowering {
 public:
  Lowering(Graph& graph, const kernel::KernelRegistry& kernels)
      : graph_(graph),
        pack_(kernels.Find("etd::pack_q4.out")),
        quantize_(kernels.Find("etd::quantize_rows.out")),
        linear_(kernels.Find("etd::linear_q4.out")) {}

  void Run() {
    if (pack_ == nullptr || quantize_ == nullptr || linear_ == nullptr) return;
    FindReaders();
    std::vector<Node> nodes;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const DenseNode* dense = graph_.nodes[i].dense();
      if (dense != nullptr && dense->node.kind == DenseKind::kConvert && Suitable(dense->node)) {
        Quantize(dense->node, nodes);
      } else if (dense != nullptr && dense->node.kind == DenseKind::kFullyConnected && Quantized(dense->node)) {
        Multiply(dense->node, nodes);
      } else {
        nodes.push_back(std::move(graph_.nodes[i]));
      }
    }
    graph_.nodes = std::move(nodes);
  }

 private:
  struct Rows {
    ValueId numbers = 0;
    ValueId params = 0;
    ValueId sums = 0;
  };

  void FindReaders() {
    readers_.resize(graph_.values.size());
    rows_.resize(graph_.values.size());
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      for (const ValueId id : graph_.nodes[i].reads) readers_[id].push_back(i);
    }
    for (const ValueId output : graph_.outputs) {
      for (const ValueId id : ElementsOf(graph_, output)) readers_[id].push_back(graph_.nodes.size());
    }
  }

  bool PlainFloat(ValueId id) const {
    const TensorSpec* tensor = graph_.values[id].tensor();
    return tensor != nullptr && tensor->layout.dtype == ScalarType::kFloat32 && !tensor->layout.sizes.empty() &&
           std::ranges::is_sorted(tensor->layout.dim_order);
  }

  const FragmentValue* Dense(ValueId id) const {
    const std::optional<FragmentValue>& dense = graph_.values[id].dense;
    return dense ? &*dense : nullptr;
  }

  bool Suitable(const FragmentNode& convert) const {
    const ValueId out = convert.outputs[0];
    const FragmentValue* rows = Dense(out);
    if (rows == nullptr || rows->type != DenseType::kQDInt8 || rows->quantization.row_dims != 1) return false;
    if (!PlainFloat(convert.inputs[0]) || readers_[out].empty()) return false;
    return std::ranges::all_of(readers_[out], [&](size_t i) {
      return i < graph_.nodes.size() && graph_.nodes[i].dense() != nullptr &&
             CanMultiply(graph_.nodes[i].dense()->node, out, Layout(convert.inputs[0]).sizes);
    });
  }

  bool CanMultiply(const FragmentNode& node, ValueId rows, const std::vector<int32_t>& row_sizes) const {
    if (node.kind != DenseKind::kFullyConnected || node.inputs[0] != rows) return false;
    if ((node.attributes.flags & kMeaningfulFlags) != 0 || !PlainFloat(node.outputs[0])) return false;
    const FragmentValue* weights = Dense(node.inputs[1]);
    if (weights == nullptr || weights->dims.size() != 2) return false;
    const Q4Layout layout = LayoutOf(*weights);
    const bool known = KnownScales(*weights, layout) && weights->quantization.zero_point == 8 &&
                       weights->quantization.channel_dim == 0 && layout.depth > 0 && layout.depth <= kernel::kMaxQ4Depth &&
                       layout.bytes() < kMaxPackedBytes &&
                       weights->data.size() == static_cast<size_t>(layout.channels * ((layout.depth + 1) / 2));
    if (!known || row_sizes.back() != layout.depth) return false;
    const std::vector<int32_t>& out_sizes = Layout(node.outputs[0]).sizes;
    if (out_sizes.size() != row_sizes.size() || out_sizes.back() != layout.channels) return false;
    if (node.inputs.size() < 3) return true;
    return PlainFloat(node.inputs[2]) && Layout(node.inputs[2]).numel() == layout.channels;
  }

  static Q4Layout LayoutOf(const FragmentValue& weights) {
    const bool blocks = weights.type == DenseType::kQBInt4;
    return {weights.dims[0], weights.dims[1], blocks ? weights.quantization.block_size : 0};
  }

  static bool KnownScales(const FragmentValue& weights, const Q4Layout& layout) {
    const Quantization& quantization = weights.quantization;
    if (weights.type == DenseType::kQCInt4) {
      return quantization.channel_scales.size() == static_cast<size_t>(layout.channels);
    }
    return weights.type == DenseType::kQBInt4 && layout.block > 0 && layout.block % Q4Layout::kGroup == 0 &&
           layout.depth % layout.block == 0 &&
           quantization.block_scales.size() == static_cast<size_t>(layout.channels * layout.blocks());
  }

  const program::TensorLayout& Layout(ValueId id) const { return graph_.values[id].tensor()->layout; }
  bool Quantized(const FragmentNode& node) const { return rows_[node.inputs[0]].params != 0; }

  ValueId AddTensor(ScalarType type, std::vector<int32_t> sizes) {
    TensorSpec spec;
    spec.layout.dtype = type;
    for (size_t i = 0; i < sizes.size(); ++i) spec.layout.dim_order.push_back(static_cast<uint8_t>(i));
    spec.layout.sizes = std::move(sizes);
    spec.dynamism = program::Dynamism::kDynamicBound;
    GraphValue value;
    value.spec = std::move(spec);
    return graph_.AddValue(std::move(value));
  }

  ValueId AddConstant(ScalarType type, std::vector<int32_t> sizes, std::span<const std::byte> data,
                      std::shared_ptr<const void> owned) {
    const ValueId id = AddTensor(type, std::move(sizes));
    GraphValue& value = graph_.values[id];
    value.origin = GraphValue::Origin::kConstant;
    value.owned = std::move(owned);
    auto& spec = std::get<TensorSpec>(value.spec);
    spec.dynamism = program::Dynamism::kStatic;
    spec.storage = program::Storage::kConstant;
    spec.data = data;
    return id;
  }

  void Call(const kernel::Kernel* kernel, std::vector<ValueId> arguments, std::vector<Node>& nodes) {
    Node node{KernelNode{kernel, std::move(arguments)}, {}, {}};
    ConnectNode(graph_, node);
    nodes.push_back(std::move(node));
  }

  void Quantize(const FragmentNode& convert, std::vector<Node>& nodes) {
    std::vector<int32_t> sizes = Layout(convert.inputs[0]).sizes;
    const ValueId numbers = AddTensor(ScalarType::kInt8, sizes);
    sizes.back() = sizeof(kernel::RowQuantization) / sizeof(float);
    const ValueId params = AddTensor(ScalarType::kFloat32, sizes);
    sizes.back() = static_cast<int32_t>(Q4Layout::GroupsOf(Layout(convert.inputs[0]).sizes.back()));
    const ValueId sums = AddTensor(ScalarType::kInt32, sizes);
    rows_[convert.outputs[0]] = {numbers, params, sums};
    Call(quantize_, {convert.inputs[0], numbers, params, sums}, nodes);
  }

  ValueId AddScales(const FragmentValue& weights, const Q4Layout& layout) {
    if (layout.block != 0) {
      return AddConstant(ScalarType::kBFloat16, {static_cast<int32_t>(layout.channels), static_cast<int32_t>(layout.blocks())},
                         std::as_bytes(weights.quantization.block_scales), weights.owned);
    }
    const auto scales = std::make_shared<const std::vector<float>>(weights.quantization.channel_scales);
    return AddConstant(ScalarType::kFloat32, {static_cast<int32_t>(layout.channels)}, std::as_bytes(std::span(*scales)), scales);
  }

  ValueId Pack(const FragmentValue& weights, std::vector<Node>& nodes) {
    const int32_t channels = weights.dims[0];
    const int32_t depth = weights.dims[1];
    const Q4Layout layout = LayoutOf(weights);
    const ValueId bytes = AddConstant(ScalarType::kUInt8, {channels, (depth + 1) / 2}, weights.data, weights.owned);
    const ValueId scales = AddScales(weights, layout);
    const ValueId packed = AddTensor(ScalarType::kUInt8, {static_cast<int32_t>(layout.bytes())});
    Call(pack_, {bytes, scales, graph_.AddConstant(int64_t{depth}), packed}, nodes);
    return packed;
  }

  void Multiply(const FragmentNode& node, std::vector<Node>& nodes) {
    const FragmentValue weights = *Dense(node.inputs[1]);
    const ValueId packed = Pack(weights, nodes);
    const ValueId bias = node.inputs.size() < 3 ? graph_.AddConstant(std::monostate()) : node.inputs[2];
    const Rows rows = rows_[node.inputs[0]];
    Call(linear_,
         {rows.numbers, rows.params, rows.sums, packed, bias, graph_.AddConstant(int64_t{weights.dims[0]}),
          graph_.AddConstant(LayoutOf(weights).block), graph_.AddConstant(double{node.attributes.output_min}),
          graph_.AddConstant(double{node.attributes.output_max}),
          node.outputs[0]},
         nodes);
  }

  Graph& graph_;
  const kernel::Kernel* const pack_;
  const kernel::Kernel* const quantize_;
  const kernel::Kernel* const linear_;
  std::vector<std::vector<size_t>> readers_;  // by value, of the graph as it was: nodes; their number for an output
  std::vector<Rows> rows_;                    // by value: what a quantised one has become
};

}  // namespace

void LowerLinearQ4(Graph& graph, const kernel::KernelRegistry& kernels) { Lowering(graph, kernels).Run(); }

}  // namespace etd::graph
