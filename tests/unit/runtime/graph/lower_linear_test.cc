#include "runtime/graph/passes/lower_linear.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "runtime/kernel/q4_layout.h"
#include "tests/unit/runtime/graph/graph_maker.h"

namespace etd::graph {
namespace {

using P = kernel::Parameter;

constexpr int32_t kDepth = 64;
constexpr int32_t kChannels = 24;

// The operators of the pass by their names and parameters, so that the test does not ask for a processor.
const std::array<kernel::Kernel, 3> kOperators = {{
    {.name = "etd::pack_q4.out", .parameters = {P::kTensor, P::kTensor, P::kInt, P::kOut}},
    {.name = "etd::quantize_rows.out", .parameters = {P::kTensor, P::kOut, P::kOut, P::kOut}},
    {.name = "etd::linear_q4.out",
     .parameters = {P::kTensor, P::kTensor, P::kTensor, P::kTensor, P::kOptionalTensor, P::kInt, P::kInt, P::kDouble,
                    P::kDouble, P::kOut}},
}};

class LowerLinearTest : public ::testing::Test {
 protected:
  LowerLinearTest() {
    kernels_.Register(kOperators);
    FragmentValue rows;
    rows.type = DenseType::kQDInt8;
    rows.quantization.row_dims = 1;
    quantized_ = AddDense(rows);
    AddNode({DenseKind::kConvert, {input_}, {quantized_}, {}});
  }

  ValueId AddDense(const FragmentValue& dense) {
    GraphValue value;
    value.dense = dense;
    return m_.graph.AddValue(std::move(value));
  }
  void AddNode(FragmentNode inner) {
    Node node{DenseNode{std::move(inner), nullptr}, {}, {}};
    ConnectNode(m_.graph, node);
    m_.graph.nodes.push_back(std::move(node));
  }

  FragmentValue Weights() {
    FragmentValue weights;
    weights.type = DenseType::kQCInt4;
    weights.role = FragmentValue::Role::kConstant;
    weights.dims = {kChannels, kDepth};
    weights.quantization.zero_point = 8;
    weights.quantization.channel_scales.assign(kChannels, 0.5f);
    weights.data = bytes_;
    return weights;
  }
  FragmentValue BlockWeights(int32_t block) {
    FragmentValue weights = Weights();
    weights.type = DenseType::kQBInt4;
    weights.quantization.channel_scales.clear();
    weights.quantization.block_size = block;
    weights.quantization.block_scales = std::span(block_scales_).first(static_cast<size_t>(kChannels * kDepth / block));
    return weights;
  }
  // A product of the quantised rows.
  ValueId Multiply(const FragmentValue& weights, DenseAttributes attributes = {}) {
    const ValueId out = m_.Tensor({1, 5, kChannels});
    AddNode({DenseKind::kFullyConnected, {quantized_, AddDense(weights)}, {out}, std::move(attributes)});
    m_.graph.outputs.push_back(out);
    return out;
  }
  void Lower() { LowerLinearQ4(m_.graph, kernels_); }
  // Nothing was lowered.
  void ExpectUntouched() {
    Lower();
    for (const Node& node : m_.graph.nodes) EXPECT_NE(node.dense(), nullptr);
  }

  GraphMaker m_;
  kernel::KernelRegistry kernels_;
  std::vector<std::byte> bytes_{kChannels * kDepth / 2};
  std::vector<uint16_t> block_scales_ = std::vector<uint16_t>(kChannels * kDepth / 32, 0x3F80);
  const ValueId input_ = m_.Input({1, 5, kDepth});
  ValueId quantized_ = 0;
};

TEST_F(LowerLinearTest, ProductsThatShareRowsShareTheirQuantisation) {
  const ValueId first = Multiply(Weights());
  Multiply(BlockWeights(32));
  Lower();
  EXPECT_EQ(m_.Count("etd::quantize_rows.out"), 1);
  EXPECT_EQ(m_.Count("etd::pack_q4.out"), 2);
  EXPECT_EQ(m_.Count("etd::linear_q4.out"), 2);
  std::vector<const KernelNode*> products;
  for (const Node& node : m_.graph.nodes) {
    if (node.kernel()->kernel->name == "etd::linear_q4.out") products.push_back(node.kernel());
  }
  EXPECT_EQ(products[0]->arguments.back(), first);
  EXPECT_EQ(products[0]->arguments[0], products[1]->arguments[0]);
  const auto block = [&](size_t i) { return std::get<int64_t>(m_.graph.values[products[i]->arguments[6]].spec); };
  EXPECT_EQ(block(0), 0);
  EXPECT_EQ(block(1), 32);
  const program::TensorSpec* packed = m_.graph.values[products[1]->arguments[3]].tensor();
  EXPECT_EQ(packed->layout.sizes[0], (kernel::Q4Layout{kChannels, kDepth, 32}.bytes()));
}

TEST_F(LowerLinearTest, ClampsBecomeArguments) {
  DenseAttributes attributes;
  attributes.output_min = 0;
  attributes.output_max = 6;
  Multiply(Weights(), attributes);
  Lower();
  const std::vector<ValueId>& arguments = m_.graph.nodes.back().kernel()->arguments;
  EXPECT_EQ(std::get<double>(m_.graph.values[arguments[7]].spec), 0.0);
  EXPECT_EQ(std::get<double>(m_.graph.values[arguments[8]].spec), 6.0);
}

TEST_F(LowerLinearTest, RowsThatSomebodyElseReadsStay) {
  Multiply(Weights());
  FragmentValue eight_bits = Weights();
  eight_bits.type = DenseType::kQCInt8;
  Multiply(eight_bits);
  ExpectUntouched();
}

TEST_F(LowerLinearTest, TransposedWeightsStay) {
  DenseAttributes attributes;
  attributes.flags = 1;
  Multiply(Weights(), attributes);
  ExpectUntouched();
}

TEST_F(LowerLinearTest, OtherZeroPointsStay) {
  FragmentValue weights = Weights();
  weights.quantization.zero_point = 0;
  Multiply(weights);
  ExpectUntouched();
}

TEST_F(LowerLinearTest, BlocksThatNoVectorFitsStay) {
  FragmentValue weights = BlockWeights(32);
  weights.quantization.block_size = 16;
  Multiply(weights);
  ExpectUntouched();
}

TEST_F(LowerLinearTest, ScalesThatDoNotFitStay) {
  FragmentValue weights = Weights();
  weights.quantization.channel_scales.pop_back();
  Multiply(weights);
  ExpectUntouched();
}

TEST_F(LowerLinearTest, NothingHappensWithoutTheOperators) {
  Multiply(Weights());
  LowerLinearQ4(m_.graph, m_.registry);
  for (const Node& node : m_.graph.nodes) EXPECT_NE(node.dense(), nullptr);
}

}  // namespace
}  // namespace etd::graph
