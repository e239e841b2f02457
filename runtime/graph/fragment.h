// A delegate's program in the runtime's own words: what an open delegate's blob becomes when it is read.
//
// Blobs are not black boxes: their nodes become nodes of the method's graph, so that passes can look inside, cut where
// the class of rows changes, and join neighbours. A fragment is the form in which they arrive.
#ifndef ETD_RUNTIME_GRAPH_FRAGMENT_H_
#define ETD_RUNTIME_GRAPH_FRAGMENT_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace etd::graph {

// Element types of a dense value; the quantised ones say how numbers are stored, Quantization says with which scale.
enum class DenseType : uint8_t {
  kFloat32,
  kFloat16,
  kBFloat16,
  kInt32,
  kInt64,          // indices that cross the delegate's border
  kQInt8,          // per tensor
  kQUInt8,         // per tensor
  kQInt32,         // per tensor (bias)
  kQCInt8,         // per channel
  kQCInt32,        // per channel (bias)
  kQCInt4,         // per channel, two to a byte, low nibble first, zero point 8
  kQBInt4,         // per block of a channel, two to a byte, low nibble first, zero point 8
  kQDInt8,         // dynamic, per row
};

struct Quantization {
  float scale = 0;                         // kQInt8, kQUInt8, kQInt32
  int32_t zero_point = 0;                  // kQInt8, kQUInt8, kQCInt4, kQBInt4
  int32_t channel_dim = 0;                 // kQC*, kQBInt4
  std::vector<float> channel_scales;       // kQC*: [channels]
  std::span<const uint16_t> block_scales;  // kQBInt4: [channels, blocks], bfloat16 bits; borrowed from the file
  int32_t block_size = 0;                  // kQBInt4: elements of the inner dimension that share a scale
  int32_t row_dims = 0;                    // kQDInt8: how many innermost dimensions form one row
};

struct FragmentValue {
  enum class Role : uint8_t { kInternal, kConstant, kInput, kOutput };
  DenseType type = DenseType::kFloat32;
  Role role = Role::kInternal;
  std::vector<int32_t> dims;            // upper bound where dynamic; in memory order, outermost first
  Quantization quantization;
  std::span<const std::byte> data;      // kConstant; borrowed from the file, which outlives the fragment
  std::shared_ptr<const void> owned;    // holds data or scales that are not the file's own bytes, else null
  uint32_t external = 0;                // kInput, kOutput: which argument of the delegate call
};

enum class DenseKind : uint8_t {
  // Two inputs, broadcasting. Attributes: output_min/max.
  kAdd, kSubtract, kMultiply, kDivide, kMinimum, kMaximum, kSquaredDifference, kCopySign, kPReLU,
  // One input.
  kAbs, kBankersRounding, kCeiling, kClamp, kCopy, kConvert, kCos, kElu, kExp, kFloor, kGelu, kTanhGelu, kHardswish,
  kLeakyRelu, kLog, kNegate, kReciprocalSquareRoot, kSigmoid, kSin, kSquare, kSquareRoot, kTanh, kSoftmax,
  // Shapes.
  kStaticTranspose, kStaticReshape, kStaticSlice, kStaticPad, kStaticResizeBilinear, kConcatenate,
  // Products: inputs (input, filter, bias) or (a, b).
  kFullyConnected, kBatchMatrixMultiply, kConvolution, kDepthwiseConvolution, kTransposedConvolution,
  // Windows.
  kMaxPooling, kAveragePooling, kArgMaxPooling, kGlobalAveragePooling,
};
// "FullyConnected": for messages and inspect.
std::string_view DenseKindName(DenseKind kind);

// Attributes of a node; only those of its kind mean something.
struct DenseAttributes {
  float output_min = -std::numeric_limits<float>::infinity();
  float output_max = std::numeric_limits<float>::infinity();
  uint32_t flags = 0;                       // XNNPACK's flag bits as stored (1 transposes weights, 0x40 keeps dims, 8 aligns corners)
  float alpha = 0;                          // kElu, kLeakyRelu
  std::vector<uint32_t> permutation;        // kStaticTranspose
  std::vector<uint32_t> shape;              // kStaticReshape (0: taken from the input), kStaticResizeBilinear {height, width}
  std::vector<int64_t> offsets, extents;    // kStaticSlice (extent 0: up to the end)
  std::vector<uint32_t> pad_before, pad_after;
  float pad_value = 0;
  int32_t axis = 0;                         // kConcatenate
  uint32_t padding_top = 0, padding_right = 0, padding_bottom = 0, padding_left = 0;
  uint32_t kernel_height = 0, kernel_width = 0, stride_height = 1, stride_width = 1;
  uint32_t dilation_height = 1, dilation_width = 1;
  uint32_t adjustment_height = 0, adjustment_width = 0;
  uint32_t groups = 1, group_input_channels = 0, group_output_channels = 0;
};

struct FragmentNode {
  DenseKind kind = DenseKind::kCopy;
  std::vector<uint32_t> inputs;   // indices into Fragment::values; a missing bias is left out
  std::vector<uint32_t> outputs;
  DenseAttributes attributes;
};

// Nodes are in an order in which they can run. External arguments are numbered 0…external_count-1.
struct Fragment {
  std::vector<FragmentValue> values;
  std::vector<FragmentNode> nodes;
  uint32_t external_count = 0;
};

}  // namespace etd::graph

#endif  // ETD_RUNTIME_GRAPH_FRAGMENT_H_
