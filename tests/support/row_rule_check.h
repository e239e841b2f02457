// Whether an operator's row rule is true: rows are changed and dropped, and what a row gives must not notice.
#ifndef ETD_TESTS_SUPPORT_ROW_RULE_CHECK_H_
#define ETD_TESTS_SUPPORT_ROW_RULE_CHECK_H_

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/kernel/row_rule.h"
#include "tests/support/tensor_factory.h"

namespace etd::testing {

// A call of one operator for any number of rows. The last argument is the output.
struct RowCall {
  std::string_view name;
  std::vector<kernel::RowClass> classes;
  // The arguments for `rows` rows. What has rows is filled from `random`; what is uniform is the same each time.
  std::function<std::vector<tensor::Value*>(TensorFactory&, int32_t rows, std::mt19937& random)> arguments;
};

// A tensor of random floats or of random numbers below `limit`.
inline tensor::Value* RandomFloats(TensorFactory& factory, const TensorFactory::Sizes& sizes, std::mt19937& random) {
  tensor::Value* value = factory.Empty(tensor::ScalarType::kFloat32, sizes);
  std::uniform_real_distribution<float> distribution(-4, 4);
  for (int64_t i = 0; i < value->tensor().numel(); ++i) value->tensor().data<float>()[i] = distribution(random);
  return value;
}
inline tensor::Value* RandomInts(TensorFactory& factory, const TensorFactory::Sizes& sizes, int64_t limit,
                                 std::mt19937& random) {
  tensor::Value* value = factory.Empty(tensor::ScalarType::kInt64, sizes);
  for (int64_t i = 0; i < value->tensor().numel(); ++i) {
    value->tensor().data<int64_t>()[i] = static_cast<int64_t>(random()) % limit;
  }
  return value;
}

// What the rule claims for a call of `rows` rows, after its prepare.
inline std::optional<kernel::RowClass> ClaimOf(KernelRunner& runner, const RowCall& call, int32_t rows = 5) {
  TensorFactory factory;
  std::mt19937 random(1);
  const std::vector<tensor::Value*> arguments = call.arguments(factory, rows, random);
  const absl::Status status = runner.Run(call.name, arguments);
  EXPECT_TRUE(status.ok()) << call.name << ": " << status;
  const kernel::RowRule rule = runner.Find(call.name)->row_rule;
  return rule == nullptr ? std::nullopt : rule({arguments, call.classes});
}

// Copies row `source_row` of dimension `dim` of one tensor to row `target_row` of another with equal other sizes.
inline void CopyRow(const tensor::Tensor& source, int32_t source_row, int dim, tensor::Tensor& target,
                    int32_t target_row) {
  for (size_t i = 0; i < static_cast<size_t>(source.numel()); ++i) {
    // The coordinate in `dim`, and the same place with the other row.
    size_t rest = i, to = 0;
    bool in_row = false;
    for (int d = source.rank() - 1; d >= 0; --d) {
      size_t coordinate = rest % static_cast<size_t>(source.size(d));
      rest /= static_cast<size_t>(source.size(d));
      if (d == dim) {
        in_row = coordinate == static_cast<size_t>(source_row);
        coordinate = static_cast<size_t>(target_row);
      }
      to += coordinate * static_cast<size_t>(target.stride(d));
    }
    if (!in_row) continue;
    std::memcpy(target.data<std::byte>() + to * target.element_size(),
                source.data<std::byte>() + TensorFactory::OffsetOf(source, i) * source.element_size(),
                source.element_size());
  }
}

// The bytes of one row of an output, in logical order.
inline std::string RowBytes(const tensor::Tensor& tensor, int dim, int32_t row) {
  TensorFactory factory;
  TensorFactory::Sizes sizes(tensor.sizes().begin(), tensor.sizes().end());
  sizes[static_cast<size_t>(dim)] = 1;
  tensor::Tensor& one = factory.Empty(tensor.type(), sizes)->tensor();
  CopyRow(tensor, row, dim, one, 0);
  return {one.data<char>(), one.nbytes()};
}

// Checks that the rule claims `expected` and that it is so.
inline void CheckRowRule(KernelRunner& runner, const RowCall& call, kernel::RowClass expected) {
  SCOPED_TRACE(call.name);
  const std::optional<kernel::RowClass> claim = ClaimOf(runner, call);
  ASSERT_TRUE(claim.has_value()) << "the rule claims nothing";
  ASSERT_EQ(claim->dim, expected.dim);
  ASSERT_TRUE(claim->rows());
  constexpr int32_t kRows = 5;
  TensorFactory factory;
  std::mt19937 random(2);
  const auto original = call.arguments(factory, kRows, random);
  ASSERT_TRUE(runner.Run(call.name, original).ok());
  const tensor::Tensor& expected_out = original.back()->tensor();
  ASSERT_EQ(expected_out.size(claim->dim), kRows);

  // `kept[i]` of the original becomes row i of a step that otherwise holds other rows.
  const auto check = [&](int32_t rows, const std::vector<std::pair<int32_t, int32_t>>& kept) {
    const auto arguments = call.arguments(factory, rows, random);
    for (size_t i = 0; i < call.classes.size(); ++i) {
      if (!call.classes[i].rows()) continue;
      const auto copy = [&](tensor::Value* from, tensor::Value* to) {
        for (const auto& [source, target] : kept) {
          CopyRow(from->tensor(), source, call.classes[i].dim, to->tensor(), target);
        }
      };
      if (original[i]->kind() == tensor::Value::Kind::kTensor) {
        copy(original[i], arguments[i]);
      } else {
        for (size_t j = 0; j < original[i]->items().size(); ++j) {
          copy(original[i]->items()[j], arguments[i]->items()[j]);
        }
      }
    }
    ASSERT_TRUE(runner.Run(call.name, arguments).ok());
    const tensor::Tensor& out = arguments.back()->tensor();
    ASSERT_EQ(out.size(claim->dim), rows);
    for (const auto& [source, target] : kept) {
      EXPECT_EQ(RowBytes(out, claim->dim, target), RowBytes(expected_out, claim->dim, source))
          << "row " << source << " as row " << target << " of " << rows;
    }
  };
  for (int32_t row = 0; row < kRows; ++row) check(kRows, {{row, row}});
  check(2, {{3, 0}, {1, 1}});
  check(1, {{4, 0}});
  check(9, {{0, 8}, {2, 3}});
}

}  // namespace etd::testing

#endif  // ETD_TESTS_SUPPORT_ROW_RULE_CHECK_H_
