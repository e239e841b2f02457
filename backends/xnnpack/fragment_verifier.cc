#include "backends/xnnpack/fragment_verifier.h"

#include <cmath>
#include <utility>

#include "backends/xnnpack/flags.h"
#include "backends/xnnpack/shape_rules.h"
#include "backends/xnnpack/types.h"
#include "runtime/base/status.h"
#include "runtime/tensor/scalar_type.h"

namespace etd::xnnpack {
namespace {

using graph::DenseKind;
using graph::DenseType;
using graph::Fragment;
using graph::FragmentNode;
using graph::FragmentValue;
using Role = FragmentValue::Role;

constexpr uint32_t kMaxExternals = 4096;
constexpr int32_t kBlockMultiple = 32;

bool GoodScale(float scale) { return scale > 0 && std::isnormal(scale); }

absl::Status CheckChannelScales(const FragmentValue& value, const Shape& shape) {
  const graph::Quantization& q = value.quantization;
  if (q.channel_dim < 0 || static_cast<size_t>(q.channel_dim) >= shape.rank) {
    return InvalidArgument("channels in dimension {} of shape {}", q.channel_dim, ShapeText(shape));
  }
  const size_t channels = shape[static_cast<size_t>(q.channel_dim)];
  if (q.channel_scales.size() != channels) {
    return InvalidArgument("{} scales for {} channels", q.channel_scales.size(), channels);
  }
  for (const float scale : q.channel_scales) {
    if (!GoodScale(scale)) return InvalidArgument("a scale of {}", scale);
  }
  return absl::OkStatus();
}

absl::Status CheckBlockScales(const FragmentValue& value, const Shape& shape) {
  const graph::Quantization& q = value.quantization;
  if (shape.rank != 2 || q.channel_dim != 0) {
    return InvalidArgument("blocks in shape {} with channels in dimension {}", ShapeText(shape), q.channel_dim);
  }
  if (q.block_size < kBlockMultiple || q.block_size % kBlockMultiple != 0 ||
      shape[1] % static_cast<size_t>(q.block_size) != 0) {
    return InvalidArgument("blocks of {} in rows of {}", q.block_size, shape[1]);
  }
  const size_t blocks = shape[1] / static_cast<size_t>(q.block_size);
  if (q.block_scales.size() != shape[0] * blocks) {
    return InvalidArgument("{} scales for {} × {} blocks", q.block_scales.size(), shape[0], blocks);
  }
  for (const uint16_t bits : q.block_scales) {
    const float scale = std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
    if (!GoodScale(scale)) return InvalidArgument("a scale of {}", scale);
  }
  return absl::OkStatus();
}

absl::Status CheckQuantization(const FragmentValue& value, const Shape& shape) {
  const graph::Quantization& q = value.quantization;
  if (IsPerTensor(value.type)) {
    if (!GoodScale(q.scale)) return InvalidArgument("a scale of {}", q.scale);
    const int32_t low = value.type == DenseType::kQInt8 ? -128 : 0;
    const int32_t high = value.type == DenseType::kQInt8 ? 127 : value.type == DenseType::kQUInt8 ? 255 : 0;
    if (q.zero_point < low || q.zero_point > high) return InvalidArgument("a zero point of {}", q.zero_point);
  }
  if (IsFourBit(value.type) && q.zero_point != 8) return InvalidArgument("a zero point of {}", q.zero_point);
  if (IsPerChannel(value.type)) return CheckChannelScales(value, shape);
  if (value.type == DenseType::kQBInt4) return CheckBlockScales(value, shape);
  if (value.type == DenseType::kQDInt8 && (q.row_dims < 1 || static_cast<size_t>(q.row_dims) > shape.rank)) {
    return InvalidArgument("rows of {} dimensions in shape {}", q.row_dims, ShapeText(shape));
  }
  return absl::OkStatus();
}

absl::Status CheckRole(const FragmentValue& value, const Shape& shape, uint32_t external_count,
                       std::vector<bool>& external_used) {
  switch (value.role) {
    case Role::kConstant:
      if (value.type == DenseType::kQDInt8 || value.type == DenseType::kInt64) {
        return InvalidArgument("a constant of type {}", TypeName(value.type));
      }
      if (value.data.size() != ConstantBytes(value.type, shape)) {
        return InvalidArgument("{} bytes where shape {} of {} needs {}", value.data.size(), ShapeText(shape),
                               TypeName(value.type), ConstantBytes(value.type, shape));
      }
      return absl::OkStatus();
    case Role::kInput:
    case Role::kOutput:
      if (value.external >= external_count || external_used[value.external]) {
        return InvalidArgument("argument {} of {} is out of range or used twice", value.external, external_count);
      }
      external_used[value.external] = true;
      if (!TensorType(value.type).has_value()) {
        return InvalidArgument("an argument of type {}", TypeName(value.type));
      }
      return absl::OkStatus();
    case Role::kInternal: return absl::OkStatus();
  }
  return InvalidArgument("role {}", static_cast<int>(value.role));
}

std::pair<size_t, size_t> InputCounts(DenseKind kind) {
  switch (kind) {
    case DenseKind::kAdd:
    case DenseKind::kSubtract:
    case DenseKind::kMultiply:
    case DenseKind::kDivide:
    case DenseKind::kMinimum:
    case DenseKind::kMaximum:
    case DenseKind::kSquaredDifference:
    case DenseKind::kCopySign:
    case DenseKind::kPReLU:
    case DenseKind::kBatchMatrixMultiply: return {2, 2};
    case DenseKind::kFullyConnected:
    case DenseKind::kConvolution:
    case DenseKind::kDepthwiseConvolution:
    case DenseKind::kTransposedConvolution: return {2, 3};
    case DenseKind::kConcatenate: return {2, 5};
    default: return {1, 1};
  }
}

absl::Status CheckNode(const FragmentNode& node, const Fragment& fragment, std::vector<bool>& written) {
  const auto [least, most] = InputCounts(node.kind);
  const size_t outputs = node.kind == DenseKind::kArgMaxPooling ? 2 : 1;
  if (node.inputs.size() < least || node.inputs.size() > most || node.outputs.size() != outputs) {
    return InvalidArgument("{} inputs and {} outputs", node.inputs.size(), node.outputs.size());
  }
  for (const uint32_t input : node.inputs) {
    if (input >= fragment.values.size()) return InvalidArgument("reads value {}, which does not exist", input);
    if (!written[input]) return InvalidArgument("reads value {} before it is written", input);
  }
  for (const uint32_t output : node.outputs) {
    if (output >= fragment.values.size()) return InvalidArgument("writes value {}, which does not exist", output);
    if (written[output]) return InvalidArgument("writes value {}, which has its content already", output);
    written[output] = true;
  }
  if ((node.attributes.flags & ~AllowedFlags(node.kind)) != 0) {
    return InvalidArgument("flags {:#x}, of which {:#x} are known", node.attributes.flags, AllowedFlags(node.kind));
  }
  // NaN fails too.
  if (!(node.attributes.output_min < node.attributes.output_max)) {
    return InvalidArgument("an output range from {} to {}", node.attributes.output_min, node.attributes.output_max);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Shape>> VerifyFragment(const Fragment& fragment) {
  if (fragment.external_count > kMaxExternals) {
    return InvalidArgument("{} arguments; at most {} are possible", fragment.external_count, kMaxExternals);
  }
  std::vector<Shape> shapes(fragment.values.size());
  std::vector<bool> external_used(fragment.external_count);
  std::vector<bool> written(fragment.values.size());
  for (size_t i = 0; i < fragment.values.size(); ++i) {
    const FragmentValue& value = fragment.values[i];
    absl::StatusOr<Shape> shape = DeclaredShape(value);
    absl::Status status = shape.status();
    if (status.ok()) status = CheckRole(value, *shape, fragment.external_count, external_used);
    if (status.ok()) status = CheckQuantization(value, *shape);
    if (!status.ok()) return Annotate(status, fmt::format("value {}", i));
    shapes[i] = *shape;
    written[i] = value.role == Role::kConstant || value.role == Role::kInput;
  }
  for (size_t i = 0; i < fragment.nodes.size(); ++i) {
    const FragmentNode& node = fragment.nodes[i];
    absl::Status status = Annotate(CheckNode(node, fragment, written), graph::DenseKindName(node.kind));
    if (status.ok()) status = InferShapes(node, shapes);
    if (!status.ok()) return Annotate(status, fmt::format("node {}", i));
  }
  for (size_t i = 0; i < fragment.values.size(); ++i) {
    const FragmentValue& value = fragment.values[i];
    if (value.role == Role::kOutput && !written[i]) return InvalidArgument("output {} is never written", value.external);
    // What a node computes has its own shape; rows of it must still be possible.
    if (value.type == DenseType::kQDInt8 && static_cast<size_t>(value.quantization.row_dims) > shapes[i].rank) {
      return InvalidArgument("value {}: rows of {} dimensions in shape {}", i, value.quantization.row_dims,
                             ShapeText(shapes[i]));
    }
  }
  return shapes;
}

}  // namespace etd::xnnpack
