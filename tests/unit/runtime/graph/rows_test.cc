#include "runtime/graph/passes/rows.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "tests/unit/runtime/graph/graph_maker.h"

namespace etd::graph {
namespace {

using kernel::RowClass;

constexpr int32_t kRows = 5;

// A graph whose input 0 is [1, kRows, 8], with rows in dimension 1.
class RowsTest : public ::testing::Test {
 protected:
  ValueId Rows() { return m_.Tensor({1, kRows, 8}); }

  void Neg(ValueId in, ValueId out) { m_.Call("aten::neg.out", {in, out}); }
  void Softmax(ValueId in, int64_t dim, ValueId out) {
    m_.Call("aten::_softmax.out", {in, m_.Int(dim), m_.Bool(false), out});
  }
  // `follows` are the values whose dimension 1 follows the rows.
  RowAnalysis Analyse(const std::vector<ValueId>& follows) {
    values_ = std::make_unique<tensor::Value[]>(m_.graph.values.size());
    for (ValueId id = 0; id < m_.graph.values.size(); ++id) {
      const program::ValueSpec& spec = m_.graph.values[id].spec;
      if (const auto* tensor = std::get_if<program::TensorSpec>(&spec)) {
        values_[id] = tensor::Value::OfTensor(
            tensor::Tensor(tensor->layout.dtype, tensor->layout.sizes, tensor->layout.dim_order, false, nullptr));
      } else if (const auto* number = std::get_if<int64_t>(&spec)) {
        values_[id] = tensor::Value::Int(*number);
      } else if (const auto* truth = std::get_if<bool>(&spec)) {
        values_[id] = tensor::Value::Bool(*truth);
      }
    }
    std::vector<std::optional<int>> row_dims(m_.graph.values.size());
    for (const ValueId id : follows) row_dims[id] = 1;
    const std::vector<RowClass> inputs(m_.graph.inputs.size(), RowClass::Rows(1));
    return AnalyseRows(m_.graph, inputs, values_.get(), row_dims);
  }

  GraphMaker m_;
  const ValueId input_ = m_.Input({1, kRows, 8});
  std::unique_ptr<tensor::Value[]> values_;
};

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
