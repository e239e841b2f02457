#include <gtest/gtest.h>

#include <limits>

#include "runtime/kernels/portable/register.h"
#include "tests/support/row_rule_check.h"

namespace etd::kernels {
namespace {

using kernel::RowClass;
using tensor::ScalarType;
using tensor::Value;
using testing::CheckRowRule;
using testing::ClaimOf;
using testing::KernelRunner;
using testing::RandomFloats;
using testing::RandomInts;
using testing::RowCall;
using testing::TensorFactory;
using Arguments = std::vector<Value*>;

const RowClass kUniform = RowClass::Uniform();

class RowRulesTest : public ::testing::Test {
 protected:
  KernelRunner runner_{RegisterPortableKernels, 1};
};

// An operator of one tensor of floats, whose rows lie in dimension `dim` of `sizes` (the number there is replaced), of
// some constants and of an output.
using Constants = std::function<Arguments(TensorFactory&, int32_t rows)>;
RowCall Unary(std::string_view name, TensorFactory::Sizes sizes, int dim, int out_rank, const Constants& constants,
              ScalarType out_type = ScalarType::kFloat32) {
  TensorFactory probe;
  std::vector<RowClass> classes = {RowClass::Rows(dim)};
  classes.resize(1 + constants(probe, 5).size() + 1, kUniform);
  return {name, classes, [=](TensorFactory& factory, int32_t rows, std::mt19937& random) {
            TensorFactory::Sizes actual = sizes;
            actual[static_cast<size_t>(dim)] = rows;
            Arguments arguments = {RandomFloats(factory, actual, random)};
            for (Value* constant : constants(factory, rows)) arguments.push_back(constant);
            arguments.push_back(factory.Out(out_type, out_rank));
            return arguments;
          }};
}

TEST_F(RowRulesTest, Views) {
  const auto view = [](std::vector<int64_t> sizes) {
    return [=](TensorFactory& f, int32_t rows) {
      std::vector<int64_t> actual = sizes;
      for (int64_t& size : actual) size = size == -5 ? rows : size;
      return Arguments{f.Ints(actual)};
    };
  };
  CheckRowRule(runner_, Unary("aten::view_copy.out", {1, 0, 12}, 1, 4, view({1, -5, 3, 4})), RowClass::Rows(1));
  CheckRowRule(runner_, Unary("aten::view_copy.out", {1, 0, 12}, 1, 2, view({-5, 12})), RowClass::Rows(0));
  CheckRowRule(runner_, Unary("aten::view_copy.out", {4, 0, 3}, 1, 4, view({2, 2, -5, 3})), RowClass::Rows(2));
  // Rows that merge with something else have no dimension of their own.
  EXPECT_FALSE(ClaimOf(runner_, Unary("aten::view_copy.out", {2, 0, 3}, 1, 2, view({-1, 3}))).has_value());
  EXPECT_FALSE(ClaimOf(runner_, Unary("aten::view_copy.out", {2, 0, 3}, 1, 3, view({-5, 2, 3}))).has_value());
  // One row can't be told from a dimension of size 1.
  EXPECT_FALSE(ClaimOf(runner_, Unary("aten::view_copy.out", {1, 0, 3}, 1, 2, view({-5, 3})), 1).has_value());

  const auto dim = [](int64_t number) {
    return [=](TensorFactory& f, int32_t) { return Arguments{f.Int(number)}; };
  };
  CheckRowRule(runner_, Unary("aten::unsqueeze_copy.out", {2, 0, 3}, 1, 4, dim(0)), RowClass::Rows(2));
  CheckRowRule(runner_, Unary("aten::unsqueeze_copy.out", {2, 0, 3}, 1, 4, dim(-1)), RowClass::Rows(1));
  CheckRowRule(runner_, Unary("aten::squeeze_copy.dim_out", {1, 0, 3}, 1, 2, dim(0)), RowClass::Rows(0));
  EXPECT_FALSE(ClaimOf(runner_, Unary("aten::squeeze_copy.dim_out", {2, 0, 3}, 1, 3, dim(1))).has_value());
  const auto none = [](TensorFactory&, int32_t) { return Arguments{}; };
  CheckRowRule(runner_, Unary("aten::alias_copy.out", {2, 0, 3}, 1, 3, none), RowClass::Rows(1));
}

TEST_F(RowRulesTest, Expand) {
  const auto to = [](std::vector<int64_t> sizes) {
    return [=](TensorFactory& f, int32_t) { return Arguments{f.Ints(sizes), f.Bool(false)}; };
  };
  CheckRowRule(runner_, Unary("aten::expand_copy.out", {1, 0, 1, 3}, 1, 5, to({2, 4, -1, 5, 3})), RowClass::Rows(2));
  // The row itself is repeated: as many rows as the program says, not as the step has.
  EXPECT_FALSE(ClaimOf(runner_, Unary("aten::expand_copy.out", {0, 3}, 0, 2, to({4, 3})), 1).has_value());
}

TEST_F(RowRulesTest, PermuteSliceSelect) {
  CheckRowRule(runner_, Unary("aten::permute_copy.out", {2, 0, 3}, 1, 3,
                              [](TensorFactory& f, int32_t) { return Arguments{f.Ints({1, 2, 0})}; }),
               RowClass::Rows(0));
  CheckRowRule(runner_, Unary("aten::transpose_copy.int_out", {2, 0, 3}, 1, 3,
                              [](TensorFactory& f, int32_t) { return Arguments{f.Int(1), f.Int(-1)}; }),
               RowClass::Rows(2));
  const auto slice = [](int64_t dim, int64_t start, int64_t end) {
    return [=](TensorFactory& f, int32_t) { return Arguments{f.Int(dim), f.Int(start), f.Int(end), f.Int(1)}; };
  };
  constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
  CheckRowRule(runner_, Unary("aten::slice_copy.Tensor_out", {2, 0, 6}, 1, 3, slice(-1, 2, 5)), RowClass::Rows(1));
  CheckRowRule(runner_, Unary("aten::slice_copy.Tensor_out", {2, 0, 6}, 1, 3, slice(1, 0, kEnd)), RowClass::Rows(1));
  EXPECT_FALSE(ClaimOf(runner_, Unary("aten::slice_copy.Tensor_out", {2, 0, 6}, 1, 3, slice(1, 1, kEnd))).has_value());
  EXPECT_FALSE(ClaimOf(runner_, Unary("aten::slice_copy.Tensor_out", {2, 0, 6}, 1, 3, slice(1, 0, 100))).has_value());
  const auto select = [](int64_t dim, int64_t index) {
    return [=](TensorFactory& f, int32_t) { return Arguments{f.Int(dim), f.Int(index)}; };
  };
  CheckRowRule(runner_, Unary("aten::select_copy.int_out", {2, 0, 3}, 1, 2, select(0, 1)), RowClass::Rows(0));
  CheckRowRule(runner_, Unary("aten::select_copy.int_out", {2, 0, 3}, 1, 2, select(2, -1)), RowClass::Rows(1));
  EXPECT_FALSE(ClaimOf(runner_, Unary("aten::select_copy.int_out", {2, 0, 3}, 1, 2, select(1, -1))).has_value());
}

TEST_F(RowRulesTest, Cat) {
  const auto cat = [](int64_t dim) {
    return RowCall{"aten::cat.out",
                   {RowClass::Rows(1), kUniform, kUniform},
                   [=](TensorFactory& f, int32_t rows, std::mt19937& random) {
                     Value* first = RandomFloats(f, {2, rows, 3}, random);
                     Value* list = f.Tensors({first, RandomFloats(f, {2, rows, 3}, random)});
                     return Arguments{list, f.Int(dim), f.Out(ScalarType::kFloat32, 3)};
                   }};
  };
  CheckRowRule(runner_, cat(-1), RowClass::Rows(1));
  CheckRowRule(runner_, cat(0), RowClass::Rows(1));
  EXPECT_FALSE(ClaimOf(runner_, cat(1)).has_value());
  RowCall stack = cat(0);
  stack.name = "aten::stack.out";
  const auto arguments = stack.arguments;
  stack.arguments = [arguments](TensorFactory& f, int32_t rows, std::mt19937& random) {
    Arguments result = arguments(f, rows, random);
    result[2] = f.Out(ScalarType::kFloat32, 4);
    return result;
  };
  CheckRowRule(runner_, stack, RowClass::Rows(2));
}

TEST_F(RowRulesTest, Embedding) {
  const auto call = [](RowClass weight) {
    return RowCall{"aten::embedding.out",
                   {weight, RowClass::Rows(1), kUniform, kUniform, kUniform, kUniform},
                   [](TensorFactory& f, int32_t rows, std::mt19937& random) {
                     std::mt19937 fixed(3);
                     return Arguments{RandomFloats(f, {7, 4}, fixed),    RandomInts(f, {1, rows}, 7, random),
                                      f.Int(-1),                         f.Bool(false),
                                      f.Bool(false),                     f.Out(ScalarType::kFloat32, 3)};
                   }};
  };
  CheckRowRule(runner_, call(kUniform), RowClass::Rows(1));
  EXPECT_FALSE(ClaimOf(runner_, call(RowClass::Rows(0))).has_value());
}

TEST_F(RowRulesTest, WhereAndReductions) {
  const RowCall where = {"aten::where.self_out",
                         {RowClass::Rows(0), RowClass::Rows(1), kUniform, kUniform},
                         [](TensorFactory& f, int32_t rows, std::mt19937& random) {
                           Value* mask = f.Empty(ScalarType::kBool, {rows, 3});
                           for (int64_t i = 0; i < 3 * rows; ++i) mask->tensor().data<bool>()[i] = random() % 2 == 0;
                           std::mt19937 fixed(3);
                           return Arguments{mask, RandomFloats(f, {2, rows, 3}, random), RandomFloats(f, {3}, fixed),
                                            f.Out(ScalarType::kFloat32, 3)};
                         }};
  CheckRowRule(runner_, where, RowClass::Rows(1));
  const auto reduce = [](int64_t dim, bool keep) {
    return [=](TensorFactory& f, int32_t) { return Arguments{f.Int(dim), f.Bool(keep)}; };
  };
  CheckRowRule(runner_, Unary("aten::argmax.out", {2, 0, 3}, 1, 2, reduce(2, false), ScalarType::kInt64),
               RowClass::Rows(1));
  CheckRowRule(runner_, Unary("aten::argmax.out", {2, 0, 3}, 1, 2, reduce(0, false), ScalarType::kInt64),
               RowClass::Rows(0));
  CheckRowRule(runner_, Unary("aten::any.out", {2, 0, 3}, 1, 3, reduce(0, true), ScalarType::kBool), RowClass::Rows(1));
  EXPECT_FALSE(ClaimOf(runner_, Unary("aten::argmax.out", {2, 0, 3}, 1, 2, reduce(1, false), ScalarType::kInt64))
                   .has_value());
  const auto sum = [](int64_t dim) {
    return [=](TensorFactory& f, int32_t) { return Arguments{f.Int(dim), f.None()}; };
  };
  CheckRowRule(runner_, Unary("aten::cumsum.out", {2, 0, 3}, 1, 3, sum(2)), RowClass::Rows(1));
  EXPECT_FALSE(ClaimOf(runner_, Unary("aten::cumsum.out", {2, 0, 3}, 1, 3, sum(1))).has_value());
}

TEST_F(RowRulesTest, Gather) {
  const auto call = [](int64_t dim, RowClass table) {
    return RowCall{"aten::gather.out",
                   {table, kUniform, RowClass::Rows(0), kUniform, kUniform},
                   [=](TensorFactory& f, int32_t rows, std::mt19937& random) {
                     std::mt19937 fixed(3);
                     Value* in = table.uniform() ? RandomFloats(f, {6, 4}, fixed) : RandomFloats(f, {rows, 4}, random);
                     return Arguments{in, f.Int(dim), RandomInts(f, {rows, 4}, 4, random), f.Bool(false),
                                      f.Out(ScalarType::kFloat32, 2)};
                   }};
  };
  CheckRowRule(runner_, call(1, RowClass::Rows(0)), RowClass::Rows(0));
  CheckRowRule(runner_, call(0, kUniform), RowClass::Rows(0));
  EXPECT_FALSE(ClaimOf(runner_, call(0, RowClass::Rows(0))).has_value());
  EXPECT_FALSE(ClaimOf(runner_, call(1, kUniform)).has_value());
}

TEST_F(RowRulesTest, Rearranging) {
  const auto numbers = [](std::vector<int64_t> list) {
    return [=](TensorFactory& f, int32_t) { return Arguments{f.Ints(list)}; };
  };
  CheckRowRule(runner_, Unary("aten::repeat.out", {0, 3}, 0, 3, numbers({2, 1, 2})), RowClass::Rows(1));
  EXPECT_FALSE(ClaimOf(runner_, Unary("aten::repeat.out", {0, 3}, 0, 2, numbers({2, 1}))).has_value());
  CheckRowRule(runner_, Unary("aten::flip.out", {0, 3}, 0, 2, numbers({1})), RowClass::Rows(0));
  EXPECT_FALSE(ClaimOf(runner_, Unary("aten::flip.out", {0, 3}, 0, 2, numbers({0}))).has_value());
  const auto pad = [](std::vector<int64_t> list) {
    return [=](TensorFactory& f, int32_t) { return Arguments{f.Ints(list), f.Double(1)}; };
  };
  CheckRowRule(runner_, Unary("aten::constant_pad_nd.out", {0, 3}, 0, 2, pad({1, 2})), RowClass::Rows(0));
  EXPECT_FALSE(ClaimOf(runner_, Unary("aten::constant_pad_nd.out", {0, 3}, 0, 2, pad({0, 0, 1, 0}))).has_value());
}

}  // namespace
}  // namespace etd::kernels
