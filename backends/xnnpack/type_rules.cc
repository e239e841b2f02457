#include "backends/xnnpack/type_rules.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "backends/xnnpack/cpu_features.h"
#include "backends/xnnpack/flags.h"
#include "backends/xnnpack/types.h"
#include "runtime/base/status.h"

namespace etd::xnnpack {
namespace {

using graph::DenseKind;
using graph::DenseType;
using graph::Fragment;
using graph::FragmentNode;
using graph::FragmentValue;

constexpr DenseType F32 = DenseType::kFloat32, F16 = DenseType::kFloat16, BF16 = DenseType::kBFloat16,
                    S32 = DenseType::kInt32, QS8 = DenseType::kQInt8, QU8 = DenseType::kQUInt8,
                    QS32 = DenseType::kQInt32, QC8 = DenseType::kQCInt8, QC32 = DenseType::kQCInt32,
                    QC4 = DenseType::kQCInt4, QB4 = DenseType::kQBInt4, QD8 = DenseType::kQDInt8;

// A product's types; the bias may also be absent.
struct ProductTypes {
  DenseType input, filter, bias, output;
};

constexpr ProductTypes kFullyConnected[] = {
    {F32, F32, F32, F32},  {F16, F16, F16, F16},  {F16, F32, F32, F16}, {F32, QC4, F32, F32},   {F32, QC8, F32, F32},
    {QD8, QC8, F32, F32},  {QD8, QC8, F32, F16},  {QD8, QC4, F32, F32}, {QD8, QC4, F32, F16},   {QD8, QB4, F32, F32},
    {QD8, QB4, F32, F16},  {QS8, QS8, QS32, QS8}, {QU8, QU8, QS32, QU8}, {QS8, QC8, QC32, QS8},
};
constexpr ProductTypes kConvolution[] = {
    {F32, F32, F32, F32},  {F16, F32, F32, F16},  {QD8, QC8, F32, F32},  {QD8, QC8, F32, F16},
    {QS8, QS8, QS32, QS8}, {QU8, QU8, QS32, QU8}, {QS8, QC8, QC32, QS8},
};
constexpr ProductTypes kDepthwise[] = {
    {F32, F32, F32, F32}, {F16, F32, F32, F16}, {QS8, QS8, QS32, QS8}, {QU8, QU8, QS32, QU8}, {QS8, QC8, QC32, QS8},
};
constexpr ProductTypes kTransposed[] = {
    {F32, F32, F32, F32},  {F16, F32, F32, F16},  {QD8, QC8, F32, F32},
    {QS8, QS8, QS32, QS8}, {QU8, QU8, QS32, QU8}, {QS8, QC8, QC32, QS8},
};

struct Types {
  const FragmentNode& node;
  const Fragment& fragment;

  const FragmentValue& value(uint32_t index) const { return fragment.values[index]; }
  const FragmentValue& in(size_t index) const { return value(node.inputs[index]); }
  DenseType out(size_t index = 0) const { return value(node.outputs[index]).type; }

  // All operands have one type, and it is among `types`.
  bool All(std::initializer_list<DenseType> types) const {
    const auto same = [&](uint32_t index) { return value(index).type == out(); };
    return std::ranges::find(types, out()) != types.end() && std::ranges::all_of(node.inputs, same);
  }
  bool constant(size_t index) const { return in(index).role == FragmentValue::Role::kConstant; }
};

bool ConvertWorks(DenseType from, DenseType to) {
  static constexpr DenseType kPlain[] = {F32, F16, BF16, S32, QS8, QU8};
  const auto plain = [&](DenseType type) { return std::ranges::find(kPlain, type) != std::end(kPlain); };
  if (to == QD8) return from == F32 || from == F16;
  return plain(from) && plain(to);
}

// Rows of a dynamically quantised input as the operator expects them, and channels where it looks for scales.
bool LayoutFits(const Types& types, int32_t row_dims, int32_t channel_dim) {
  const FragmentValue &input = types.in(0), &filter = types.in(1);
  if (input.type == QD8 && input.quantization.row_dims != row_dims) return false;
  if ((IsPerChannel(filter.type) || filter.type == QB4) && filter.quantization.channel_dim != channel_dim) return false;
  return types.node.inputs.size() < 3 || types.in(2).type != QC32 || types.in(2).quantization.channel_dim == 0;
}

bool ProductWorks(const Types& types, std::span<const ProductTypes> table) {
  const bool bias = types.node.inputs.size() > 2;
  return std::ranges::any_of(table, [&](const ProductTypes& row) {
    return types.in(0).type == row.input && types.in(1).type == row.filter && types.out() == row.output &&
           (!bias || types.in(2).type == row.bias);
  });
}

bool FullyConnectedWorks(const Types& types) {
  const bool transposed = (types.node.attributes.flags & kTransposeWeights) != 0;
  if (transposed && IsFourBit(types.in(1).type)) return false;
  const bool fixed = types.constant(1) && (types.node.inputs.size() < 3 || types.constant(2));
  if (!fixed && !types.All({F32})) return false;
  return ProductWorks(types, kFullyConnected) && LayoutFits(types, 1, transposed ? 1 : 0);
}

bool ConvolutionWorks(const Types& types, std::span<const ProductTypes> table, int32_t channel_dim) {
  for (size_t i = 1; i < types.node.inputs.size(); ++i) {
    if (!types.constant(i)) return false;
  }
  return ProductWorks(types, table) && LayoutFits(types, 3, channel_dim);
}

bool Works(const Types& types) {
  switch (types.node.kind) {
    case DenseKind::kConvert: return ConvertWorks(types.in(0).type, types.out());
    case DenseKind::kFullyConnected: return FullyConnectedWorks(types);
    case DenseKind::kConvolution: return ConvolutionWorks(types, kConvolution, 0);
    case DenseKind::kDepthwiseConvolution: return ConvolutionWorks(types, kDepthwise, 3);
    case DenseKind::kTransposedConvolution: return ConvolutionWorks(types, kTransposed, 0);
    case DenseKind::kBatchMatrixMultiply:
    case DenseKind::kSoftmax:
    case DenseKind::kAveragePooling: return types.All({F32, F16});
    case DenseKind::kCopySign:
    case DenseKind::kSquaredDifference: return types.All({F32});
    case DenseKind::kTanhGelu: return false;
    case DenseKind::kArgMaxPooling: return types.in(0).type == F32 && types.out(0) == F32 && types.out(1) == S32;
    default: return types.All({F32, F16, QS8, QU8});
  }
}

// Nodes whose results XNNPACK can limit to a range on the way.
bool TakesRange(DenseKind kind) {
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
    case DenseKind::kClamp:
    case DenseKind::kFullyConnected:
    case DenseKind::kConvolution:
    case DenseKind::kDepthwiseConvolution:
    case DenseKind::kTransposedConvolution:
    case DenseKind::kMaxPooling:
    case DenseKind::kAveragePooling: return true;
    default: return false;
  }
}

}  // namespace

bool MovesElements(DenseKind kind) {
  switch (kind) {
    case DenseKind::kStaticTranspose:
    case DenseKind::kStaticReshape:
    case DenseKind::kStaticSlice:
    case DenseKind::kStaticPad:
    case DenseKind::kConcatenate:
    case DenseKind::kCopy: return true;
    default: return false;
  }
}

absl::Status CheckTypes(const FragmentNode& node, const Fragment& fragment) {
  const Types types{node, fragment};
  if (!Works(types)) {
    std::vector<std::string_view> names;
    for (const uint32_t input : node.inputs) names.push_back(TypeName(fragment.values[input].type));
    return Unimplemented("XNNPACK has no {} of {} to {} with these layouts, roles and flags",
                         graph::DenseKindName(node.kind), fmt::join(names, ", "), TypeName(types.out()));
  }
  const graph::DenseAttributes unlimited;
  if (!TakesRange(node.kind) && (node.attributes.output_min != unlimited.output_min ||
                                 node.attributes.output_max != unlimited.output_max)) {
    return Unimplemented("XNNPACK can't limit the results of {} to a range", graph::DenseKindName(node.kind));
  }
  if (node.kind == DenseKind::kFullyConnected && types.in(1).type == QB4 && !HasBlockwiseKernels()) {
    return Unimplemented(
        "weights of 4 bits in blocks need a processor with AVX2; export the model with 8-bit or per-channel weights");
  }
  return absl::OkStatus();
}

}  // namespace etd::xnnpack
