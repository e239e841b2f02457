#include "backends/xnnpack/shape_rules.h"

#include <algorithm>

#include "backends/xnnpack/flags.h"
#include "runtime/base/status.h"

namespace etd::xnnpack {
namespace {

using graph::DenseAttributes;
using graph::DenseKind;
using graph::FragmentNode;

// XNNPACK keeps these in 32 bits and adds a few of them up.
constexpr size_t kMaxWindow = size_t{1} << 24;
constexpr size_t kMaxWindowElements = size_t{1} << 24;

// A node's operands by position.
struct Operands {
  const FragmentNode& node;
  std::span<Shape> shapes;

  const Shape& in(size_t index) const { return shapes[node.inputs[index]]; }
  Shape& out(size_t index = 0) const { return shapes[node.outputs[index]]; }
  const DenseAttributes& attributes() const { return node.attributes; }
};

absl::Status Same(const Operands& op) {
  op.out() = op.in(0);
  return absl::OkStatus();
}

absl::StatusOr<Shape> Broadcast(std::span<const size_t> a, std::span<const size_t> b) {
  Shape result;
  result.rank = std::max(a.size(), b.size());
  for (size_t i = 0; i < result.rank; ++i) {
    const size_t da = i < a.size() ? a[a.size() - 1 - i] : 1;
    const size_t db = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (da != db && da != 1 && db != 1) {
      return InvalidArgument("shapes {} and {} can't be broadcast", ShapeText(Shape::Of(a)), ShapeText(Shape::Of(b)));
    }
    result[result.rank - 1 - i] = da == 1 ? db : da;
  }
  return result;
}

absl::Status BinaryShape(const Operands& op) {
  ETD_ASSIGN_OR_RETURN(op.out(), Broadcast(op.in(0).span(), op.in(1).span()));
  return absl::OkStatus();
}

absl::Status TransposeShape(const Operands& op) {
  const Shape in = op.in(0);
  const std::vector<uint32_t>& permutation = op.attributes().permutation;
  uint32_t seen = 0;
  for (const uint32_t dim : permutation) {
    if (dim >= in.rank || (seen & (1u << dim)) != 0) break;
    seen |= 1u << dim;
  }
  if (permutation.size() != in.rank || in.rank == 0 || seen != (1u << in.rank) - 1) {
    return InvalidArgument("the permutation has {} entries that don't permute shape {}", permutation.size(),
                           ShapeText(in));
  }
  Shape& out = op.out();
  out = in;
  for (size_t i = 0; i < in.rank; ++i) out[i] = in[permutation[i]];
  return absl::OkStatus();
}

absl::Status ReshapeShape(const Operands& op) {
  const std::vector<uint32_t>& wanted = op.attributes().shape;
  if (wanted.size() > kMaxDims) return InvalidArgument("{} dimensions in the new shape", wanted.size());
  Shape result;
  result.rank = wanted.size();
  size_t inferred = kMaxDims;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == 0) {
      if (inferred != kMaxDims) return InvalidArgument("two dimensions of the new shape are left open");
      inferred = i;
    }
    result[i] = wanted[i] == 0 ? 1 : wanted[i];
  }
  ETD_RETURN_IF_ERROR(CheckShape(result));
  const size_t have = op.in(0).numel();
  const size_t need = result.numel();
  if (inferred != kMaxDims) result[inferred] = have / need;
  if (result.numel() != have) {
    return InvalidArgument("shape {} can't become {}", ShapeText(op.in(0)), ShapeText(result));
  }
  op.out() = result;
  return absl::OkStatus();
}

absl::Status SliceShape(const Operands& op) {
  const Shape in = op.in(0);
  const DenseAttributes& attributes = op.attributes();
  if (attributes.offsets.size() != in.rank || attributes.extents.size() != in.rank) {
    return InvalidArgument("{} offsets and {} extents for shape {}", attributes.offsets.size(),
                           attributes.extents.size(), ShapeText(in));
  }
  Shape result = in;
  for (size_t i = 0; i < in.rank; ++i) {
    const int64_t offset = attributes.offsets[i], extent = attributes.extents[i];
    const auto size = static_cast<int64_t>(in[i]);
    if (offset < 0 || extent < 0 || offset > size || extent > size - offset) {
      return InvalidArgument("elements {} to {} of dimension {} of shape {}", offset, offset + extent, i, ShapeText(in));
    }
    if (extent == 0 && offset != 0) return InvalidArgument("dimension {} is cut from {} to an open end", i, offset);
    result[i] = extent == 0 ? in[i] : static_cast<size_t>(extent);
  }
  op.out() = result;
  return absl::OkStatus();
}

absl::Status PadShape(const Operands& op) {
  const DenseAttributes& attributes = op.attributes();
  Shape result = op.in(0);
  if (attributes.pad_before.size() != result.rank || attributes.pad_after.size() != result.rank) {
    return InvalidArgument("{} and {} pads for shape {}", attributes.pad_before.size(), attributes.pad_after.size(),
                           ShapeText(result));
  }
  for (size_t i = 0; i < result.rank; ++i) result[i] += size_t{attributes.pad_before[i]} + attributes.pad_after[i];
  op.out() = result;
  return absl::OkStatus();
}

absl::Status ConcatenateShape(const Operands& op) {
  Shape result = op.in(0);
  const auto axis = static_cast<size_t>(op.attributes().axis);
  if (op.attributes().axis < 0 || axis >= result.rank) {
    return InvalidArgument("axis {} of shape {}", op.attributes().axis, ShapeText(result));
  }
  for (size_t i = 1; i < op.node.inputs.size(); ++i) {
    Shape other = op.in(i);
    const size_t extent = other.rank == result.rank ? other[axis] : 0;
    if (other.rank == result.rank) other[axis] = result[axis];
    if (!(other == result)) {
      return InvalidArgument("shapes {} and {} can't be joined along axis {}", ShapeText(result), ShapeText(op.in(i)),
                             axis);
    }
    result[axis] += extent;
  }
  op.out() = result;
  return absl::OkStatus();
}

absl::Status ResizeShape(const Operands& op) {
  const std::vector<uint32_t>& size = op.attributes().shape;
  const Shape in = op.in(0);
  if (in.rank != 4 || size.size() != 2 || size[0] == 0 || size[1] == 0 || std::max(size[0], size[1]) > kMaxWindow) {
    return InvalidArgument("shape {} can't be resized as an image", ShapeText(in));
  }
  op.out() = in;
  op.out()[1] = size[0];
  op.out()[2] = size[1];
  return absl::OkStatus();
}

absl::Status FullyConnectedShape(const Operands& op) {
  const Shape in = op.in(0);
  const Shape& filter = op.in(1);
  if (filter.rank != 2 || in.rank == 0) {
    return InvalidArgument("input {} with weights {}", ShapeText(in), ShapeText(filter));
  }
  const bool transposed = (op.attributes().flags & kTransposeWeights) != 0;
  const size_t channels_in = filter[transposed ? 0 : 1], channels_out = filter[transposed ? 1 : 0];
  if (channels_in == 0 || channels_out == 0) return InvalidArgument("weights of shape {}", ShapeText(filter));
  if (op.node.inputs.size() > 2 && op.in(2).numel() != channels_out) {
    return InvalidArgument("bias {} for {} outputs", ShapeText(op.in(2)), channels_out);
  }
  if ((op.attributes().flags & kFlattenInput) != 0) {
    if (in.numel() % channels_in != 0) {
      return InvalidArgument("input {} can't become rows of {}", ShapeText(in), channels_in);
    }
    op.out() = Shape::Of(std::array{in.numel() / channels_in, channels_out});
    return absl::OkStatus();
  }
  if (in.inner(0) != channels_in) {
    return InvalidArgument("input {} with weights for {} inputs", ShapeText(in), channels_in);
  }
  op.out() = in;
  op.out()[in.rank - 1] = channels_out;
  return absl::OkStatus();
}

absl::Status MatrixProductShape(const Operands& op) {
  const Shape a = op.in(0), b = op.in(1);
  if (a.rank < 2 || b.rank < 2) return InvalidArgument("matrices {} and {}", ShapeText(a), ShapeText(b));
  const bool transposed = (op.attributes().flags & kTransposeWeights) != 0;
  const size_t k = transposed ? b.inner(0) : b.inner(1), n = transposed ? b.inner(1) : b.inner(0);
  if (a.inner(0) != k) return InvalidArgument("matrices {} and {} don't fit", ShapeText(a), ShapeText(b));
  ETD_ASSIGN_OR_RETURN(Shape result, Broadcast(a.span().first(a.rank - 2), b.span().first(b.rank - 2)));
  result[result.rank++] = a.inner(1);
  result[result.rank++] = n;
  op.out() = result;
  return absl::OkStatus();
}

// Number of windows along one dimension, or nothing when not one fits.
absl::StatusOr<size_t> Windows(size_t size, size_t padding, size_t kernel, size_t dilation, size_t stride) {
  const size_t extent = (kernel - 1) * dilation + 1;
  if (size + padding < extent) {
    return InvalidArgument("a window of {} does not fit into {} elements with {} of padding", extent, size, padding);
  }
  return (size + padding - extent) / stride + 1;
}

absl::Status CheckWindow(const DenseAttributes& a, const Shape& in) {
  if (in.rank != 4) return InvalidArgument("shape {} is not one of images", ShapeText(in));
  for (const uint32_t positive : {a.kernel_height, a.kernel_width, a.stride_height, a.stride_width, a.dilation_height,
                                  a.dilation_width}) {
    if (positive == 0 || positive > kMaxWindow) {
      return InvalidArgument("a window's sizes, steps and dilations are from 1 to {}, not {}", kMaxWindow, positive);
    }
  }
  if (size_t{a.kernel_height} * a.kernel_width > kMaxWindowElements) {
    return InvalidArgument("a window of {} × {}", a.kernel_height, a.kernel_width);
  }
  for (const uint32_t padding : {a.padding_top, a.padding_right, a.padding_bottom, a.padding_left, a.adjustment_height,
                                 a.adjustment_width}) {
    if (padding > kMaxWindow) return InvalidArgument("padding of {}", padding);
  }
  for (const size_t size : in.span()) {
    if (size > (size_t{1} << 31)) return InvalidArgument("shape {} is too large", ShapeText(in));
  }
  return absl::OkStatus();
}

absl::Status PoolingShape(const Operands& op) {
  const DenseAttributes& a = op.attributes();
  const Shape in = op.in(0);
  ETD_RETURN_IF_ERROR(CheckWindow(a, in));
  Shape result = in;
  ETD_ASSIGN_OR_RETURN(result[1], Windows(in[1], size_t{a.padding_top} + a.padding_bottom, a.kernel_height,
                                          a.dilation_height, a.stride_height));
  ETD_ASSIGN_OR_RETURN(result[2], Windows(in[2], size_t{a.padding_left} + a.padding_right, a.kernel_width,
                                          a.dilation_width, a.stride_width));
  for (size_t i = 0; i < op.node.outputs.size(); ++i) op.out(i) = result;
  return absl::OkStatus();
}

absl::Status GlobalPoolingShape(const Operands& op) {
  const Shape in = op.in(0);
  if (in.rank != 4) return InvalidArgument("shape {} is not one of images", ShapeText(in));
  if ((op.attributes().flags & kKeepDims) != 0) {
    op.out() = Shape::Of(std::array<size_t, 4>{in[0], 1, 1, in[3]});
  } else {
    op.out() = Shape::Of(std::array{in[0], in[3]});
  }
  return absl::OkStatus();
}

// Channels and the shape of the filter; what the kinds of convolution have in common.
absl::Status CheckConvolution(const Operands& op) {
  const DenseAttributes& a = op.attributes();
  const Shape &in = op.in(0), &filter = op.in(1);
  ETD_RETURN_IF_ERROR(CheckWindow(a, in));
  for (const uint32_t count : {a.groups, a.group_input_channels, a.group_output_channels}) {
    if (count == 0 || count > kMaxWindow) return InvalidArgument("a convolution of {} groups or channels", count);
  }
  const size_t in_channels = size_t{a.groups} * a.group_input_channels;
  const size_t out_channels = size_t{a.groups} * a.group_output_channels;
  const Shape wanted =
      op.node.kind == DenseKind::kDepthwiseConvolution
          ? Shape::Of(std::array<size_t, 4>{1, a.kernel_height, a.kernel_width, out_channels})
          : Shape::Of(std::array<size_t, 4>{out_channels, a.kernel_height, a.kernel_width, a.group_input_channels});
  if (op.node.kind == DenseKind::kDepthwiseConvolution && a.group_input_channels != 1) {
    return InvalidArgument("{} input channels in a group of a depthwise convolution", a.group_input_channels);
  }
  if (in[3] != in_channels || !(filter == wanted)) {
    return InvalidArgument("images {} with weights {} where {} channels and weights {} belong", ShapeText(in),
                           ShapeText(filter), in_channels, ShapeText(wanted));
  }
  if (op.node.inputs.size() > 2 && op.in(2).numel() != out_channels) {
    return InvalidArgument("bias {} for {} channels", ShapeText(op.in(2)), out_channels);
  }
  return absl::OkStatus();
}

absl::Status ConvolutionShape(const Operands& op) {
  ETD_RETURN_IF_ERROR(CheckConvolution(op));
  const DenseAttributes& a = op.attributes();
  Shape result = op.in(0);
  ETD_ASSIGN_OR_RETURN(result[1], Windows(result[1], size_t{a.padding_top} + a.padding_bottom, a.kernel_height,
                                          a.dilation_height, a.stride_height));
  ETD_ASSIGN_OR_RETURN(result[2], Windows(result[2], size_t{a.padding_left} + a.padding_right, a.kernel_width,
                                          a.dilation_width, a.stride_width));
  result[3] = size_t{a.groups} * a.group_output_channels;
  op.out() = result;
  return absl::OkStatus();
}

absl::StatusOr<size_t> TransposedExtent(size_t size, size_t padding, size_t kernel, size_t dilation, size_t stride,
                                        size_t adjustment) {
  if (size == 0) return InvalidArgument("an empty image");
  const size_t full = stride * (size - 1) + adjustment + (kernel - 1) * dilation + 1;
  if (full <= padding || adjustment >= stride) {
    return InvalidArgument("a transposed convolution with padding {} and adjustment {}", padding, adjustment);
  }
  return full - padding;
}

absl::Status TransposedConvolutionShape(const Operands& op) {
  ETD_RETURN_IF_ERROR(CheckConvolution(op));
  const DenseAttributes& a = op.attributes();
  Shape result = op.in(0);
  ETD_ASSIGN_OR_RETURN(result[1],
                       TransposedExtent(result[1], size_t{a.padding_top} + a.padding_bottom, a.kernel_height,
                                        a.dilation_height, a.stride_height, a.adjustment_height));
  ETD_ASSIGN_OR_RETURN(result[2],
                       TransposedExtent(result[2], size_t{a.padding_left} + a.padding_right, a.kernel_width,
                                        a.dilation_width, a.stride_width, a.adjustment_width));
  result[3] = size_t{a.groups} * a.group_output_channels;
  op.out() = result;
  return absl::OkStatus();
}

absl::Status Infer(const Operands& op) {
  switch (op.node.kind) {
    case DenseKind::kAdd:
    case DenseKind::kSubtract:
    case DenseKind::kMultiply:
    case DenseKind::kDivide:
    case DenseKind::kMinimum:
    case DenseKind::kMaximum:
    case DenseKind::kSquaredDifference:
    case DenseKind::kCopySign:
    case DenseKind::kPReLU: return BinaryShape(op);
    case DenseKind::kStaticTranspose: return TransposeShape(op);
    case DenseKind::kStaticReshape: return ReshapeShape(op);
    case DenseKind::kStaticSlice: return SliceShape(op);
    case DenseKind::kStaticPad: return PadShape(op);
    case DenseKind::kStaticResizeBilinear: return ResizeShape(op);
    case DenseKind::kConcatenate: return ConcatenateShape(op);
    case DenseKind::kFullyConnected: return FullyConnectedShape(op);
    case DenseKind::kBatchMatrixMultiply: return MatrixProductShape(op);
    case DenseKind::kConvolution:
    case DenseKind::kDepthwiseConvolution: return ConvolutionShape(op);
    case DenseKind::kTransposedConvolution: return TransposedConvolutionShape(op);
    case DenseKind::kMaxPooling:
    case DenseKind::kAveragePooling:
    case DenseKind::kArgMaxPooling: return PoolingShape(op);
    case DenseKind::kGlobalAveragePooling: return GlobalPoolingShape(op);
    default: return Same(op);
  }
}

}  // namespace

absl::Status InferShapes(const FragmentNode& node, std::span<Shape> shapes) {
  absl::Status status = Infer({node, shapes});
  for (const uint32_t output : node.outputs) {
    if (status.ok()) status = CheckShape(shapes[output]);
  }
  return Annotate(status, graph::DenseKindName(node.kind));
}

}  // namespace etd::xnnpack
