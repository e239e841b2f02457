// A graph whose rows are analysed with shapes that the test gives.
#ifndef ETD_TESTS_UNIT_RUNTIME_GRAPH_ROWS_FIXTURE_H_
#define ETD_TESTS_UNIT_RUNTIME_GRAPH_ROWS_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "runtime/graph/passes/rows.h"
#include "tests/unit/runtime/graph/graph_maker.h"

namespace etd::graph {

inline constexpr int32_t kRows = 5;

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
    const std::vector<kernel::RowClass> inputs(m_.graph.inputs.size(), kernel::RowClass::Rows(1));
    return AnalyseRows(m_.graph, inputs, values_.get(), row_dims);
  }

  GraphMaker m_;
  const ValueId input_ = m_.Input({1, kRows, 8});
  std::unique_ptr<tensor::Value[]> values_;
};

}  // namespace etd::graph

#endif  // ETD_TESTS_UNIT_RUNTIME_GRAPH_ROWS_FIXTURE_H_
