// Every node kind in the types it can have, against the naive evaluator.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "backends/xnnpack/cpu_features.h"
#include "tests/unit/backends/xnnpack/fragment_builder.h"

namespace etd::xnnpack {
namespace {

using graph::DenseAttributes;
using graph::DenseKind;
using graph::DenseType;
using graph::Quantization;

constexpr DenseType F32 = DenseType::kFloat32, F16 = DenseType::kFloat16, BF16 = DenseType::kBFloat16,
                    S32 = DenseType::kInt32, QS8 = DenseType::kQInt8, QU8 = DenseType::kQUInt8,
                    QD8 = DenseType::kQDInt8;

// Rounding: of one operation relative to the largest result, for the width of the type's fraction.
double Epsilon(DenseType type) {
  if (type == F16) return 1.0 / 1024;
  if (type == BF16) return 1.0 / 128;
  return 1.0 / (1 << 23);
}

Quantization PerTensor(float scale, int32_t zero_point) {
  Quantization q;
  q.scale = scale;
  q.zero_point = zero_point;
  return q;
}

Quantization Rows(int32_t dims = 1) {
  Quantization q;
  q.row_dims = dims;
  return q;
}

void ExpectNear(const Numbers& got, const Numbers& want, double absolute, double relative) {
  ASSERT_EQ(got.dims, want.dims);
  for (size_t i = 0; i < want.values.size(); ++i) {
    ASSERT_NEAR(got.values[i], want.values[i], absolute + relative * std::abs(want.values[i])) << "element " << i;
  }
}

// Runs the fragment on `inputs` (by external number; entries of outputs are ignored) and compares all outputs.
void Check(const FragmentBuilder& builder, std::vector<Numbers> inputs, double absolute, double relative = 0) {
  const graph::Fragment& fragment = builder.fragment();
  auto compiler = NewCompiler();
  auto region = compiler->Compile(fragment);
  ASSERT_TRUE(region.ok()) << region.status();
  Externals externals(fragment);
  inputs.resize(fragment.external_count);
  for (const graph::FragmentValue& value : fragment.values) {
    if (value.role != graph::FragmentValue::Role::kInput) continue;
    externals.Set(value.external, inputs[value.external]);
    // What the type made of them.
    inputs[value.external] = externals.Get(value.external);
  }
  const absl::Status prepared = (*region)->Prepare(externals.pointers());
  ASSERT_TRUE(prepared.ok()) << prepared;
  const absl::Status ran = (*region)->Run(externals.pointers());
  ASSERT_TRUE(ran.ok()) << ran;
  const std::vector<Numbers> want = Evaluate(fragment, inputs);
  for (const graph::FragmentValue& value : fragment.values) {
    if (value.role != graph::FragmentValue::Role::kOutput) continue;
    SCOPED_TRACE(testing::Message() << "output " << value.external);
    ExpectNear(externals.Get(value.external), want[value.external], absolute, relative);
  }
}

TEST(Unary, AllKinds) {
  struct Case {
    DenseKind kind;
    double low, high;
    double tolerance;  // Of XNNPACK's approximations in f32, relative and absolute.
  };
  const Case cases[] = {
      {DenseKind::kAbs, -4, 4, 0},           {DenseKind::kBankersRounding, -4, 4, 0},
      {DenseKind::kCeiling, -4, 4, 0},       {DenseKind::kCopy, -4, 4, 0},
      {DenseKind::kCos, -4, 4, 1e-6},        {DenseKind::kElu, -4, 4, 1e-6},
      {DenseKind::kExp, -4, 4, 1e-6},        {DenseKind::kFloor, -4, 4, 0},
      {DenseKind::kGelu, -4, 4, 2e-6},       {DenseKind::kHardswish, -4, 4, 1e-6},
      {DenseKind::kLeakyRelu, -4, 4, 1e-7},  {DenseKind::kLog, 0.1, 4, 1e-6},
      {DenseKind::kNegate, -4, 4, 0},        {DenseKind::kReciprocalSquareRoot, 0.1, 4, 1e-6},
      {DenseKind::kSigmoid, -4, 4, 1e-6},    {DenseKind::kSin, -4, 4, 1e-6},
      {DenseKind::kSquare, -4, 4, 1e-6},     {DenseKind::kSquareRoot, 0, 4, 1e-6},
      {DenseKind::kTanh, -4, 4, 1e-6},       {DenseKind::kClamp, -4, 4, 0},
  };
  for (const Case& c : cases) {
    for (const DenseType type : {F32, F16, BF16}) {
      SCOPED_TRACE(std::string(graph::DenseKindName(c.kind)) + " " + std::to_string(static_cast<int>(type)));
      FragmentBuilder b;
      const uint32_t in = b.Input(type, {3, 37}), out = b.Output(type, {3, 37});
      DenseAttributes attributes;
      attributes.alpha = 0.25;
      if (c.kind == DenseKind::kClamp) {
        attributes.output_min = -1;
        attributes.output_max = 2;
      }
      b.Node(c.kind, {in}, {out}, attributes);
      // Steps jump where rounding of the input does; everything else is smooth.
      const double rounding = type == F32 ? c.tolerance : c.tolerance == 0 ? 0 : 2 * Epsilon(type);
      Check(b, {RandomNumbers({3, 37}, 1, c.low, c.high)}, rounding, rounding);
    }
  }
}

TEST(Unary, QuantisedStaysOnTheOutputsGrid) {
  for (const DenseType type : {QS8, QU8}) {
    const int32_t middle = type == QS8 ? 0 : 128;
    FragmentBuilder b;
    const uint32_t in = b.Input(type, {5, 19}, PerTensor(0.05f, middle));
    const uint32_t out = b.Output(type, {5, 19}, PerTensor(0.01f, middle));
    b.Node(DenseKind::kTanh, {in}, {out});
    Check(b, {RandomNumbers({5, 19}, 2, -4, 4)}, 0.0101);  // One step.
  }
}

TEST(Convert, BetweenAllTypes) {
  const DenseType types[] = {F32, F16, BF16, S32, QS8, QU8};
  for (const DenseType from : types) {
    for (const DenseType to : types) {
      SCOPED_TRACE(static_cast<int>(from) * 100 + static_cast<int>(to));
      const auto quantization = [](DenseType type) { return PerTensor(0.5f, type == QU8 ? 100 : 3); };
      FragmentBuilder b;
      const uint32_t in = b.Input(from, {2, 21}, quantization(from)), out = b.Output(to, {2, 21}, quantization(to));
      b.Node(DenseKind::kConvert, {in}, {out});
      // Multiples of the grid, so that every type holds them exactly; int32 drops or rounds halves.
      Numbers numbers = RandomNumbers({2, 21}, 3, -20, 20);
      for (double& value : numbers.values) value = std::nearbyint(value);
      Check(b, {numbers}, 0);
    }
  }
}

TEST(Binary, AllKindsBroadcast) {
  const DenseKind kinds[] = {DenseKind::kAdd,     DenseKind::kSubtract, DenseKind::kMultiply,
                             DenseKind::kDivide,  DenseKind::kMinimum,  DenseKind::kMaximum,
                             DenseKind::kCopySign, DenseKind::kPReLU,   DenseKind::kSquaredDifference};
  const std::pair<Dims, Dims> shapes[] = {{{2, 3, 17}, {2, 3, 17}}, {{2, 3, 17}, {17}},      {{3, 1}, {2, 3, 17}},
                                          {{2, 1, 17}, {1, 3, 1}},  {{1}, {4, 5}},           {{2, 2, 1, 3}, {5, 1}}};
  for (const DenseKind kind : kinds) {
    for (const auto& [left, right] : shapes) {
      for (const DenseType type : {F32, F16, BF16}) {
        if (type != F32 && (kind == DenseKind::kCopySign || kind == DenseKind::kSquaredDifference)) continue;
        SCOPED_TRACE(std::string(graph::DenseKindName(kind)) + " " + std::to_string(static_cast<int>(type)));
        FragmentBuilder b;
        const uint32_t in1 = b.Input(type, left), in2 = b.Input(type, right);
        const uint32_t out = b.Output(type, Dims(std::max(left.size(), right.size()), 1));
        b.Node(kind, {in1, in2}, {out});
        // f16 and bf16 round inputs, which Check allows for, and the result; a squared difference rounds twice.
        Check(b, {RandomNumbers(left, 4), RandomNumbers(right, 5, 0.5, 2)}, 0, 2 * Epsilon(type));
      }
    }
  }
}

TEST(Binary, RangesConstantsAndQuantisedValues) {
  DenseAttributes limited;
  limited.output_min = -0.25;
  limited.output_max = 0.5;
  FragmentBuilder b;
  const uint32_t in = b.Input(F32, {4, 9}), out = b.Output(F32, {4, 9});
  b.Node(DenseKind::kAdd, {in, b.Constant(F32, RandomNumbers({9}, 6))}, {out}, limited);
  Check(b, {RandomNumbers({4, 9}, 7)}, 1e-6);
  for (const DenseKind kind : {DenseKind::kAdd, DenseKind::kMultiply, DenseKind::kSubtract, DenseKind::kMaximum}) {
    FragmentBuilder q;
    const uint32_t a = q.Input(QS8, {4, 9}, PerTensor(0.02f, 1)), c = q.Input(QS8, {4, 9}, PerTensor(0.01f, -3));
    q.Node(kind, {a, c}, {q.Output(QS8, {4, 9}, PerTensor(0.03f, 5))});
    Check(q, {RandomNumbers({4, 9}, 8), RandomNumbers({4, 9}, 9)}, 0.0301);  // One step.
  }
}

TEST(Softmax, RowsInEveryType) {
  for (const DenseType type : {F32, F16, BF16}) {
    FragmentBuilder b;
    const uint32_t in = b.Input(type, {3, 29}), out = b.Output(type, {3, 29});
    b.Node(DenseKind::kSoftmax, {in}, {out});
    // The f16 kernel flushes what f16 can't hold as a normal number.
    Check(b, {RandomNumbers({3, 29}, 10, -6, 6)}, type == F16 ? 6.2e-5 : 0, type == F32 ? 2e-6 : 4 * Epsilon(type));
  }
  FragmentBuilder b;
  const uint32_t in = b.Input(QS8, {3, 29}, PerTensor(0.05f, 0));
  b.Node(DenseKind::kSoftmax, {in}, {b.Output(QS8, {3, 29}, PerTensor(1.0f / 256, -128))});
  Check(b, {RandomNumbers({3, 29}, 11, -4, 4)}, 0.0040);  // One step.
}

TEST(Move, EveryKindInEveryType) {
  for (const DenseType type : {F32, F16, BF16, S32, QS8, QU8}) {
    SCOPED_TRACE(static_cast<int>(type));
    const Quantization q = PerTensor(0.5f, type == QU8 ? 128 : 0);
    Numbers numbers = RandomNumbers({2, 3, 4, 5}, 12, -60, 60);
    for (double& value : numbers.values) value = std::nearbyint(value);
    const auto run = [&](DenseKind kind, Dims out_dims, const DenseAttributes& attributes) {
      SCOPED_TRACE(graph::DenseKindName(kind));
      FragmentBuilder b;
      const uint32_t in = b.Input(type, {2, 3, 4, 5}, q);
      b.Node(kind, {in}, {b.Output(type, std::move(out_dims), q)}, attributes);
      Check(b, {numbers}, 0);
    };
    DenseAttributes a;
    a.permutation = {0, 3, 1, 2};
    run(DenseKind::kStaticTranspose, {2, 5, 3, 4}, a);
    a.permutation = {3, 1, 0, 2};
    run(DenseKind::kStaticTranspose, {5, 3, 2, 4}, a);
    a.shape = {6, 0};
    run(DenseKind::kStaticReshape, {6, 20}, a);
    a.offsets = {0, 1, 2, 0};
    a.extents = {0, 2, 1, 4};
    run(DenseKind::kStaticSlice, {2, 2, 1, 4}, a);
    a.pad_before = {0, 1, 0, 2};
    a.pad_after = {1, 0, 0, 3};
    a.pad_value = 3;
    run(DenseKind::kStaticPad, {3, 4, 4, 10}, a);
    run(DenseKind::kCopy, {2, 3, 4, 5}, {});
  }
}

TEST(Move, Concatenation) {
  for (const DenseType type : {F32, F16, BF16, S32, QS8}) {
    for (size_t count = 2; count <= 5; ++count) {
      for (const int32_t axis : {0, 1, 2}) {
        FragmentBuilder b;
        std::vector<uint32_t> inputs;
        std::vector<Numbers> numbers;
        for (size_t i = 0; i < count; ++i) {
          Dims dims = {2, 3, 4};
          dims[static_cast<size_t>(axis)] = static_cast<int32_t>(i) + 1;
          inputs.push_back(b.Input(type, dims, PerTensor(1, 0)));
          numbers.push_back(RandomNumbers(dims, static_cast<uint32_t>(i), -60, 60));
          for (double& value : numbers.back().values) value = std::nearbyint(value);
        }
        DenseAttributes a;
        a.axis = axis;
        b.Node(DenseKind::kConcatenate, inputs, {b.Output(type, {1, 1, 1}, PerTensor(1, 0))}, a);
        Check(b, numbers, 0);
      }
    }
  }
}

// Adds a product over `weights` and checks it for several numbers of rows.
void CheckFullyConnected(DenseType activation, DenseType weights, DenseType output, int32_t k, int32_t n, bool bias,
                         uint32_t flags, double tolerance) {
  for (const int32_t rows : {1, 2, 3, 7, 16, 17}) {
    SCOPED_TRACE(testing::Message() << "rows " << rows << " k " << k << " n " << n);
    const bool dynamic = activation == QD8;
    const DenseType in_type = dynamic ? (output == BF16 ? F32 : output) : activation;
    FragmentBuilder b;
    uint32_t in = b.Input(in_type, {1, rows, k});
    if (dynamic) {
      const uint32_t quantised = b.Internal(QD8, {1, rows, k}, Rows());
      b.Node(DenseKind::kConvert, {in}, {quantised});
      in = quantised;
    }
    const bool transposed = (flags & 1) != 0;
    const Dims dims = transposed ? Dims{k, n} : Dims{n, k};
    std::vector<uint32_t> inputs = {in, b.Weights(weights, RandomNumbers(dims, 20), 32, transposed ? 1 : 0)};
    const bool half = activation == F16 && weights == F16;
    if (bias) inputs.push_back(b.Constant(half ? F16 : F32, RandomNumbers({n}, 21)));
    DenseAttributes a;
    a.flags = flags;
    b.Node(DenseKind::kFullyConnected, inputs, {b.Output(output, {1, rows, n})}, a);
    Check(b, {RandomNumbers({1, rows, k}, 22)}, tolerance, 2 * Epsilon(output));
  }
}

TEST(FullyConnected, Float) {
  // f32 sums of k products of numbers up to 1, in any order.
  for (const uint32_t flags : {0u, 1u}) {
    CheckFullyConnected(F32, F32, F32, 37, 19, true, flags, 37 * 1.2e-7);
    CheckFullyConnected(F32, F32, F32, 64, 33, false, flags, 64 * 1.2e-7);
  }
  // Weights that the file has in f16 or bf16 are exact in f32.
  CheckFullyConnected(F32, F16, F32, 37, 19, true, 0, 37 * 1.2e-7);
  CheckFullyConnected(F32, BF16, F32, 37, 19, true, 0, 37 * 1.2e-7);
  CheckFullyConnected(BF16, BF16, BF16, 37, 19, true, 0, 37 * 1.2e-7);
  // XNNPACK's f16 kernels on x86 sum in f32 and round at the end, but may round partial sums of a row of blocks.
  CheckFullyConnected(F16, F16, F16, 37, 19, true, 0, 37.0 / 2048);
  CheckFullyConnected(F16, F16, F16, 40, 16, false, 0, 40.0 / 2048);
  CheckFullyConnected(F16, F32, F16, 37, 19, true, 0, 37.0 / 1024);
}

TEST(FullyConnected, DynamicallyQuantisedRows) {
  if (!HasBlockwiseKernels()) GTEST_SKIP() << "needs AVX2";
  // One activation of a row may round to the other side of a half: a step is at most 2/255, a weight at most 1.
  const double step = 2.0 / 255 + 1e-4;
  for (const DenseType weights : {DenseType::kQCInt8, DenseType::kQCInt4, DenseType::kQBInt4}) {
    SCOPED_TRACE(static_cast<int>(weights));
    for (const auto& [k, n] : {std::pair{32, 5}, {64, 24}, {96, 49}}) {
      CheckFullyConnected(QD8, weights, F32, k, n, true, 0, step);
      CheckFullyConnected(QD8, weights, F32, k, n, false, 0, step);
    }
    CheckFullyConnected(QD8, weights, F16, 64, 24, true, 0, step + 0.02);
  }
  CheckFullyConnected(QD8, DenseType::kQCInt8, F32, 33, 7, true, 0, step);
  CheckFullyConnected(QD8, DenseType::kQBInt4, BF16, 64, 24, true, 0, step);
}

TEST(FullyConnected, FloatRowsWithIntegerWeights) {
  for (const bool bias : {false, true}) {
    CheckFullyConnected(F32, DenseType::kQCInt8, F32, 40, 9, bias, 0, 1e-5);
    CheckFullyConnected(F32, DenseType::kQCInt4, F32, 40, 10, bias, 0, 1e-5);
  }
}

TEST(FullyConnected, WeightsComputedAtRunTime) {
  for (const DenseType type : {F32, F16}) {
    for (const uint32_t flags : {0u, 1u}) {
      FragmentBuilder b;
      const Dims weights = flags == 1 ? Dims{13, 7} : Dims{7, 13};
      const uint32_t in = b.Input(type, {5, 13}), w = b.Input(type, weights);
      DenseAttributes a;
      a.flags = flags;
      a.output_max = 1.5;
      b.Node(DenseKind::kFullyConnected, {in, w, b.Constant(type, RandomNumbers({7}, 1))}, {b.Output(type, {5, 7})}, a);
      Check(b, {RandomNumbers({5, 13}, 2), RandomNumbers(weights, 3)}, type == F32 ? 2e-6 : 0.01);
    }
  }
}

TEST(FullyConnected, StaticallyQuantised) {
  for (const DenseType weights : {DenseType::kQInt8, DenseType::kQCInt8, DenseType::kQCInt4}) {
    SCOPED_TRACE(static_cast<int>(weights));
    FragmentBuilder b;
    const uint32_t in = b.Input(QS8, {6, 32}, PerTensor(0.01f, 3));
    uint32_t w = 0, bias = 0;
    if (weights == DenseType::kQInt8) {
      w = b.Constant(weights, RandomNumbers({11, 32}, 1), PerTensor(0.01f, 0));
      bias = b.Constant(DenseType::kQInt32, RandomNumbers({11}, 2), PerTensor(0.0001f, 0));
    } else {
      w = b.Weights(weights, RandomNumbers({11, 32}, 1));
      bias = b.Constant(S32, Numbers{{11}, std::vector<double>(11, 100)});
      graph::FragmentValue& value = b.fragment().values[bias];
      value.type = DenseType::kQCInt32;
      for (const float scale : b.fragment().values[w].quantization.channel_scales) {
        value.quantization.channel_scales.push_back(scale * 0.01f);
      }
    }
    b.Node(DenseKind::kFullyConnected, {in, w, bias}, {b.Output(QS8, {6, 11}, PerTensor(0.05f, -7))});
    Check(b, {RandomNumbers({6, 32}, 3)}, 0.0501);  // One step.
  }
}

TEST(FullyConnected, FlattensItsInput) {
  FragmentBuilder b;
  const uint32_t in = b.Input(F32, {2, 3, 4});
  DenseAttributes a;
  a.flags = 4;
  b.Node(DenseKind::kFullyConnected, {in, b.Weights(F32, RandomNumbers({5, 12}, 1))}, {b.Output(F32, {2, 5})}, a);
  Check(b, {RandomNumbers({2, 3, 4}, 2)}, 2e-6);
}

TEST(MatrixProduct, BatchesAndConstants) {
  const std::pair<Dims, Dims> shapes[] = {
      {{3, 5}, {5, 7}}, {{2, 3, 5}, {2, 5, 7}}, {{2, 3, 5}, {1, 5, 7}}, {{2, 3, 4, 5}, {2, 1, 5, 6}}, {{1, 16, 1}, {1, 1, 9}}};
  for (const auto& [left, right] : shapes) {
    for (const DenseType type : {F32, F16, BF16, QS8}) {
      for (const bool constant : {false, true}) {
        SCOPED_TRACE(testing::Message() << static_cast<int>(type) << constant);
        const Quantization q = PerTensor(1.0f / 127, 0);
        FragmentBuilder b;
        const uint32_t a = b.Input(type, left, q);
        const uint32_t c = constant ? b.Constant(type, RandomNumbers(right, 1), q) : b.Input(type, right, q);
        b.Node(DenseKind::kBatchMatrixMultiply, {a, c}, {b.Output(type, Dims(left.size(), 1), PerTensor(0.05f, 0))});
        // XNNPACK's f16 kernels round sums to f16 step by step.
        const double tolerance = type == F32 ? 1e-6 : type == F16 ? 5.0 / 1024 : type == BF16 ? 1e-6 : 0.0501;
        std::vector<Numbers> inputs = {RandomNumbers(left, 2)};
        if (!constant) inputs.push_back(RandomNumbers(right, 1));
        Check(b, inputs, tolerance, type == QS8 ? 0 : 2 * Epsilon(type));
      }
    }
  }
}

TEST(MatrixProduct, TransposedRight) {
  FragmentBuilder b;
  const uint32_t in = b.Input(F32, {2, 3, 5}), right = b.Input(F32, {2, 7, 5});
  DenseAttributes a;
  a.flags = 1;
  b.Node(DenseKind::kBatchMatrixMultiply, {in, right}, {b.Output(F32, {2, 3, 7})}, a);
  Check(b, {RandomNumbers({2, 3, 5}, 1), RandomNumbers({2, 7, 5}, 2)}, 1e-6);
}

struct ConvolutionCase {
  DenseKind kind;
  uint32_t groups, in, out, kernel, stride, dilation, padding, adjustment;
};

DenseAttributes AttributesOf(const ConvolutionCase& c) {
  DenseAttributes a;
  a.groups = c.groups;
  a.group_input_channels = c.in;
  a.group_output_channels = c.out;
  a.kernel_height = a.kernel_width = c.kernel;
  a.stride_height = a.stride_width = c.stride;
  a.dilation_height = a.dilation_width = c.dilation;
  a.padding_top = a.padding_left = a.padding_bottom = a.padding_right = c.padding;
  a.adjustment_height = a.adjustment_width = c.adjustment;
  return a;
}

const ConvolutionCase kConvolutions[] = {
    {DenseKind::kConvolution, 1, 3, 5, 3, 1, 1, 1, 0},  {DenseKind::kConvolution, 1, 4, 8, 1, 1, 1, 0, 0},
    {DenseKind::kConvolution, 2, 3, 5, 3, 2, 1, 1, 0},  {DenseKind::kConvolution, 1, 2, 3, 2, 1, 2, 2, 0},
    {DenseKind::kDepthwiseConvolution, 6, 1, 1, 3, 1, 1, 1, 0}, {DenseKind::kDepthwiseConvolution, 3, 1, 2, 3, 2, 1, 0, 0},
    {DenseKind::kTransposedConvolution, 1, 3, 5, 3, 2, 1, 1, 1}, {DenseKind::kTransposedConvolution, 2, 2, 3, 2, 2, 1, 0, 0},
    {DenseKind::kTransposedConvolution, 1, 2, 3, 3, 1, 2, 1, 0},
};

Dims FilterDims(const ConvolutionCase& c) {
  const auto side = static_cast<int32_t>(c.kernel), channels = static_cast<int32_t>(c.groups * c.out);
  if (c.kind == DenseKind::kDepthwiseConvolution) return {1, side, side, channels};
  return {channels, side, side, static_cast<int32_t>(c.in)};
}

TEST(Convolution, Float) {
  for (const ConvolutionCase& c : kConvolutions) {
    for (const DenseType type : {F32, F16, BF16}) {
      for (const DenseType weights : {F32, type}) {
        if (type == BF16 && weights == F32) continue;
        SCOPED_TRACE(testing::Message() << graph::DenseKindName(c.kind) << " " << static_cast<int>(type));
        const auto channels = static_cast<int32_t>(c.groups * c.in);
        FragmentBuilder b;
        const uint32_t in = b.Input(type, {2, 7, 6, channels});
        const uint32_t filter = b.Constant(weights, RandomNumbers(FilterDims(c), 1));
        const uint32_t bias = b.Constant(weights, RandomNumbers({static_cast<int32_t>(c.groups * c.out)}, 2));
        DenseAttributes a = AttributesOf(c);
        a.output_min = -2;
        b.Node(c.kind, {in, filter, bias}, {b.Output(type, {1, 1, 1, 1})}, a);
        const double terms = c.kernel * c.kernel * c.in;
        Check(b, {RandomNumbers({2, 7, 6, channels}, 3)}, type == F16 ? terms / 1024 : terms * 2.4e-7,
              type == F32 ? 0 : 2 * Epsilon(type));
      }
    }
  }
}

TEST(Convolution, Quantised) {
  for (const ConvolutionCase& c : kConvolutions) {
    for (const bool dynamic : {false, true}) {
      if (dynamic && c.kind == DenseKind::kDepthwiseConvolution) continue;
      SCOPED_TRACE(testing::Message() << graph::DenseKindName(c.kind) << dynamic);
      const auto channels = static_cast<int32_t>(c.groups * c.in);
      const Dims dims = {2, 7, 6, channels};
      FragmentBuilder b;
      uint32_t in = dynamic ? b.Input(F32, dims) : b.Input(QS8, dims, PerTensor(0.01f, 2));
      if (dynamic) {
        const uint32_t quantised = b.Internal(QD8, dims, Rows(3));
        b.Node(DenseKind::kConvert, {in}, {quantised});
        in = quantised;
      }
      const int32_t channel_dim = c.kind == DenseKind::kDepthwiseConvolution ? 3 : 0;
      const uint32_t filter = b.Weights(DenseType::kQCInt8, RandomNumbers(FilterDims(c), 1), 0, channel_dim);
      const uint32_t out = dynamic ? b.Output(F32, {1, 1, 1, 1}) : b.Output(QS8, {1, 1, 1, 1}, PerTensor(0.1f, -5));
      b.Node(c.kind, {in, filter}, {out}, AttributesOf(c));
      Check(b, {RandomNumbers(dims, 3)}, dynamic ? 2.0 / 255 + 1e-4 : 0.1001);  // One step.
    }
  }
}

TEST(Pooling, AllKinds) {
  for (const DenseKind kind : {DenseKind::kMaxPooling, DenseKind::kAveragePooling}) {
    for (const DenseType type : {F32, F16, BF16, QS8}) {
      for (const uint32_t padding : {0u, 1u}) {
        SCOPED_TRACE(testing::Message() << graph::DenseKindName(kind) << " " << static_cast<int>(type));
        const Quantization q = PerTensor(0.02f, 0);
        FragmentBuilder b;
        const uint32_t in = b.Input(type, {2, 7, 8, 5}, q);
        DenseAttributes a;
        a.kernel_height = 3;
        a.kernel_width = 2;
        a.stride_height = 2;
        a.padding_top = padding;
        a.padding_right = padding;
        b.Node(kind, {in}, {b.Output(type, {1, 1, 1, 1}, q)}, a);
        const double rounding = kind == DenseKind::kMaxPooling ? 0 : type == QS8 ? 0.0201 : 4 * Epsilon(type);
        Check(b, {RandomNumbers({2, 7, 8, 5}, 1)}, rounding, 0);
      }
    }
  }
}

TEST(Pooling, WindowsOfOneElement) {
  for (const DenseKind kind : {DenseKind::kMaxPooling, DenseKind::kAveragePooling}) {
    FragmentBuilder b;
    const uint32_t in = b.Input(F32, {1, 3, 4, 5});
    DenseAttributes a;
    a.kernel_height = a.kernel_width = 1;
    b.Node(kind, {in}, {b.Output(F32, {1, 3, 4, 5})}, a);
    Check(b, {RandomNumbers({1, 3, 4, 5}, 1)}, 0);
  }
}

TEST(Pooling, GlobalAverage) {
  for (const DenseType type : {F32, F16, BF16, QS8}) {
    for (const uint32_t flags : {0u, 0x40u}) {
      FragmentBuilder b;
      const Quantization q = PerTensor(0.02f, 0);
      const uint32_t in = b.Input(type, {2, 7, 8, 5}, q);
      DenseAttributes a;
      a.flags = flags;
      b.Node(DenseKind::kGlobalAveragePooling, {in}, {b.Output(type, flags == 0 ? Dims{1, 1} : Dims{1, 1, 1, 1}, q)}, a);
      Check(b, {RandomNumbers({2, 7, 8, 5}, 1)}, type == QS8 ? 0.0201 : 4 * Epsilon(type));
    }
  }
}

TEST(Pooling, ArgMaxWithAndWithoutItsIndex) {
  for (const bool wanted : {true, false}) {
    FragmentBuilder b;
    const uint32_t in = b.Input(F32, {2, 6, 8, 5}), values = b.Output(F32, {1, 1, 1, 1});
    const uint32_t index = wanted ? b.Output(S32, {1, 1, 1, 1}) : b.Internal(S32, {1, 1, 1, 1});
    DenseAttributes a;
    a.kernel_height = a.stride_height = 3;
    a.kernel_width = a.stride_width = 2;
    b.Node(DenseKind::kArgMaxPooling, {in}, {values, index}, a);
    Check(b, {RandomNumbers({2, 6, 8, 5}, 1)}, 0);
  }
}

TEST(Resize, Bilinear) {
  for (const DenseType type : {F32, F16, BF16, QS8}) {
    for (const uint32_t flags : {0u, 8u}) {
      const Quantization q = PerTensor(0.02f, 0);
      FragmentBuilder b;
      const uint32_t in = b.Input(type, {1, 4, 5, 3}, q);
      DenseAttributes a;
      a.shape = {9, 7};
      a.flags = flags;
      b.Node(DenseKind::kStaticResizeBilinear, {in}, {b.Output(type, {1, 9, 7, 3}, q)}, a);
      Check(b, {RandomNumbers({1, 4, 5, 3}, 1)}, type == QS8 ? 0.0201 : type == F32 ? 1e-6 : 3 * Epsilon(type));
    }
  }
}

}  // namespace
}  // namespace etd::xnnpack
