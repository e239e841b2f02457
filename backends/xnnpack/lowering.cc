#include "backends/xnnpack/lowering.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "backends/xnnpack/flags.h"
#include "backends/xnnpack/shape_rules.h"
#include "backends/xnnpack/type_rules.h"
#include "backends/xnnpack/types.h"
#include "runtime/base/status.h"

namespace etd::xnnpack {
namespace {

using graph::DenseAttributes;
using graph::DenseKind;
using graph::DenseType;
using graph::FragmentNode;
using graph::FragmentValue;
using Role = FragmentValue::Role;

bool IsProduct(DenseKind kind) {
  return kind == DenseKind::kFullyConnected || kind == DenseKind::kConvolution ||
         kind == DenseKind::kDepthwiseConvolution || kind == DenseKind::kTransposedConvolution;
}

bool IsQuantised8(DenseType type) { return type == DenseType::kQInt8 || type == DenseType::kQUInt8; }

int32_t NearestInteger(float number) {
  constexpr float kLimit = 2147483648.0f;
  if (std::isnan(number)) return 0;
  if (number >= kLimit) return std::numeric_limits<int32_t>::max();
  return number <= -kLimit ? std::numeric_limits<int32_t>::min() : static_cast<int32_t>(number);
}

// XNNPACK refuses windows of one element.
bool PoolsSingleElements(const FragmentNode& node) {
  const DenseAttributes& a = node.attributes;
  return (node.kind == DenseKind::kMaxPooling || node.kind == DenseKind::kAveragePooling) && a.kernel_height == 1 &&
         a.kernel_width == 1 && a.stride_height == 1 && a.stride_width == 1 &&
         a.padding_top + a.padding_right + a.padding_bottom + a.padding_left == 0;
}

class Lowering {
 public:
  Lowering(const graph::Fragment& fragment, std::span<const Shape> shapes) : source_(fragment) {
    lowered_.fragment.values = fragment.values;
    lowered_.fragment.external_count = fragment.external_count;
    lowered_.shapes.assign(shapes.begin(), shapes.end());
    lowered_.forms.resize(shapes.size(), WeightForm::kAsStored);
  }

  absl::StatusOr<Lowered> Run() {
    const std::vector<bool> needed = NeededNodes();
    for (size_t i = 0; i < needed.size(); ++i) {
      if (needed[i]) ETD_RETURN_IF_ERROR(Add(source_.nodes[i]));
    }
    MoveIntegersAsBits();
    for (const FragmentNode& node : lowered_.fragment.nodes) {
      ETD_RETURN_IF_ERROR(CheckTypes(node, lowered_.fragment));
    }
    return std::move(lowered_);
  }

 private:
  FragmentValue& value(uint32_t index) { return lowered_.fragment.values[index]; }
  DenseType type(uint32_t index) { return value(index).type; }
  bool constant(uint32_t index) { return value(index).role == Role::kConstant; }

  // Nodes that some output depends on; XNNPACK stumbles over values that nobody reads.
  std::vector<bool> NeededNodes() {
    std::vector<bool> read(source_.values.size()), needed(source_.nodes.size());
    for (size_t i = source_.nodes.size(); i-- > 0;) {
      const FragmentNode& node = source_.nodes[i];
      needed[i] = std::ranges::any_of(
          node.outputs, [&](uint32_t output) { return read[output] || source_.values[output].role == Role::kOutput; });
      if (!needed[i]) continue;
      for (const uint32_t input : node.inputs) read[input] = true;
    }
    return needed;
  }

  absl::Status Add(FragmentNode node) {
    if (PoolsSingleElements(node)) {
      node.kind = DenseKind::kClamp;
      node.attributes.flags = 0;
    }
    if (ComputesInFloat(node)) return AddInFloat(std::move(node));
    if (IsProduct(node.kind)) {
      const DenseType activation = type(node.inputs[0]), weights = type(node.inputs[1]);
      if (activation == DenseType::kFloat16 && weights == DenseType::kFloat16 &&
          node.kind == DenseKind::kFullyConnected && !constant(node.inputs[1])) {
        return AddAsMatrixProduct(std::move(node));
      }
      WidenWeights(node);
      if (ScalesBias(node)) return AddBiasLater(std::move(node));
    }
    return Emit(std::move(node));
  }

  // Appends a node whose operands are all in place; outputs get the shape that follows from its inputs.
  absl::Status Emit(FragmentNode node) {
    ETD_RETURN_IF_ERROR(InferShapes(node, lowered_.shapes));
    lowered_.fragment.nodes.push_back(std::move(node));
    return absl::OkStatus();
  }

  bool ComputesInFloat(const FragmentNode& node) {
    const auto is = [&](DenseType wanted) { return [this, wanted](uint32_t index) { return type(index) == wanted; }; };
    if (std::ranges::any_of(node.inputs, is(DenseType::kBFloat16)) ||
        std::ranges::any_of(node.outputs, is(DenseType::kBFloat16))) {
      const DenseType from = type(node.inputs[0]), to = type(node.outputs[0]);
      const bool converts = node.kind == DenseKind::kConvert;
      return !converts || (from != DenseType::kFloat32 && to != DenseType::kFloat32);
    }
    const bool no_quantised_kernel = node.kind == DenseKind::kSoftmax || node.kind == DenseKind::kAveragePooling ||
                                     node.kind == DenseKind::kBatchMatrixMultiply;
    return no_quantised_kernel && IsQuantised8(type(node.inputs[0]));
  }

  absl::Status AddInFloat(FragmentNode node) {
    for (uint32_t& input : node.inputs) {
      const DenseType from = type(input);
      if (from == DenseType::kBFloat16 || from == DenseType::kFloat16 || IsQuantised8(from)) {
        ETD_ASSIGN_OR_RETURN(input, AsFloat(input));
      }
    }
    std::vector<FragmentNode> after;
    for (uint32_t& output : node.outputs) {
      if (type(output) != DenseType::kBFloat16 && !IsQuantised8(type(output))) continue;
      const uint32_t wide = NewValue(DenseType::kFloat32);
      after.push_back({DenseKind::kConvert, {wide}, {output}, {}});
      output = wide;
    }
    // Weights in float16 or of 4 bits may need more.
    ETD_RETURN_IF_ERROR(Add(std::move(node)));
    for (FragmentNode& convert : after) ETD_RETURN_IF_ERROR(Emit(std::move(convert)));
    return absl::OkStatus();
  }

  // The float32 value of a float16, bfloat16 or 8-bit one; the same for all who ask.
  absl::StatusOr<uint32_t> AsFloat(uint32_t index) {
    if (constant(index) && !IsQuantised8(type(index))) return Widened(index);
    const auto [at, made] = floats_.try_emplace(index, 0);
    if (made) {
      at->second = NewValue(DenseType::kFloat32);
      ETD_RETURN_IF_ERROR(Emit({DenseKind::kConvert, {index}, {at->second}, {}}));
    }
    return at->second;
  }

  // A float16 or bfloat16 constant as float32, converted when it is handed to XNNPACK.
  uint32_t Widened(uint32_t index) {
    return Reformed(index, DenseType::kFloat32,
                    type(index) == DenseType::kFloat16 ? WeightForm::kFloat16ToFloat32 : WeightForm::kBFloat16ToFloat32);
  }

  uint32_t Reformed(uint32_t index, DenseType to, WeightForm form) {
    const auto [at, made] = reformed_.try_emplace(index, 0);
    if (made) {
      FragmentValue copy = value(index);
      copy.type = to;
      if (form == WeightForm::kInt4ToInt8) copy.quantization.zero_point = 0;  // The numbers are signed now.
      at->second = Append(std::move(copy), lowered_.shapes[index], form);
    }
    return at->second;
  }

  uint32_t NewValue(DenseType type) {
    FragmentValue made;
    made.type = type;
    return Append(std::move(made), Shape{}, WeightForm::kAsStored);
  }

  uint32_t Append(FragmentValue made, const Shape& shape, WeightForm form) {
    lowered_.fragment.values.push_back(std::move(made));
    lowered_.shapes.push_back(shape);
    lowered_.forms.push_back(form);
    return static_cast<uint32_t>(lowered_.fragment.values.size() - 1);
  }

  bool HalfConstant(uint32_t index) {
    return constant(index) && (type(index) == DenseType::kFloat16 || type(index) == DenseType::kBFloat16);
  }

  void WidenWeights(FragmentNode& node) {
    const DenseType activation = type(node.inputs[0]);
    uint32_t& filter = node.inputs[1];
    const bool bias = node.inputs.size() > 2;
    // The one kernel that takes float16 weights wants them, and the bias, and everything else, in float16.
    const bool half_kernel = node.kind == DenseKind::kFullyConnected && activation == DenseType::kFloat16 &&
                             (!bias || type(node.inputs[2]) == DenseType::kFloat16);
    if (HalfConstant(filter) && !(half_kernel && type(filter) == DenseType::kFloat16)) filter = Widened(filter);
    if (bias && HalfConstant(node.inputs[2]) && type(filter) != DenseType::kFloat16) {
      node.inputs[2] = Widened(node.inputs[2]);
    }
    if (type(filter) == DenseType::kQCInt4 && activation == DenseType::kQInt8 && constant(filter) &&
        (node.attributes.flags & kTransposeWeights) == 0) {
      filter = Reformed(filter, DenseType::kQCInt8, WeightForm::kInt4ToInt8);
    }
  }

  // Kernels of float rows with integer weights multiply the bias by the scale of the weights, too.
  bool ScalesBias(const FragmentNode& node) {
    return node.kind == DenseKind::kFullyConnected && node.inputs.size() > 2 &&
           type(node.inputs[0]) == DenseType::kFloat32 && IsPerChannel(type(node.inputs[1]));
  }

  absl::Status AddBiasLater(FragmentNode node) {
    const uint32_t bias = node.inputs[2], output = node.outputs[0], sum = NewValue(DenseType::kFloat32);
    DenseAttributes range;
    std::swap(range.output_min, node.attributes.output_min);
    std::swap(range.output_max, node.attributes.output_max);
    node.inputs.pop_back();
    node.outputs = {sum};
    ETD_RETURN_IF_ERROR(Emit(std::move(node)));
    return Emit({DenseKind::kAdd, {sum, bias}, {output}, range});
  }

  absl::Status AddAsMatrixProduct(FragmentNode node) {
    if (lowered_.shapes[node.inputs[0]].rank < 2 || (node.attributes.flags & kFlattenInput) != 0) {
      return Unimplemented("XNNPACK has no FullyConnected of f16 rows {} with weights computed at run time",
                           ShapeText(lowered_.shapes[node.inputs[0]]));
    }
    DenseAttributes product;
    product.flags = (node.attributes.flags & kTransposeWeights) ^ kTransposeWeights;
    const bool bias = node.inputs.size() > 2;
    DenseAttributes range;
    range.output_min = node.attributes.output_min;
    range.output_max = node.attributes.output_max;
    const bool clamped = node.attributes.output_min != DenseAttributes{}.output_min ||
                         node.attributes.output_max != DenseAttributes{}.output_max;
    const uint32_t sum = bias || clamped ? NewValue(DenseType::kFloat16) : node.outputs[0];
    ETD_RETURN_IF_ERROR(Emit({DenseKind::kBatchMatrixMultiply, {node.inputs[0], node.inputs[1]}, {sum}, product}));
    if (bias) return Emit({DenseKind::kAdd, {sum, node.inputs[2]}, {node.outputs[0]}, range});
    if (clamped) return Emit({DenseKind::kClamp, {sum}, {node.outputs[0]}, range});
    return absl::OkStatus();
  }

  void MoveIntegersAsBits() {
    std::vector<bool> moved(lowered_.fragment.values.size(), true);
    for (const FragmentNode& node : lowered_.fragment.nodes) {
      if (MovesElements(node.kind)) continue;
      for (const uint32_t index : node.inputs) moved[index] = false;
      for (const uint32_t index : node.outputs) moved[index] = false;
    }
    for (FragmentNode& node : lowered_.fragment.nodes) {
      if (node.kind == DenseKind::kStaticPad && moved[node.inputs[0]] && type(node.inputs[0]) == DenseType::kInt32) {
        node.attributes.pad_value = std::bit_cast<float>(NearestInteger(node.attributes.pad_value));
      }
    }
    for (uint32_t i = 0; i < moved.size(); ++i) {
      if (moved[i] && type(i) == DenseType::kInt32) value(i).type = DenseType::kFloat32;
    }
  }

  const graph::Fragment& source_;
  Lowered lowered_;
  std::map<uint32_t, uint32_t> floats_;
  std::map<uint32_t, uint32_t> reformed_;
};

}  // namespace

absl::StatusOr<Lowered> Lower(const graph::Fragment& fragment, std::span<const Shape> shapes) {
  return Lowering(fragment, shapes).Run();
}

}  // namespace etd::xnnpack
