// A group is fused when it is exactly the formula, and left alone when it nearly is.
#include "runtime/graph/passes/fuse.h"

#include <gtest/gtest.h>

#include "runtime/graph/passes/simplify.h"
#include "tests/unit/runtime/graph/graph_maker.h"

namespace etd::graph {
namespace {

constexpr float kEpsilon[1] = {1e-5f};
constexpr float kWeight[8] = {1, 2, 3, 4, 5, 6, 7, 8};

struct NormChanges {
  int64_t mean_dim = -1;
  bool keep_dim = true;
  bool square_of_another = false;
  bool scale_another = false;
  int64_t add_alpha = 1;
  bool inner_used_outside = false;
  bool weight_on_rows = false;
};

// x · rsqrt(mean(x²) + ε) · w, with something changed.
void BuildNorm(GraphMaker& m, const NormChanges& changes) {
  const ValueId x = m.Input({1, 8, 8});
  const ValueId other = m.Input({1, 8, 8});
  const ValueId square = m.Tensor({1, 8, 8});
  m.Call("aten::mul.out", {x, changes.square_of_another ? other : x, square});
  const ValueId mean = m.Tensor(changes.keep_dim ? std::vector<int32_t>{1, 8, 1} : std::vector<int32_t>{1, 8});
  m.Call("aten::mean.out", {square, m.Ints({changes.mean_dim}), m.Bool(changes.keep_dim), m.None(), mean});
  const ValueId sum = m.Tensor({1, 8, 1});
  m.Call("aten::add.out", {mean, m.Constant({}, kEpsilon), m.Int(changes.add_alpha), sum});
  const ValueId scale = m.Tensor({1, 8, 1});
  m.Call("aten::rsqrt.out", {sum, scale});
  const ValueId scaled = m.Tensor({1, 8, 8});
  m.Call("aten::mul.out", {changes.scale_another ? other : x, scale, scaled});
  const ValueId out = m.Tensor({1, 8, 8});
  const ValueId weight = changes.weight_on_rows ? m.Constant({8, 1}, kWeight) : m.Constant({8}, kWeight);
  m.Call("aten::mul.out", {weight, scaled, out});
  m.graph.outputs = {out};
  if (changes.inner_used_outside) m.graph.outputs.push_back(scaled);
}

int FusedNorms(const NormChanges& changes) {
  GraphMaker maker;
  BuildNorm(maker, changes);
  FuseRmsNorm(maker.graph, maker.registry);
  RemoveDeadNodes(maker.graph);
  if (maker.Count("etd::rms_norm.out") == 1) {
    EXPECT_EQ(maker.graph.nodes.size(), 1u);
  }
  return maker.Count("etd::rms_norm.out");
}

TEST(FuseRmsNorm, TheFormulaIsFused) { EXPECT_EQ(FusedNorms({}), 1); }
TEST(FuseRmsNorm, AnotherDimensionIsNot) { EXPECT_EQ(FusedNorms({.mean_dim = 1}), 0); }
TEST(FuseRmsNorm, ADroppedDimensionIsNot) { EXPECT_EQ(FusedNorms({.keep_dim = false}), 0); }
TEST(FuseRmsNorm, AProductThatIsNoSquareIsNot) { EXPECT_EQ(FusedNorms({.square_of_another = true}), 0); }
TEST(FuseRmsNorm, ScalingSomethingElseIsNot) { EXPECT_EQ(FusedNorms({.scale_another = true}), 0); }
TEST(FuseRmsNorm, AScaledEpsilonIsNot) { EXPECT_EQ(FusedNorms({.add_alpha = 2}), 0); }
TEST(FuseRmsNorm, AnInnerValueInUseIsNot) { EXPECT_EQ(FusedNorms({.inner_used_outside = true}), 0); }
TEST(FuseRmsNorm, AWeightAlongAnotherDimensionIsNot) { EXPECT_EQ(FusedNorms({.weight_on_rows = true}), 0); }

int FusedGates(bool sigmoid_of_another, bool product_in_use, bool broadcast_up) {
  GraphMaker m;
  const ValueId gate = m.Input({1, 4, 6});
  const ValueId up = m.Input(broadcast_up ? std::vector<int32_t>{1, 1, 6} : std::vector<int32_t>{1, 4, 6});
  const ValueId sigmoid = m.Tensor({1, 4, 6});
  m.Call("aten::sigmoid.out", {sigmoid_of_another ? up : gate, sigmoid});
  const ValueId silu = m.Tensor({1, 4, 6});
  m.Call("aten::mul.out", {gate, sigmoid, silu});
  const ValueId out = m.Tensor({1, 4, 6});
  m.Call("aten::mul.out", {silu, up, out});
  m.graph.outputs = {out};
  if (product_in_use) m.graph.outputs.push_back(silu);
  FuseSwiglu(m.graph, m.registry);
  return m.Count("etd::swiglu.out");
}

TEST(FuseSwiglu, TheFormulaIsFused) { EXPECT_EQ(FusedGates(false, false, false), 1); }
TEST(FuseSwiglu, ASigmoidOfSomethingElseIsNot) { EXPECT_EQ(FusedGates(true, false, false), 0); }
TEST(FuseSwiglu, AnInnerValueInUseIsNot) { EXPECT_EQ(FusedGates(false, true, false), 0); }
TEST(FuseSwiglu, ABroadcastFactorIsNot) { EXPECT_EQ(FusedGates(false, false, true), 0); }

struct RotaryChanges {
  bool swap_parts = false;
  int64_t split = 4;
  bool negate_first = false;
  bool table_per_head = false;
  std::vector<int64_t> permutation = {0, 2, 1, 3};
};

int FusedRotary(const RotaryChanges& changes) {
  GraphMaker m;
  const ValueId input = m.Input({1, 5, 3, 8});
  const std::vector<int32_t> table = changes.table_per_head ? std::vector<int32_t>{1, 3, 5, 8} : std::vector<int32_t>{1, 1, 5, 8};
  const ValueId cos = m.Input(table);
  const ValueId sin = m.Input(table);
  const ValueId x = m.Tensor({1, 3, 5, 8});
  m.Call("aten::permute_copy.out", {input, m.Ints({0, 2, 1, 3}), x});
  const ValueId first = m.Tensor({1, 3, 5, 4});
  const ValueId second = m.Tensor({1, 3, 5, 4});
  m.Call("aten::slice_copy.Tensor_out", {x, m.Int(3), m.Int(0), m.Int(changes.split), m.Int(1), first});
  m.Call("aten::slice_copy.Tensor_out", {x, m.Int(3), m.Int(changes.split), m.Int(INT64_MAX), m.Int(1), second});
  const ValueId negated = m.Tensor({1, 3, 5, 4});
  m.Call("aten::neg.out", {changes.negate_first ? first : second, negated});
  const ValueId other = changes.negate_first ? second : first;
  const ValueId rotated = m.Tensor({1, 3, 5, 8});
  m.Call("aten::cat.out", {changes.swap_parts ? m.Tensors({other, negated}) : m.Tensors({negated, other}), m.Int(-1), rotated});
  const ValueId by_cos = m.Tensor({1, 3, 5, 8});
  const ValueId by_sin = m.Tensor({1, 3, 5, 8});
  m.Call("aten::mul.out", {x, cos, by_cos});
  m.Call("aten::mul.out", {rotated, sin, by_sin});
  const ValueId sum = m.Tensor({1, 3, 5, 8});
  m.Call("aten::add.out", {by_cos, by_sin, m.Int(1), sum});
  const ValueId out = m.Tensor({1, 5, 3, 8});
  m.Call("aten::permute_copy.out", {sum, m.Ints(changes.permutation), out});
  m.graph.outputs = {out};
  FuseRotary(m.graph, m.registry);
  RemoveDeadNodes(m.graph);
  if (m.Count("etd::rotary.out") == 1) {
    EXPECT_EQ(m.graph.nodes.size(), 1u);
  }
  return m.Count("etd::rotary.out");
}

TEST(FuseRotary, TheFormulaIsFused) { EXPECT_EQ(FusedRotary({}), 1); }
TEST(FuseRotary, PartsInTheOtherOrderAreNot) { EXPECT_EQ(FusedRotary({.swap_parts = true}), 0); }
TEST(FuseRotary, UnequalPartsAreNot) { EXPECT_EQ(FusedRotary({.split = 3}), 0); }
TEST(FuseRotary, TheOtherSignIsNot) { EXPECT_EQ(FusedRotary({.negate_first = true}), 0); }
TEST(FuseRotary, ATableForEachHeadIsNot) { EXPECT_EQ(FusedRotary({.table_per_head = true}), 0); }
TEST(FuseRotary, AnotherLayoutOfTheResultIsNot) { EXPECT_EQ(FusedRotary({.permutation = {0, 2, 3, 1}}), 0); }

}  // namespace
}  // namespace etd::graph
