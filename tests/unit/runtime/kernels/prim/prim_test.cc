#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/kernels/prim/register.h"
#include "tests/support/tensor_factory.h"

namespace etd::kernels {
namespace {

using ::testing::ElementsAre;
using tensor::ScalarType;
using tensor::Value;
using testing::Elements;
using testing::SizesOf;

constexpr int64_t kSmallest = std::numeric_limits<int64_t>::min();

class PrimTest : public ::testing::Test {
 protected:
  ~PrimTest() override { EXPECT_TRUE(f_.GuardsIntact()); }

  void Run(std::string_view name, std::vector<Value*> arguments) {
    const absl::Status status = runner_.Run(name, arguments);
    ASSERT_TRUE(status.ok()) << name << ": " << status;
  }
  void Refuse(std::string_view name, std::vector<Value*> arguments) {
    EXPECT_EQ(runner_.Run(name, arguments).code(), absl::StatusCode::kInvalidArgument) << name;
  }
  int64_t Ints(std::string_view name, int64_t a, int64_t b) {
    Value* out = f_.Int(-99);
    Run(name, {f_.Int(a), f_.Int(b), out});
    return out->integer();
  }
  double Doubles(std::string_view name, double a, double b) {
    Value* out = f_.Double(-99);
    Run(name, {f_.Double(a), f_.Double(b), out});
    return out->floating();
  }

  testing::TensorFactory f_;
  testing::KernelRunner runner_{RegisterPrimKernels, 1};
};

TEST_F(PrimTest, Arithmetic) {
  EXPECT_EQ(Ints("executorch_prim::add.Scalar", 2, 3), 5);
  EXPECT_EQ(Ints("executorch_prim::floordiv.Scalar", -7, 2), -4);
  EXPECT_EQ(Ints("executorch_prim::floordiv.Scalar", -8, 2), -4);
  EXPECT_EQ(Ints("executorch_prim::floordiv.int", -7, 2), -3) << "C's division";
  EXPECT_EQ(Ints("executorch_prim::mod.Scalar", -7, 2), -1) << "C's remainder";
  EXPECT_EQ(Ints("executorch_prim::sym_max.Scalar", -7, 2), 2);
  EXPECT_EQ(Doubles("executorch_prim::floordiv.Scalar", -7, 2), -4);
  EXPECT_EQ(Doubles("executorch_prim::floordiv.Scalar", -7, 0), -std::numeric_limits<double>::infinity());
  Value* quotient = f_.Double(0);
  Run("executorch_prim::truediv.Scalar", {f_.Int(1), f_.Int(4), quotient});
  EXPECT_EQ(quotient->floating(), 0.25);
  Value* mixed = f_.Double(0);
  Run("executorch_prim::mul.Scalar", {f_.Int(3), f_.Double(0.5), mixed});
  EXPECT_EQ(mixed->floating(), 1.5);
}

TEST_F(PrimTest, WhatDoesNotFitIsAnError) {
  Refuse("executorch_prim::add.Scalar", {f_.Int(std::numeric_limits<int64_t>::max()), f_.Int(1), f_.Int(0)});
  Refuse("executorch_prim::sub.Scalar", {f_.Int(kSmallest), f_.Int(1), f_.Int(0)});
  Refuse("executorch_prim::floordiv.Scalar", {f_.Int(1), f_.Int(0), f_.Int(0)});
  Refuse("executorch_prim::floordiv.int", {f_.Int(kSmallest), f_.Int(-1), f_.Int(0)});
  Refuse("executorch_prim::mod.int", {f_.Int(kSmallest), f_.Int(-1), f_.Int(0)});
  Refuse("executorch_prim::neg.Scalar", {f_.Int(kSmallest), f_.Int(0)});
  Refuse("executorch_prim::trunc.Scalar", {f_.Double(NAN), f_.Int(0)});
  Refuse("executorch_prim::sym_int.Scalar", {f_.Double(1e300), f_.Int(0)});
  Refuse("executorch_prim::add.Scalar", {f_.Double(0.5), f_.Int(1), f_.Int(0)});
  Refuse("executorch_prim::add.Scalar", {f_.Bool(true), f_.Int(1), f_.Int(0)});
  Value* whole = f_.Int(0);
  Run("executorch_prim::add.Scalar", {f_.Double(0.5), f_.Double(1.5), whole});
  EXPECT_EQ(whole->integer(), 2) << "the kind of the output stays";
}

TEST_F(PrimTest, RoundingAndComparison) {
  const auto rounded = [&](std::string_view name, double value) {
    Value* out = f_.Int(0);
    Run(name, {f_.Double(value), out});
    return out->integer();
  };
  EXPECT_EQ(rounded("executorch_prim::round.Scalar", 2.5), 2);
  EXPECT_EQ(rounded("executorch_prim::round.Scalar", 3.5), 4);
  EXPECT_EQ(rounded("executorch_prim::round.Scalar", -2.5), -2);
  EXPECT_EQ(rounded("executorch_prim::round.Scalar", -0.5), 0);
  EXPECT_EQ(rounded("executorch_prim::round.Scalar", 2.6), 3);
  EXPECT_EQ(rounded("executorch_prim::ceil.Scalar", -2.5), -2);
  EXPECT_EQ(rounded("executorch_prim::trunc.Scalar", -2.5), -2);
  Value* flag = f_.Bool(false);
  Run("executorch_prim::lt.Scalar", {f_.Int(1), f_.Double(1.5), flag});
  EXPECT_TRUE(flag->boolean());
  Run("executorch_prim::eq.Scalar", {f_.Bool(true), f_.Bool(false), flag});
  EXPECT_FALSE(flag->boolean());
  Run("executorch_prim::sym_not.Scalar", {f_.Bool(false), flag});
  EXPECT_TRUE(flag->boolean());
  Value* chosen = f_.Int(0);
  Run("executorch_prim::sym_ite.Scalar", {f_.Bool(false), f_.Int(1), f_.Int(2), chosen});
  EXPECT_EQ(chosen->integer(), 2);
}

TEST_F(PrimTest, ALoopCounterIsItsOwnOutput) {
  Value* counter = f_.Int(0);
  for (int i = 0; i < 3; ++i) Run("executorch_prim::add.Scalar", {counter, f_.Int(1), counter});
  EXPECT_EQ(counter->integer(), 3);
}

TEST_F(PrimTest, NumbersOfTensors) {
  Value* tensor = f_.Of<float>({2, 3}, {7.5f, 1, 2, 3, 4, 5});
  Value* size = f_.Int(0);
  Run("aten::sym_size.int", {tensor, f_.Int(-1), size});
  EXPECT_EQ(size->integer(), 3);
  Refuse("aten::sym_size.int", {tensor, f_.Int(2), size});
  Run("aten::sym_numel", {tensor, size});
  EXPECT_EQ(size->integer(), 6);
  Value* number = f_.Double(0);
  Run("aten::_local_scalar_dense", {tensor, number});
  EXPECT_EQ(number->floating(), 7.5);
  Refuse("aten::_local_scalar_dense", {tensor, size});
  Refuse("aten::_local_scalar_dense", {f_.Of<float>({0}, {}), number});
  Run("aten::_local_scalar_dense", {f_.Of<int64_t>({1}, {kSmallest}), size});
  EXPECT_EQ(size->integer(), kSmallest);
}

TEST_F(PrimTest, CopyIndexCollectsResults) {
  Value* collected = f_.Out(ScalarType::kFloat32, 2, 6);
  collected->tensor() = f_.Empty(ScalarType::kFloat32, {3, 2})->tensor();
  Run("executorch_prim::et_copy_index.tensor", {collected, f_.Of<float>({2}, {1, 2}), f_.Int(0)});
  EXPECT_THAT(SizesOf(collected), ElementsAre(1, 2));
  Run("executorch_prim::et_copy_index.tensor", {collected, f_.Of<float>({2}, {3, 4}), f_.Int(1)});
  EXPECT_THAT(Elements<float>(collected), ElementsAre(1, 2, 3, 4));
  Refuse("executorch_prim::et_copy_index.tensor", {collected, f_.Of<float>({2}, {3, 4}), f_.Int(3)});
  Refuse("executorch_prim::et_copy_index.tensor", {collected, f_.Of<float>({2}, {3, 4}), f_.Int(-1)});
  Refuse("executorch_prim::et_copy_index.tensor", {collected, f_.Of<float>({3}, {3, 4, 5}), f_.Int(2)});
}

TEST_F(PrimTest, ViewsAlias) {
  Value* in = f_.Of<float>({2, 3}, {0, 1, 2, 3, 4, 5});
  Value* out = f_.Out(ScalarType::kFloat32, 1);
  out->tensor().set_raw(nullptr);
  Run("executorch_prim::et_view.default", {in, f_.Ints({-1}), out});
  EXPECT_EQ(out->tensor().raw(), in->tensor().raw());
  EXPECT_THAT(SizesOf(out), ElementsAre(6));
  Refuse("executorch_prim::et_view.default", {in, f_.Ints({4}), out});
}

}  // namespace
}  // namespace etd::kernels
