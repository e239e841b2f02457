#include "runtime/graph/fragment.h"

namespace etd::graph {

std::string_view DenseKindName(DenseKind kind) {
  switch (kind) {
    case DenseKind::kAdd: return "Add";
    case DenseKind::kSubtract: return "Subtract";
    case DenseKind::kMultiply: return "Multiply";
    case DenseKind::kDivide: return "Divide";
    case DenseKind::kMinimum: return "Minimum";
    case DenseKind::kMaximum: return "Maximum";
    case DenseKind::kSquaredDifference: return "SquaredDifference";
    case DenseKind::kCopySign: return "CopySign";
    case DenseKind::kPReLU: return "PReLU";
    case DenseKind::kAbs: return "Abs";
    case DenseKind::kBankersRounding: return "BankersRounding";
    case DenseKind::kCeiling: return "Ceiling";
    case DenseKind::kClamp: return "Clamp";
    case DenseKind::kCopy: return "Copy";
    case DenseKind::kConvert: return "Convert";
    case DenseKind::kCos: return "Cos";
    case DenseKind::kElu: return "Elu";
    case DenseKind::kExp: return "Exp";
    case DenseKind::kFloor: return "Floor";
    case DenseKind::kGelu: return "Gelu";
    case DenseKind::kTanhGelu: return "TanhGelu";
    case DenseKind::kHardswish: return "Hardswish";
    case DenseKind::kLeakyRelu: return "LeakyRelu";
    case DenseKind::kLog: return "Log";
    case DenseKind::kNegate: return "Negate";
    case DenseKind::kReciprocalSquareRoot: return "ReciprocalSquareRoot";
    case DenseKind::kSigmoid: return "Sigmoid";
    case DenseKind::kSin: return "Sin";
    case DenseKind::kSquare: return "Square";
    case DenseKind::kSquareRoot: return "SquareRoot";
    case DenseKind::kTanh: return "Tanh";
    case DenseKind::kSoftmax: return "Softmax";
    case DenseKind::kStaticTranspose: return "StaticTranspose";
    case DenseKind::kStaticReshape: return "StaticReshape";
    case DenseKind::kStaticSlice: return "StaticSlice";
    case DenseKind::kStaticPad: return "StaticPad";
    case DenseKind::kStaticResizeBilinear: return "StaticResizeBilinear";
    case DenseKind::kConcatenate: return "Concatenate";
    case DenseKind::kFullyConnected: return "FullyConnected";
    case DenseKind::kBatchMatrixMultiply: return "BatchMatrixMultiply";
    case DenseKind::kConvolution: return "Convolution";
    case DenseKind::kDepthwiseConvolution: return "DepthwiseConvolution";
    case DenseKind::kTransposedConvolution: return "TransposedConvolution";
    case DenseKind::kMaxPooling: return "MaxPooling";
    case DenseKind::kAveragePooling: return "AveragePooling";
    case DenseKind::kArgMaxPooling: return "ArgMaxPooling";
    case DenseKind::kGlobalAveragePooling: return "GlobalAveragePooling";
  }
  return "unknown";
}

}  // namespace etd::graph
