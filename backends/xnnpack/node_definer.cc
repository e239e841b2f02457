#include "backends/xnnpack/node_definer.h"

#include <array>
#include <limits>
#include <optional>

#include "backends/xnnpack/flags.h"
#include "backends/xnnpack/shape.h"
#include "backends/xnnpack/status.h"
#include "runtime/base/status.h"

namespace etd::xnnpack {
namespace {

using graph::DenseAttributes;
using graph::DenseKind;
using graph::FragmentNode;

// XNNPACK takes dimensions as size_t.
template <typename T>
std::array<size_t, kMaxDims> Sizes(const std::vector<T>& from) {
  std::array<size_t, kMaxDims> sizes{};
  for (size_t i = 0; i < from.size() && i < kMaxDims; ++i) sizes[i] = static_cast<size_t>(from[i]);
  return sizes;
}

std::optional<xnn_unary_operator> UnaryOperator(DenseKind kind) {
  switch (kind) {
    case DenseKind::kAbs: return xnn_unary_abs;
    case DenseKind::kBankersRounding: return xnn_unary_bankers_rounding;
    case DenseKind::kCeiling: return xnn_unary_ceiling;
    case DenseKind::kClamp: return xnn_unary_clamp;
    case DenseKind::kConvert: return xnn_unary_convert;
    case DenseKind::kCos: return xnn_unary_cosine;
    case DenseKind::kElu: return xnn_unary_elu;
    case DenseKind::kExp: return xnn_unary_exp;
    case DenseKind::kFloor: return xnn_unary_floor;
    case DenseKind::kGelu: return xnn_unary_gelu;
    case DenseKind::kHardswish: return xnn_unary_hardswish;
    case DenseKind::kLeakyRelu: return xnn_unary_leaky_relu;
    case DenseKind::kLog: return xnn_unary_log;
    case DenseKind::kNegate: return xnn_unary_negate;
    case DenseKind::kReciprocalSquareRoot: return xnn_unary_reciprocal_square_root;
    case DenseKind::kSigmoid: return xnn_unary_sigmoid;
    case DenseKind::kSin: return xnn_unary_sine;
    case DenseKind::kSquare: return xnn_unary_square;
    case DenseKind::kSquareRoot: return xnn_unary_square_root;
    case DenseKind::kTanh: return xnn_unary_tanh;
    default: return std::nullopt;
  }
}

std::optional<xnn_binary_operator> BinaryOperator(DenseKind kind) {
  switch (kind) {
    case DenseKind::kAdd: return xnn_binary_add;
    case DenseKind::kSubtract: return xnn_binary_subtract;
    case DenseKind::kMultiply: return xnn_binary_multiply;
    case DenseKind::kDivide: return xnn_binary_divide;
    case DenseKind::kMinimum: return xnn_binary_minimum;
    case DenseKind::kMaximum: return xnn_binary_maximum;
    case DenseKind::kSquaredDifference: return xnn_binary_squared_difference;
    case DenseKind::kCopySign: return xnn_binary_copysign;
    case DenseKind::kPReLU: return xnn_binary_prelu;
    default: return std::nullopt;
  }
}

xnn_status DefineUnary(xnn_subgraph_t graph, xnn_unary_operator type, const DenseAttributes& a, const NodeIds& ids) {
  xnn_unary_params params{};
  if (type == xnn_unary_clamp) {
    params.clamp.min = a.output_min;
    params.clamp.max = a.output_max;
  } else if (type == xnn_unary_elu) {
    params.elu.alpha = a.alpha;
  } else if (type == xnn_unary_leaky_relu) {
    params.leaky_relu.negative_slope = a.alpha;
  }
  return xnn_define_unary(graph, type, &params, ids.inputs[0], ids.outputs[0], 0);
}

xnn_status DefineBinary(xnn_subgraph_t graph, xnn_binary_operator type, const DenseAttributes& a, const NodeIds& ids) {
  const xnn_binary_params params{a.output_min, a.output_max};
  return xnn_define_binary(graph, type, &params, ids.inputs[0], ids.inputs[1], ids.outputs[0], 0);
}

xnn_status DefineConcatenate(xnn_subgraph_t graph, const DenseAttributes& a, const NodeIds& ids) {
  const auto axis = a.axis;
  const std::vector<uint32_t>& in = ids.inputs;
  const uint32_t out = ids.outputs[0];
  switch (in.size()) {
    case 2: return xnn_define_concatenate2(graph, axis, in[0], in[1], out, 0);
    case 3: return xnn_define_concatenate3(graph, axis, in[0], in[1], in[2], out, 0);
    case 4: return xnn_define_concatenate4(graph, axis, in[0], in[1], in[2], in[3], out, 0);
    default: return xnn_define_concatenate5(graph, axis, in[0], in[1], in[2], in[3], in[4], out, 0);
  }
}

uint32_t Bias(const NodeIds& ids) { return ids.inputs.size() > 2 ? ids.inputs[2] : XNN_INVALID_VALUE_ID; }

xnn_status DefineConvolution(xnn_subgraph_t graph, const FragmentNode& node, const NodeIds& ids) {
  const DenseAttributes& a = node.attributes;
  if (node.kind == DenseKind::kConvolution) {
    return xnn_define_convolution_2d(graph, a.padding_top, a.padding_right, a.padding_bottom, a.padding_left,
                                     a.kernel_height, a.kernel_width, a.stride_height, a.stride_width,
                                     a.dilation_height, a.dilation_width, a.groups, a.group_input_channels,
                                     a.group_output_channels, a.output_min, a.output_max, ids.inputs[0], ids.inputs[1],
                                     Bias(ids), ids.outputs[0], 0);
  }
  if (node.kind == DenseKind::kDepthwiseConvolution) {
    return xnn_define_depthwise_convolution_2d(
        graph, a.padding_top, a.padding_right, a.padding_bottom, a.padding_left, a.kernel_height, a.kernel_width,
        a.stride_height, a.stride_width, a.dilation_height, a.dilation_width, a.group_output_channels, a.groups,
        a.output_min, a.output_max, ids.inputs[0], ids.inputs[1], Bias(ids), ids.outputs[0], 0);
  }
  return xnn_define_deconvolution_2d(graph, a.padding_top, a.padding_right, a.padding_bottom, a.padding_left,
                                     a.adjustment_height, a.adjustment_width, a.kernel_height, a.kernel_width,
                                     a.stride_height, a.stride_width, a.dilation_height, a.dilation_width, a.groups,
                                     a.group_input_channels, a.group_output_channels, a.output_min, a.output_max,
                                     ids.inputs[0], ids.inputs[1], Bias(ids), ids.outputs[0], 0);
}

xnn_status DefinePooling(xnn_subgraph_t graph, const FragmentNode& node, const NodeIds& ids) {
  const DenseAttributes& a = node.attributes;
  switch (node.kind) {
    case DenseKind::kMaxPooling:
      return xnn_define_max_pooling_2d(graph, a.padding_top, a.padding_right, a.padding_bottom, a.padding_left,
                                       a.kernel_height, a.kernel_width, a.stride_height, a.stride_width,
                                       a.dilation_height, a.dilation_width, a.output_min, a.output_max, ids.inputs[0],
                                       ids.outputs[0], 0);
    case DenseKind::kAveragePooling:
      return xnn_define_average_pooling_2d(graph, a.padding_top, a.padding_right, a.padding_bottom, a.padding_left,
                                           a.kernel_height, a.kernel_width, a.stride_height, a.stride_width,
                                           a.output_min, a.output_max, ids.inputs[0], ids.outputs[0], 0);
    default:
      return xnn_define_argmax_pooling_2d(graph, a.padding_top, a.padding_right, a.padding_bottom, a.padding_left,
                                          a.kernel_height, a.kernel_width, ids.inputs[0], ids.outputs[0],
                                          ids.outputs[1], 0);
  }
}

xnn_status DefineGlobalPooling(xnn_subgraph_t graph, const DenseAttributes& a, const NodeIds& ids) {
  const std::array<size_t, 2> axes{1, 2};
  return xnn_define_static_reduce(graph, xnn_reduce_mean, axes.size(), axes.data(), ids.inputs[0], ids.outputs[0],
                                  a.flags & kKeepDims);
}

xnn_status Define(xnn_subgraph_t graph, const FragmentNode& node, const NodeIds& ids) {
  const DenseAttributes& a = node.attributes;
  const uint32_t in = ids.inputs[0], out = ids.outputs[0];
  switch (node.kind) {
    case DenseKind::kCopy: return xnn_define_copy(graph, in, out, 0);
    case DenseKind::kSoftmax: return xnn_define_softmax(graph, in, out, 0);
    case DenseKind::kStaticTranspose:
      return xnn_define_static_transpose(graph, a.permutation.size(), Sizes(a.permutation).data(), in, out, 0);
    case DenseKind::kStaticReshape:
      return xnn_define_static_reshape(graph, a.shape.size(), Sizes(a.shape).data(), in, out, 0);
    case DenseKind::kStaticSlice:
      return xnn_define_static_slice(graph, a.offsets.size(), Sizes(a.offsets).data(), Sizes(a.extents).data(), in, out,
                                     0);
    case DenseKind::kStaticPad:
      return xnn_define_static_constant_pad(graph, Sizes(a.pad_before).data(), Sizes(a.pad_after).data(), a.pad_value,
                                            in, out, 0);
    case DenseKind::kStaticResizeBilinear:
      return xnn_define_static_resize_bilinear_2d(graph, a.shape[0], a.shape[1], in, out, a.flags & kAlignCorners);
    case DenseKind::kConcatenate: return DefineConcatenate(graph, a, ids);
    case DenseKind::kFullyConnected:
      return xnn_define_fully_connected(graph, a.output_min, a.output_max, in, ids.inputs[1], Bias(ids), out, a.flags);
    case DenseKind::kBatchMatrixMultiply:
      return xnn_define_batch_matrix_multiply(graph, in, ids.inputs[1], out, a.flags);
    case DenseKind::kConvolution:
    case DenseKind::kDepthwiseConvolution:
    case DenseKind::kTransposedConvolution: return DefineConvolution(graph, node, ids);
    case DenseKind::kMaxPooling:
    case DenseKind::kAveragePooling:
    case DenseKind::kArgMaxPooling: return DefinePooling(graph, node, ids);
    case DenseKind::kGlobalAveragePooling: return DefineGlobalPooling(graph, a, ids);
    default: return xnn_status_unsupported_parameter;
  }
}

}  // namespace

absl::Status DefineNode(xnn_subgraph_t subgraph, const FragmentNode& node, const NodeIds& ids) {
  const auto action = fmt::format("defining {}", graph::DenseKindName(node.kind));
  if (const auto type = UnaryOperator(node.kind)) {
    return FromXnn(DefineUnary(subgraph, *type, node.attributes, ids), action);
  }
  if (const auto type = BinaryOperator(node.kind)) {
    return FromXnn(DefineBinary(subgraph, *type, node.attributes, ids), action);
  }
  return FromXnn(Define(subgraph, node, ids), action);
}

}  // namespace etd::xnnpack
