// Row rules of arithmetic, products, norms and embeddings, on the reference and on the fast kernels: a row's bits must
// not notice which rows are beside it.
#include <gtest/gtest.h>

#include "runtime/kernels/fast/register.h"
#include "runtime/kernels/llm/register.h"
#include "runtime/kernels/portable/register.h"
#include "tests/support/row_rule_check.h"

namespace etd {
namespace {

using kernel::RowClass;
using tensor::ScalarType;
using tensor::Value;
using testing::RandomFloats;
using testing::RowCall;
using testing::TensorFactory;

constexpr RowClass kUniform = RowClass::Uniform();

void RegisterReferences(kernel::KernelRegistry& registry) {
  kernels::RegisterPortableKernels(registry);
  kernels::RegisterLlmKernels(registry);
}

void RegisterAll(kernel::KernelRegistry& registry) {
  RegisterReferences(registry);
  kernels::RegisterFastKernels(registry);
}

class RowRulesTest : public ::testing::TestWithParam<void (*)(kernel::KernelRegistry&)> {
 protected:
  void Check(const RowCall& call, int dim) { testing::CheckRowRule(runner_, call, RowClass::Rows(dim)); }
  void CheckNone(const RowCall& call) { EXPECT_FALSE(testing::ClaimOf(runner_, call).has_value()) << call.name; }
  testing::KernelRunner runner_{GetParam(), 2};
};

// A tensor of floats that is the same for all steps.
Value* Weights(TensorFactory& f, const TensorFactory::Sizes& sizes) {
  std::mt19937 random(99);
  return RandomFloats(f, sizes, random);
}

TEST_P(RowRulesTest, Elementwise) {
  Check({"aten::mul.out",
         {RowClass::Rows(1), kUniform, kUniform},
         [](TensorFactory& f, int32_t rows, std::mt19937& r) -> std::vector<Value*> {
           return {RandomFloats(f, {1, rows, 19}, r), Weights(f, {19}), f.Out(ScalarType::kFloat32, 3)};
         }},
        1);
  Check({"aten::add.out",
         {RowClass::Rows(1), RowClass::Rows(1), kUniform, kUniform},
         [](TensorFactory& f, int32_t rows, std::mt19937& r) -> std::vector<Value*> {
           return {RandomFloats(f, {1, rows, 19}, r), RandomFloats(f, {1, rows, 1}, r), f.Int(1),
                   f.Out(ScalarType::kFloat32, 3)};
         }},
        1);
  Check({"aten::sigmoid.out",
         {RowClass::Rows(0), kUniform},
         [](TensorFactory& f, int32_t rows, std::mt19937& r) -> std::vector<Value*> {
           return {RandomFloats(f, {rows, 13}, r), f.Out(ScalarType::kFloat32, 2)};
         }},
        0);
}

TEST_P(RowRulesTest, Reductions) {
  const auto mean = [](bool keep, int64_t dim) {
    return RowCall{"aten::mean.out",
                   {RowClass::Rows(1), kUniform, kUniform, kUniform, kUniform},
                   [=](TensorFactory& f, int32_t rows, std::mt19937& r) -> std::vector<Value*> {
                     return {RandomFloats(f, {2, rows, 37}, r), f.Ints({dim}), f.Bool(keep), f.None(),
                             f.Out(ScalarType::kFloat32, keep ? 3 : 2)};
                   }};
  };
  Check(mean(true, -1), 1);
  Check(mean(false, 0), 0);
  CheckNone(mean(true, 1));
}

TEST_P(RowRulesTest, SoftmaxAndNorm) {
  const auto softmax = [](int64_t dim) {
    return RowCall{
        "aten::_softmax.out",
        {RowClass::Rows(1), kUniform, kUniform, kUniform},
        [=](TensorFactory& f, int32_t rows, std::mt19937& r) -> std::vector<Value*> {
          return {RandomFloats(f, {2, rows, 21}, r), f.Int(dim), f.Bool(false), f.Out(ScalarType::kFloat32, 3)};
        }};
  };
  Check(softmax(-1), 1);
  CheckNone(softmax(1));
  const auto norm = [](bool over_rows) {
    return RowCall{"aten::native_layer_norm.out",
                   {RowClass::Rows(1), kUniform, kUniform, kUniform, kUniform, kUniform, kUniform, kUniform},
                   [=](TensorFactory& f, int32_t rows, std::mt19937& r) -> std::vector<Value*> {
                     // The rule's test looks at the last argument: the scales, one per row.
                     return {RandomFloats(f, {1, rows, 21}, r),
                             over_rows ? f.Ints({rows, 21}) : f.Ints({21}),
                             f.None(),
                             f.None(),
                             f.Double(1e-5),
                             f.Out(ScalarType::kFloat32, 3),
                             f.Out(ScalarType::kFloat32, 3),
                             f.Out(ScalarType::kFloat32, 3)};
                   }};
  };
  Check(norm(false), 1);
  CheckNone(norm(true));
}

TEST_P(RowRulesTest, Products) {
  Check({"aten::mm.out",
         {RowClass::Rows(0), kUniform, kUniform},
         [](TensorFactory& f, int32_t rows, std::mt19937& r) -> std::vector<Value*> {
           return {RandomFloats(f, {rows, 23}, r), Weights(f, {23, 37}), f.Out(ScalarType::kFloat32, 2)};
         }},
        0);
  Check({"aten::mm.out",
         {kUniform, RowClass::Rows(1), kUniform},
         [](TensorFactory& f, int32_t rows, std::mt19937& r) -> std::vector<Value*> {
           return {Weights(f, {6, 23}), RandomFloats(f, {23, rows}, r), f.Out(ScalarType::kFloat32, 2)};
         }},
        1);
  Check({"aten::bmm.out",
         {RowClass::Rows(0), RowClass::Rows(0), kUniform},
         [](TensorFactory& f, int32_t rows, std::mt19937& r) -> std::vector<Value*> {
           return {RandomFloats(f, {rows, 3, 5}, r), RandomFloats(f, {rows, 5, 9}, r), f.Out(ScalarType::kFloat32, 3)};
         }},
        0);
  Check({"aten::bmm.out",
         {kUniform, RowClass::Rows(2), kUniform},
         [](TensorFactory& f, int32_t rows, std::mt19937& r) -> std::vector<Value*> {
           return {Weights(f, {1, 8, 1}), RandomFloats(f, {1, 1, rows}, r), f.Out(ScalarType::kFloat32, 3)};
         }},
        2);
  const auto addmm = [](int self_rows) {
    return RowCall{"aten::addmm.out",
                   {kUniform, RowClass::Rows(0), kUniform, kUniform, kUniform, kUniform},
                   [=](TensorFactory& f, int32_t rows, std::mt19937& r) -> std::vector<Value*> {
                     return {self_rows == 1 ? Weights(f, {17}) : Weights(f, {rows, 17}),
                             RandomFloats(f, {rows, 9}, r),
                             Weights(f, {9, 17}),
                             f.Int(1),
                             f.Int(1),
                             f.Out(ScalarType::kFloat32, 2)};
                   }};
  };
  Check(addmm(1), 0);
  CheckNone(addmm(2));
  CheckNone({"aten::mm.out",
             {RowClass::Rows(1), kUniform, kUniform},
             [](TensorFactory& f, int32_t rows, std::mt19937& r) -> std::vector<Value*> {
               return {RandomFloats(f, {4, rows}, r), Weights(f, {rows, 7}), f.Out(ScalarType::kFloat32, 2)};
             }});
}

TEST_P(RowRulesTest, Embeddings) {
  Check({"quantized_decomposed::embedding_byte.out",
         {kUniform, kUniform, kUniform, kUniform, kUniform, RowClass::Rows(1), kUniform},
         [](TensorFactory& f, int32_t rows, std::mt19937& r) -> std::vector<Value*> {
           std::vector<int8_t> weights(7 * 12);
           for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<int8_t>(i);
           return {f.Of<int8_t>({7, 12}, weights),
                   Weights(f, {7}),
                   f.None(),
                   f.Int(-128),
                   f.Int(127),
                   testing::RandomInts(f, {1, rows}, 7, r),
                   f.Out(ScalarType::kFloat32, 3)};
         }},
        1);
}

INSTANTIATE_TEST_SUITE_P(Kernels, RowRulesTest, ::testing::Values(RegisterReferences, RegisterAll),
                         [](const auto& test) { return test.index == 0 ? "Reference" : "Fast"; });

}  // namespace
}  // namespace etd
