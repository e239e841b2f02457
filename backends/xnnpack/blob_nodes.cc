#include "backends/xnnpack/blob_nodes.h"

#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "backends/xnnpack/schema/xnnpack_blob_generated.h"
#include "runtime/base/status.h"

namespace etd::xnnpack {
namespace {

using blob::AnyNode;
using graph::DenseKind;
using graph::FragmentNode;

constexpr uint32_t kNoValue = 0xFFFFFFFF;

std::optional<DenseKind> UnaryKind(AnyNode type) {
  switch (type) {
    case AnyNode::Softmax: return DenseKind::kSoftmax;
    case AnyNode::Sigmoid: return DenseKind::kSigmoid;
    case AnyNode::Clamp: return DenseKind::kClamp;
    case AnyNode::Floor: return DenseKind::kFloor;
    case AnyNode::Convert: return DenseKind::kConvert;
    case AnyNode::GlobalAveragePooling: return DenseKind::kGlobalAveragePooling;
    case AnyNode::SquareRoot: return DenseKind::kSquareRoot;
    case AnyNode::Ceiling: return DenseKind::kCeiling;
    case AnyNode::Hardswish: return DenseKind::kHardswish;
    case AnyNode::Negate: return DenseKind::kNegate;
    case AnyNode::Square: return DenseKind::kSquare;
    case AnyNode::Abs: return DenseKind::kAbs;
    case AnyNode::ReciprocalSquareRoot: return DenseKind::kReciprocalSquareRoot;
    case AnyNode::Log: return DenseKind::kLog;
    case AnyNode::Gelu: return DenseKind::kGelu;
    case AnyNode::Tanh: return DenseKind::kTanh;
    case AnyNode::Exp: return DenseKind::kExp;
    case AnyNode::Sin: return DenseKind::kSin;
    case AnyNode::Copy: return DenseKind::kCopy;
    case AnyNode::Cos: return DenseKind::kCos;
    default: return std::nullopt;
  }
}

std::optional<DenseKind> BinaryKind(AnyNode type) {
  switch (type) {
    case AnyNode::Add: return DenseKind::kAdd;
    case AnyNode::Divide: return DenseKind::kDivide;
    case AnyNode::Minimum: return DenseKind::kMinimum;
    case AnyNode::Multiply: return DenseKind::kMultiply;
    case AnyNode::Subtract: return DenseKind::kSubtract;
    case AnyNode::Maximum: return DenseKind::kMaximum;
    case AnyNode::PRelu: return DenseKind::kPReLU;
    case AnyNode::BatchMatrixMultiply: return DenseKind::kBatchMatrixMultiply;
    default: return std::nullopt;
  }
}

class NodeReader {
 public:
  NodeReader(const blob::Node& node, const ValueIds& ids) : node_(node), ids_(ids) {}

  absl::StatusOr<FragmentNode> Read() {
    if (node_.node() == nullptr) return InvalidArgument("a node of type {} without content", TypeText());
    if (const blob::OutputRange* range = node_.output_range(); range != nullptr) {
      read_.attributes.output_min = range->min();
      read_.attributes.output_max = range->max();
    }
    ETD_RETURN_IF_ERROR(Annotate(ReadContent(), TypeText()));
    return std::move(read_);
  }

 private:
  std::string TypeText() const {
    const int number = static_cast<int>(node_.node_type());
    if (number > static_cast<int>(AnyNode::MAX)) return fmt::format("node type {}", number);
    return blob::EnumNameAnyNode(node_.node_type());
  }

  // Members of the union with the same shape share a table type, so the content is cast by shape.
  template <typename Table>
  const Table& As() const {
    return *static_cast<const Table*>(node_.node());
  }

  absl::Status ReadContent() {
    const AnyNode type = node_.node_type();
    if (const auto kind = UnaryKind(type)) return Simple(*kind, As<blob::Unary>());
    if (const auto kind = BinaryKind(type)) {
      const auto& n = As<blob::Binary>();
      return Finish(*kind, {n.input1(), n.input2()}, {n.output()}, n.flags());
    }
    switch (type) {
      case AnyNode::FullyConnected: {
        const auto& n = As<blob::FullyConnected>();
        return Finish(DenseKind::kFullyConnected, {n.input(), n.filter(), n.bias()}, {n.output()}, n.flags());
      }
      case AnyNode::Elu: read_.attributes.alpha = As<blob::Elu>().alpha(); return Simple(DenseKind::kElu, As<blob::Elu>());
      case AnyNode::LeakyRelu:
        read_.attributes.alpha = As<blob::LeakyRelu>().slope();
        return Simple(DenseKind::kLeakyRelu, As<blob::LeakyRelu>());
      case AnyNode::StaticTranspose:
        ETD_RETURN_IF_ERROR(List(As<blob::Transpose>().permutation(), read_.attributes.permutation));
        return Simple(DenseKind::kStaticTranspose, As<blob::Transpose>());
      case AnyNode::StaticReshape:
        ETD_RETURN_IF_ERROR(List(As<blob::Reshape>().shape(), read_.attributes.shape));
        return Simple(DenseKind::kStaticReshape, As<blob::Reshape>());
      case AnyNode::StaticSlice:
        ETD_RETURN_IF_ERROR(List(As<blob::Slice>().offsets(), read_.attributes.offsets));
        ETD_RETURN_IF_ERROR(List(As<blob::Slice>().extents(), read_.attributes.extents));
        return Simple(DenseKind::kStaticSlice, As<blob::Slice>());
      case AnyNode::StaticConstantPad:
        ETD_RETURN_IF_ERROR(List(As<blob::Pad>().before(), read_.attributes.pad_before));
        ETD_RETURN_IF_ERROR(List(As<blob::Pad>().after(), read_.attributes.pad_after));
        read_.attributes.pad_value = As<blob::Pad>().value();
        return Simple(DenseKind::kStaticPad, As<blob::Pad>());
      case AnyNode::StaticResizeBilinear:
        read_.attributes.shape = {As<blob::ResizeBilinear>().height(), As<blob::ResizeBilinear>().width()};
        return Simple(DenseKind::kStaticResizeBilinear, As<blob::ResizeBilinear>());
      case AnyNode::Concatenate2: return Concatenate(2);
      case AnyNode::Concatenate3: return Concatenate(3);
      case AnyNode::Concatenate4: return Concatenate(4);
      case AnyNode::Concatenate5: return Concatenate(5);
      case AnyNode::Conv2d: return Convolution(DenseKind::kConvolution);
      case AnyNode::DepthwiseConv2d: return DepthwiseConvolution();
      case AnyNode::TransposedConv2d: return Convolution(DenseKind::kTransposedConvolution);
      case AnyNode::MaxPooling: return Pooling(DenseKind::kMaxPooling);
      case AnyNode::AveragePooling: return Pooling(DenseKind::kAveragePooling);
      case AnyNode::ArgMaxPooling: return ArgMaxPooling();
      default: return Unimplemented("XNNPACK can't run this node");
    }
  }

  template <typename Table>
  absl::Status Simple(DenseKind kind, const Table& table) {
    return Finish(kind, {table.input()}, {table.output()}, table.flags());
  }

  absl::Status Finish(DenseKind kind, std::initializer_list<uint32_t> inputs, std::initializer_list<uint32_t> outputs,
                      uint32_t flags) {
    return Finish(kind, std::span(inputs.begin(), inputs.size()), std::span(outputs.begin(), outputs.size()), flags);
  }

  absl::Status Finish(DenseKind kind, std::span<const uint32_t> inputs, std::span<const uint32_t> outputs,
                      uint32_t flags) {
    read_.kind = kind;
    read_.attributes.flags = flags;
    for (size_t i = 0; i < inputs.size(); ++i) {
      // Only a bias may be missing; it is always the third.
      if (i == 2 && inputs[i] == kNoValue) continue;
      ETD_RETURN_IF_ERROR(Operand(inputs[i], read_.inputs));
    }
    for (const uint32_t output : outputs) ETD_RETURN_IF_ERROR(Operand(output, read_.outputs));
    return absl::OkStatus();
  }

  absl::Status Operand(uint32_t id, std::vector<uint32_t>& operands) {
    const auto at = ids_.find(id);
    if (at == ids_.end()) return InvalidArgument("value {} does not exist", id);
    operands.push_back(at->second);
    return absl::OkStatus();
  }

  template <typename T>
  absl::Status List(const flatbuffers::Vector<uint32_t>* from, std::vector<T>& to) {
    if (from == nullptr) return InvalidArgument("a list is missing");
    to.assign(from->begin(), from->end());
    return absl::OkStatus();
  }

  absl::Status Concatenate(size_t count) {
    const auto& n = As<blob::Concatenate>();
    const uint32_t inputs[] = {n.input1(), n.input2(), n.input3(), n.input4(), n.input5()};
    if (n.axis() > INT32_MAX) return InvalidArgument("axis {}", n.axis());
    read_.attributes.axis = static_cast<int32_t>(n.axis());
    for (const uint32_t input : std::span(inputs).first(count)) ETD_RETURN_IF_ERROR(Operand(input, read_.inputs));
    return Finish(DenseKind::kConcatenate, {}, {n.output()}, n.flags());
  }

  template <typename Table>
  void Window(const Table& n) {
    graph::DenseAttributes& a = read_.attributes;
    a.padding_top = n.padding_top();
    a.padding_right = n.padding_right();
    a.padding_bottom = n.padding_bottom();
    a.padding_left = n.padding_left();
    a.kernel_height = n.kernel_height();
    a.kernel_width = n.kernel_width();
  }

  absl::Status Convolution(DenseKind kind) {
    const auto& n = As<blob::Convolution>();
    graph::DenseAttributes& a = read_.attributes;
    Window(n);
    a.stride_height = n.stride_height();
    a.stride_width = n.stride_width();
    a.dilation_height = n.dilation_height();
    a.dilation_width = n.dilation_width();
    a.groups = n.groups();
    a.group_input_channels = n.group_input_channels();
    a.group_output_channels = n.group_output_channels();
    a.adjustment_height = n.adjustment_height();
    a.adjustment_width = n.adjustment_width();
    return Finish(kind, {n.input(), n.filter(), n.bias()}, {n.output()}, n.flags());
  }

  absl::Status DepthwiseConvolution() {
    ETD_RETURN_IF_ERROR(Convolution(DenseKind::kDepthwiseConvolution));
    // Files may count all channels of a group; what matters is how many results one channel has.
    graph::DenseAttributes& a = read_.attributes;
    if (a.group_input_channels == 0) return InvalidArgument("no input channels");
    a.group_output_channels /= a.group_input_channels;
    a.group_input_channels = 1;
    return absl::OkStatus();
  }

  absl::Status Pooling(DenseKind kind) {
    const auto& n = As<blob::Pooling>();
    Window(n);
    read_.attributes.stride_height = n.stride_height();
    read_.attributes.stride_width = n.stride_width();
    // Averages are never dilated; files have zeros there.
    if (kind == DenseKind::kMaxPooling) {
      read_.attributes.dilation_height = n.dilation_height();
      read_.attributes.dilation_width = n.dilation_width();
    }
    return Simple(kind, n);
  }

  absl::Status ArgMaxPooling() {
    const auto& n = As<blob::ArgMaxPooling>();
    Window(n);
    // Windows lie side by side.
    read_.attributes.stride_height = n.kernel_height();
    read_.attributes.stride_width = n.kernel_width();
    return Finish(DenseKind::kArgMaxPooling, {n.input()}, {n.output_value(), n.output_index()}, n.flags());
  }

  const blob::Node& node_;
  const ValueIds& ids_;
  FragmentNode read_;
};

}  // namespace

absl::StatusOr<FragmentNode> ReadNode(const blob::Node& node, const ValueIds& ids) {
  return NodeReader(node, ids).Read();
}

}  // namespace etd::xnnpack
