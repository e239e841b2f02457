#include "runtime/graph/passes/rows.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/runtime/graph/rows_fixture.h"

namespace etd::graph {
namespace {

using kernel::RowClass;

TEST_F(RowsTest, WhatWorksOnEachRowIsFused) {
  const ValueId negated = Rows();
  const ValueId out = Rows();
  Neg(input_, negated);
  Softmax(negated, 2, out);
  const RowAnalysis analysis = Analyse({});
  EXPECT_EQ(analysis.placements, std::vector<Placement>({Placement::kFused, Placement::kFused}));
  EXPECT_EQ(analysis.classes[out], RowClass::Rows(1));
}

TEST_F(RowsTest, WhatMixesRowsRunsPerSegmentAndGivesRowsAgain) {
  const ValueId mixed = Rows();
  const ValueId out = Rows();
  Softmax(input_, 1, mixed);
  Neg(mixed, out);
  const RowAnalysis analysis = Analyse({mixed, out});
  EXPECT_EQ(analysis.placements, std::vector<Placement>({Placement::kPerSegment, Placement::kFused}));
  EXPECT_EQ(analysis.classes[mixed], RowClass::Rows(1));
  EXPECT_EQ(analysis.classes[out], RowClass::Rows(1));
}

TEST_F(RowsTest, WhatHasNoDimensionOfRowsStaysWithItsSegment) {
  const ValueId mixed = Rows();
  const ValueId out = Rows();
  Softmax(input_, 1, mixed);
  Neg(mixed, out);
  const RowAnalysis analysis = Analyse({});
  EXPECT_EQ(analysis.placements, std::vector<Placement>({Placement::kPerSegment, Placement::kPerSegment}));
  EXPECT_TRUE(analysis.classes[out].segment());
}

TEST_F(RowsTest, StateBelongsToItsSegment) {
  const ValueId state = m_.State({1, kRows, 8});
  const ValueId out = Rows();
  m_.Call("aten::copy_", {state, input_, m_.Bool(false)});
  Neg(state, out);
  const RowAnalysis analysis = Analyse({state, out});
  EXPECT_EQ(analysis.placements, std::vector<Placement>({Placement::kPerSegment, Placement::kPerSegment}));
  EXPECT_TRUE(analysis.classes[state].segment());
  EXPECT_EQ(analysis.classes[out], RowClass::Rows(1));
}

TEST_F(RowsTest, WhatComesBehindTheLastMixtureIsSplitOff) {
  const ValueId before = Rows();
  const ValueId mixed = Rows();
  const ValueId behind = Rows();
  const ValueId out = Rows();
  Neg(input_, before);
  Softmax(before, 1, mixed);
  Neg(mixed, behind);
  m_.Call("aten::add.out", {behind, before, m_.Int(1), out});
  m_.graph.outputs = {out};
  const absl::StatusOr<RowSplit> split = SplitNeededRows(m_.graph, Analyse({before, mixed, behind, out}));
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_EQ(split->body.nodes.size(), 2u);
  EXPECT_EQ(split->tail.nodes.size(), 2u);
  EXPECT_EQ(split->tail.inputs, std::vector<ValueId>({mixed, before}));
  EXPECT_EQ(split->body.outputs, split->tail.inputs);
  EXPECT_EQ(split->row_dims, std::vector<int>({1, 1}));
}

TEST_F(RowsTest, NothingIsSplitOffWhereTheEndMixes) {
  const ValueId mixed = Rows();
  Softmax(input_, 1, mixed);
  m_.graph.outputs = {mixed};
  EXPECT_EQ(SplitNeededRows(m_.graph, Analyse({mixed})).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace etd::graph
