#include "runtime/graph/passes/simplify.h"

#include <gtest/gtest.h>

#include "tests/unit/runtime/graph/graph_maker.h"

namespace etd::graph {
namespace {

TEST(MergeCommonNodes, EqualWorkIsDoneOnce) {
  GraphMaker m;
  const ValueId x = m.Input({4});
  const ValueId a = m.Tensor({4});
  const ValueId b = m.Tensor({4});
  const ValueId out = m.Tensor({4});
  m.Call("aten::neg.out", {x, a});
  m.Call("aten::neg.out", {x, b});
  m.Call("aten::mul.out", {a, b, out});
  m.graph.outputs = {out};
  MergeCommonNodes(m.graph);
  EXPECT_EQ(m.Count("aten::neg.out"), 1);
  EXPECT_EQ(m.graph.nodes.back().kernel()->arguments[0], m.graph.nodes.back().kernel()->arguments[1]);
}

TEST(MergeCommonNodes, OtherNumbersAreOtherWork) {
  GraphMaker m;
  const ValueId x = m.Input({4});
  const ValueId a = m.Tensor({4});
  const ValueId b = m.Tensor({4});
  m.Call("aten::add.out", {x, x, m.Int(1), a});
  m.Call("aten::add.out", {x, x, m.Int(2), b});
  m.graph.outputs = {a, b};
  MergeCommonNodes(m.graph);
  EXPECT_EQ(m.Count("aten::add.out"), 2);
}

TEST(MergeCommonNodes, ReadsBeforeAndAfterAWriteStayApart) {
  GraphMaker m;
  const ValueId x = m.Input({4});
  const ValueId state = m.State({4});
  const ValueId before = m.Tensor({4});
  const ValueId after = m.Tensor({4});
  m.Call("aten::neg.out", {state, before});
  m.Call("aten::copy_", {state, x, m.Bool(false)});
  m.Call("aten::neg.out", {state, after});
  m.graph.outputs = {before, after};
  MergeCommonNodes(m.graph);
  EXPECT_EQ(m.Count("aten::neg.out"), 2);
}

TEST(MergeCommonNodes, EveryDrawOfRandomNumbersIsAnother) {
  GraphMaker m;
  const ValueId a = m.Tensor({4});
  const ValueId b = m.Tensor({4});
  m.Call("aten::rand.out", {m.Ints({4}), a});
  m.Call("aten::rand.out", {m.Ints({4}), b});
  m.graph.outputs = {a, b};
  MergeCommonNodes(m.graph);
  EXPECT_EQ(m.Count("aten::rand.out"), 2);
}

TEST(RemoveDeadNodes, KeepsWhatReachesOutputsAndState) {
  GraphMaker m;
  const ValueId x = m.Input({4});
  const ValueId state = m.State({4});
  const ValueId used = m.Tensor({4});
  const ValueId unused = m.Tensor({4});
  const ValueId for_state = m.Tensor({4});
  m.Call("aten::neg.out", {x, used});
  m.Call("aten::abs.out", {x, unused});
  m.Call("aten::neg.out", {used, for_state});
  m.Call("aten::copy_", {state, for_state, m.Bool(false)});
  m.graph.outputs = {used};
  RemoveDeadNodes(m.graph);
  EXPECT_EQ(m.Count("aten::abs.out"), 0);
  EXPECT_EQ(m.Count("aten::neg.out"), 2);
  EXPECT_EQ(m.Count("aten::copy_"), 1);
}

}  // namespace
}  // namespace etd::graph
