#include "runtime/graph/passes/stages.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/runtime/graph/rows_fixture.h"

namespace etd::graph {
namespace {

// The operators of a graph in order; a stage is its number.
std::vector<std::string> Names(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) {
    names.push_back(node.stage() != nullptr ? std::to_string(node.stage()->stage)
                                            : std::string(node.kernel()->kernel->name));
  }
  return names;
}

std::vector<ValueId> ValuesOf(const std::vector<RowPort>& ports) {
  std::vector<ValueId> ids;
  for (const RowPort& port : ports) ids.push_back(port.value);
  return ids;
}

class StagesTest : public RowsTest {
 protected:
  absl::StatusOr<StagedGraph> Cut(const std::vector<ValueId>& follows) {
    const RowAnalysis analysis = Analyse(follows);
    return CutStages(m_.graph, analysis, values_.get());
  }
};

TEST_F(StagesTest, WhatMixesRowsIsAStage) {
  const ValueId before = Rows();
  const ValueId mixed = Rows();
  const ValueId out = Rows();
  Neg(input_, before);
  Softmax(before, 1, mixed);
  m_.Call("aten::add.out", {mixed, before, m_.Int(1), out});
  m_.graph.outputs = {out};
  const absl::StatusOr<StagedGraph> cut = Cut({before, mixed, out});
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_EQ(Names(cut->wide), std::vector<std::string>({"aten::neg.out", "0", "aten::add.out"}));
  EXPECT_EQ(Names(cut->segment), std::vector<std::string>({"aten::_softmax.out"}));
  ASSERT_EQ(cut->stages.size(), 1u);
  EXPECT_EQ(ValuesOf(cut->stages[0].reads), std::vector<ValueId>({before}));
  EXPECT_EQ(ValuesOf(cut->stages[0].writes), std::vector<ValueId>({mixed}));
  EXPECT_EQ(cut->segment.inputs, std::vector<ValueId>({before}));
  // A program's bound is one of a segment; a step has rows of several.
  EXPECT_EQ(cut->wide.values[out].tensor()->layout.sizes, std::vector<int32_t>({1, kMaxStepRows, 8}));
  EXPECT_EQ(cut->segment.values[mixed].tensor()->layout.sizes, std::vector<int32_t>({1, kRows, 8}));
}

TEST_F(StagesTest, NodesThatNeedNothingOfAStageGoBeforeIt) {
  const ValueId first = Rows();
  const ValueId other = Rows();
  const ValueId second = Rows();
  const ValueId out = Rows();
  Softmax(input_, 1, first);
  Neg(input_, other);
  Softmax(other, 1, second);
  m_.Call("aten::add.out", {first, second, m_.Int(1), out});
  m_.graph.outputs = {out};
  const absl::StatusOr<StagedGraph> cut = Cut({first, other, second, out});
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_EQ(Names(cut->wide), std::vector<std::string>({"aten::neg.out", "0", "aten::add.out"}));
  EXPECT_EQ(cut->stages[0].end - cut->stages[0].begin, 2u);
}

TEST_F(StagesTest, AStageThatOnlyChangesStateStays) {
  const ValueId state = m_.State({1, kRows, 8});
  const ValueId out = Rows();
  Neg(input_, out);
  m_.Call("aten::copy_", {state, out, m_.Bool(false)});
  m_.graph.outputs = {out};
  const absl::StatusOr<StagedGraph> cut = Cut({out});
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_EQ(Names(cut->wide), std::vector<std::string>({"aten::neg.out", "0"}));
  EXPECT_TRUE(cut->stages[0].writes.empty());
  EXPECT_NE(cut->wide.values[state].origin, GraphValue::Origin::kState);
}

TEST_F(StagesTest, RowsOfAnEarlierStageAreReadWhereTheWideGraphHasThem) {
  const ValueId first = Rows();
  const ValueId between = Rows();
  const ValueId sum = Rows();
  const ValueId second = Rows();
  Softmax(input_, 1, first);
  Neg(first, between);
  m_.Call("aten::add.out", {first, between, m_.Int(1), sum});
  Softmax(sum, 1, second);
  m_.graph.outputs = {second};
  const absl::StatusOr<StagedGraph> cut = Cut({first, between, sum, second});
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_EQ(Names(cut->wide), std::vector<std::string>({"0", "aten::neg.out", "aten::add.out", "1"}));
  EXPECT_EQ(cut->segment.inputs, std::vector<ValueId>({input_, sum}));
}

TEST_F(StagesTest, AGraphThatMixesEverythingIsNotCut) {
  const ValueId out = Rows();
  Softmax(input_, 1, out);
  m_.graph.outputs = {out};
  EXPECT_EQ(Cut({out}).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace etd::graph
