// Every fast kernel against the reference it replaces: odd sizes, every tail, unaligned starts, guards, NaN and
// infinity.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "runtime/kernels/fast/register.h"
#include "runtime/kernels/llm/register.h"
#include "runtime/kernels/portable/register.h"
#include "tests/support/tensor_factory.h"

namespace etd {
namespace {

using tensor::BFloat16;
using tensor::ScalarType;
using tensor::Value;
using testing::Elements;
using testing::TensorFactory;

void RegisterReferences(kernel::KernelRegistry& registry) {
  kernels::RegisterPortableKernels(registry);
  kernels::RegisterLlmKernels(registry);
}

void RegisterAll(kernel::KernelRegistry& registry) {
  RegisterReferences(registry);
  kernels::RegisterFastKernels(registry);
}

class FastKernelsTest : public ::testing::Test {
 protected:
  // Random numbers, with the odd ones spread among them if `odd`.
  std::vector<float> Numbers(int64_t count, bool odd = false) {
    std::vector<float> numbers(static_cast<size_t>(count));
    for (size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = normal_(generator_);
      if (odd && i % 11 == 3) numbers[i] = std::numeric_limits<float>::quiet_NaN();
      if (odd && i % 13 == 5) numbers[i] = -std::numeric_limits<float>::infinity();
      if (odd && i % 17 == 7) numbers[i] = std::numeric_limits<float>::infinity();
    }
    return numbers;
  }

  Value* Floats(const TensorFactory::Sizes& sizes, bool odd = false) {
    int64_t count = 1;
    for (const int32_t size : sizes) count *= size;
    return f_.Of<float>(sizes, Numbers(count, odd));
  }

  // Runs both on the same arguments; argument `out` is replaced by an output for each of them.
  void Compare(std::string_view name, std::vector<Value*> arguments, size_t out, int rank, float tolerance) {
    Value* expected = f_.Out(ScalarType::kFloat32, rank, 1 << 15);
    Value* actual = f_.Out(ScalarType::kFloat32, rank, 1 << 15);
    arguments[out] = expected;
    ASSERT_TRUE(reference_.Run(name, arguments).ok()) << name;
    arguments[out] = actual;
    ASSERT_TRUE(fast_.Run(name, arguments).ok()) << name;
    ASSERT_EQ(testing::SizesOf(actual), testing::SizesOf(expected));
    ExpectEqual(Elements<float>(expected), Elements<float>(actual), tolerance, name);
    EXPECT_TRUE(f_.GuardsIntact()) << name;
  }

  // Relative to numbers of size 1 and above; NaN is NaN and infinities are the same.
  static void ExpectEqual(const std::vector<float>& expected, const std::vector<float>& actual, float tolerance,
                          std::string_view name) {
    for (size_t i = 0; i < expected.size(); ++i) {
      if (std::isnan(expected[i])) {
        ASSERT_TRUE(std::isnan(actual[i])) << name << " " << i;
      } else if (std::isinf(expected[i])) {
        ASSERT_EQ(actual[i], expected[i]) << name << " " << i;
      } else {
        ASSERT_LE(std::abs(actual[i] - expected[i]), tolerance * std::max(1.0f, std::abs(expected[i])))
            << name << " " << i;
      }
    }
  }

  std::mt19937 generator_{3};
  std::normal_distribution<float> normal_;
  TensorFactory f_;
  testing::KernelRunner reference_{RegisterReferences, 1};
  testing::KernelRunner fast_{RegisterAll, 2};
};

TEST_F(FastKernelsTest, ElementwiseOfTheSameShape) {
  for (int size = 1; size <= 35; ++size) {
    Value* a = Floats({size}, true);
    Value* b = Floats({size}, true);
    Compare("aten::add.out", {a, b, f_.Int(1), nullptr}, 3, 1, 0);
    Compare("aten::add.out", {a, b, f_.Int(2), nullptr}, 3, 1, 0);
    Compare("aten::sub.out", {a, b, f_.Int(1), nullptr}, 3, 1, 0);
    Compare("aten::mul.out", {a, b, nullptr}, 2, 1, 0);
    Compare("aten::mul.Scalar_out", {a, f_.Double(0.3), nullptr}, 2, 1, 0);
    Compare("aten::neg.out", {a, nullptr}, 1, 1, 0);
    // The exponential is within some units of the last place of the library's.
    Compare("aten::sigmoid.out", {a, nullptr}, 1, 1, 1e-6f);
  }
}

TEST_F(FastKernelsTest, ElementwiseBroadcasts) {
  const std::vector<std::pair<TensorFactory::Sizes, TensorFactory::Sizes>> shapes = {
      {{1, 5, 19}, {19}},       {{1, 5, 19}, {1, 5, 1}}, {{2, 5, 19}, {1, 1, 19}}, {{2, 5, 19}, {5, 19}},
      {{2, 5, 19}, {2, 1, 19}}, {{19}, {2, 5, 19}},      {{5, 1}, {1, 19}},        {{5, 3}, {1}},
      {{1, 1}, {7, 9}},         {{2, 3, 4}, {3, 1}},
  };
  for (const auto& [a, b] : shapes) {
    const int rank = static_cast<int>(std::max(a.size(), b.size()));
    Compare("aten::add.out", {Floats(a), Floats(b), f_.Int(1), nullptr}, 3, rank, 0);
    Compare("aten::sub.out", {Floats(a), Floats(b), f_.Int(1), nullptr}, 3, rank, 0);
    Compare("aten::mul.out", {Floats(a), Floats(b), nullptr}, 2, rank, 0);
  }
}

TEST_F(FastKernelsTest, RowsOfEveryLength) {
  for (int size = 1; size <= 70; ++size) {
    Value* in = Floats({3, size}, size % 5 == 0);
    // Sums of up to 70 numbers in another order.
    Compare("aten::mean.out", {in, f_.Ints({-1}), f_.Bool(true), f_.None(), nullptr}, 4, 2, 1e-6f);
    Compare("aten::mean.out", {in, f_.Ints({0}), f_.Bool(false), f_.None(), nullptr}, 4, 1, 1e-6f);
    Value* finite = Floats({3, size});
    Compare("aten::_softmax.out", {finite, f_.Int(1), f_.Bool(false), nullptr}, 3, 2, 1e-6f);
    Compare("aten::_softmax.out", {finite, f_.Int(0), f_.Bool(false), nullptr}, 3, 2, 1e-6f);
    // One element normalises to 0 / √eps: rounding of the mean is magnified there, so eps is not tiny.
    Compare("aten::native_layer_norm.out",
            {finite, f_.Ints({size}), Floats({size}), size % 2 == 0 ? f_.None() : Floats({size}), f_.Double(1e-2),
             nullptr, f_.Out(ScalarType::kFloat32, 2), f_.Out(ScalarType::kFloat32, 2)},
            5, 2, 3e-6f);
  }
}

TEST_F(FastKernelsTest, SoftmaxOfMaskedRows) {
  const float inf = std::numeric_limits<float>::infinity();
  std::vector<float> rows(3 * 21, -inf);
  for (size_t i = 0; i < 21; i += 2) rows[i] = static_cast<float>(i);
  rows[2 * 21 + 4] = std::numeric_limits<float>::quiet_NaN();
  Compare("aten::_softmax.out", {f_.Of<float>({3, 21}, rows), f_.Int(-1), f_.Bool(false), nullptr}, 3, 2, 1e-6f);
}

TEST_F(FastKernelsTest, ProductsOfEveryShape) {
  for (const int rows : {1, 2, 3, 4, 5, 9}) {
    for (const int inner : {0, 1, 7, 33}) {
      for (const int columns : {1, 7, 8, 9, 16, 17, 63, 64, 65, 130}) {
        Value* a = Floats({rows, inner});
        Value* b = Floats({inner, columns});
        Compare("aten::mm.out", {a, b, nullptr}, 2, 2, 3e-6f);
        Compare("aten::addmm.out", {Floats({columns}), a, b, f_.Double(0.5), f_.Int(2), nullptr}, 5, 2, 3e-6f);
        Compare("aten::bmm.out", {Floats({2, rows, inner}), Floats({2, inner, columns}), nullptr}, 2, 3, 3e-6f);
      }
    }
  }
}

TEST_F(FastKernelsTest, BFloat16Products) {
  for (const int columns : {1, 15, 64, 77}) {
    const auto make = [&](int rows, int cols) {
      std::vector<BFloat16> numbers;
      for (const float number : Numbers(rows * cols)) numbers.push_back(BFloat16(number));
      return f_.Of<BFloat16>({rows, cols}, numbers);
    };
    Value* a = make(5, 40);
    Value* b = make(40, columns);
    Value* expected = f_.Out(ScalarType::kBFloat16, 2);
    Value* actual = f_.Out(ScalarType::kBFloat16, 2);
    ASSERT_TRUE(reference_.Run("aten::mm.out", {a, b, expected}).ok());
    ASSERT_TRUE(fast_.Run("aten::mm.out", {a, b, actual}).ok());
    for (size_t i = 0; i < static_cast<size_t>(5 * columns); ++i) {
      // Sums differ in their last bits, which may change the rounding to bfloat16 by one step.
      const float wanted = Elements<BFloat16>(expected)[i];
      ASSERT_NEAR(Elements<BFloat16>(actual)[i], wanted, std::abs(wanted) / 128 + 1e-5f);
    }
  }
}

TEST_F(FastKernelsTest, RowsOfAProductDoNotDependOnTheirNumber) {
  const std::vector<float> a = Numbers(9 * 50);
  Value* b = Floats({50, 70});
  Value* whole = f_.Out(ScalarType::kFloat32, 2);
  ASSERT_TRUE(fast_.Run("aten::mm.out", {f_.Of<float>({9, 50}, a), b, whole}).ok());
  for (int row = 0; row < 9; ++row) {
    Value* one = f_.Out(ScalarType::kFloat32, 2);
    const std::vector<float> line(a.begin() + row * 50, a.begin() + (row + 1) * 50);
    ASSERT_TRUE(fast_.Run("aten::mm.out", {f_.Of<float>({1, 50}, line), b, one}).ok());
    ASSERT_EQ(std::memcmp(Elements<float>(one).data(), Elements<float>(whole).data() + row * 70, 70 * sizeof(float)),
              0);
  }
}

TEST_F(FastKernelsTest, EmbeddingRows) {
  std::vector<int8_t> weight(6 * 20);
  for (size_t i = 0; i < weight.size(); ++i) weight[i] = static_cast<int8_t>(static_cast<int>(i * 37 % 256) - 128);
  Value* table = f_.Of<int8_t>({6, 20}, weight);
  for (const int groups : {1, 4}) {
    Compare("quantized_decomposed::embedding_byte.out",
            {table, Floats({6, groups}), Floats({6, groups}), f_.Int(-128), f_.Int(127),
             f_.Of<int64_t>({1, 3}, {5, 0, 5}), nullptr},
            6, 3, 0);
  }
  EXPECT_EQ(
      fast_
          .Run("quantized_decomposed::embedding_byte.out", {table, Floats({6}), f_.None(), f_.Int(-128), f_.Int(127),
                                                            f_.Of<int64_t>({1}, {6}), f_.Out(ScalarType::kFloat32, 2)})
          .code(),
      absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace etd
