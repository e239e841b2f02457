// What regions promise: shapes that change, rows that do not know of each other, shared memory and weights, borders.
#include "backends/xnnpack/region.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "backends/xnnpack/compiler.h"
#include "backends/xnnpack/cpu_features.h"
#include "runtime/base/status.h"
#include "tests/unit/backends/xnnpack/fragment_builder.h"

namespace etd::xnnpack {
namespace {

using graph::DenseAttributes;
using graph::DenseKind;
using graph::DenseType;
using graph::Quantization;
using testing::HasSubstr;

constexpr DenseType F32 = DenseType::kFloat32;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

// rows [1, S, k] → quantised → n, gated, → k: half of a transformer's MLP.
void BuildGatedLayer(FragmentBuilder& b, DenseType weights, int32_t k, int32_t n, uint32_t seed) {
  const uint32_t in = b.Input(F32, {1, 2047, k});
  uint32_t rows = in;
  const auto quantise = [&](uint32_t value, int32_t width) {
    if (weights == F32) return value;
    Quantization q;
    q.row_dims = 1;
    const uint32_t quantised = b.Internal(DenseType::kQDInt8, {1, 2047, width}, q);
    b.Node(DenseKind::kConvert, {value}, {quantised});
    return quantised;
  };
  rows = quantise(in, k);
  const auto wide = [&] { return b.Internal(F32, {1, 2047, n}); };
  const uint32_t gate = wide(), up = wide(), sigmoid = wide(), silu = wide(), product = wide();
  b.Node(DenseKind::kFullyConnected, {rows, b.Weights(weights, RandomNumbers({n, k}, seed))}, {gate});
  b.Node(DenseKind::kFullyConnected, {rows, b.Weights(weights, RandomNumbers({n, k}, seed + 1))}, {up});
  b.Node(DenseKind::kSigmoid, {gate}, {sigmoid});
  b.Node(DenseKind::kMultiply, {gate, sigmoid}, {silu});
  b.Node(DenseKind::kMultiply, {silu, up}, {product});
  const uint32_t down = b.Weights(weights, RandomNumbers({k, n}, seed + 2));
  b.Node(DenseKind::kFullyConnected, {quantise(product, n), down}, {b.Output(F32, {1, 2047, k})});
}

std::vector<std::byte> RunOnce(graph::Region& region, Externals& externals, const Numbers& input) {
  externals.Set(0, input);
  const absl::Status prepared = region.Prepare(externals.pointers());
  EXPECT_TRUE(prepared.ok()) << prepared;
  const absl::Status ran = region.Run(externals.pointers());
  EXPECT_TRUE(ran.ok()) << ran;
  return externals.Bytes(1);
}

Numbers FirstRows(const Numbers& numbers, int32_t begin, int32_t rows) {
  const int32_t width = numbers.dims.back();
  Numbers some{{1, rows, width}, {}};
  const auto at = numbers.values.begin() + begin * width;
  some.values.assign(at, at + rows * width);
  return some;
}

class Rows : public testing::TestWithParam<DenseType> {};

// The same bits whatever else is in the call, in which order shapes come, and with whom the workspace is shared.
TEST_P(Rows, AreIndependentOfEachOther) {
  if (GetParam() == DenseType::kQBInt4 && !HasBlockwiseKernels()) GTEST_SKIP() << "needs AVX2";
  constexpr int32_t kWidth = 64, kRows = 33;
  FragmentBuilder b;
  BuildGatedLayer(b, GetParam(), kWidth, 96, 1);
  auto pool = threads::ThreadPool::Create(2);
  ASSERT_TRUE(pool.ok());
  auto compiler = NewCompiler(pool->get());
  auto region = compiler->Compile(b.fragment());
  ASSERT_TRUE(region.ok()) << region.status();
  Externals externals(b.fragment());
  const Numbers input = RandomNumbers({1, kRows, kWidth}, 9);
  const std::vector<std::byte> all = RunOnce(**region, externals, input);
  const size_t row_bytes = kWidth * sizeof(float);
  ASSERT_EQ(all.size(), kRows * row_bytes);
  for (const int32_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 32, 1, 33}) {
    for (const int32_t begin : {0, kRows - rows}) {
      const std::vector<std::byte> some = RunOnce(**region, externals, FirstRows(input, begin, rows));
      ASSERT_EQ(some.size(), static_cast<size_t>(rows) * row_bytes);
      EXPECT_EQ(std::memcmp(some.data(), all.data() + static_cast<size_t>(begin) * row_bytes, some.size()), 0)
          << rows << " rows from " << begin;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Weights, Rows,
                         testing::Values(DenseType::kFloat32, DenseType::kQCInt8, DenseType::kQCInt4,
                                         DenseType::kQBInt4),
                         [](const auto& info) { return std::string(info.index == 0   ? "f32"
                                                                   : info.index == 1 ? "qc8w"
                                                                   : info.index == 2 ? "qc4w"
                                                                                     : "qb4w"); });

TEST(Workspace, IsSharedByRegionsThatGrowInTurn) {
  auto compiler = NewCompiler();
  FragmentBuilder small, large;
  BuildGatedLayer(small, F32, 16, 24, 1);
  BuildGatedLayer(large, F32, 48, 200, 5);
  auto first = compiler->Compile(small.fragment());
  auto second = compiler->Compile(large.fragment());
  ASSERT_TRUE(first.ok() && second.ok());
  Externals first_externals(small.fragment()), second_externals(large.fragment());
  for (const int32_t rows : {1, 3, 2, 24, 5, 60, 1, 90}) {
    SCOPED_TRACE(rows);
    const Numbers a = RandomNumbers({1, rows, 16}, 3), c = RandomNumbers({1, rows, 48}, 4);
    first_externals.Set(0, a);
    second_externals.Set(0, c);
    // Both are prepared before either runs; the second may move the memory that the first has planned with.
    ASSERT_TRUE((*first)->Prepare(first_externals.pointers()).ok());
    ASSERT_TRUE((*second)->Prepare(second_externals.pointers()).ok());
    ASSERT_TRUE((*first)->Run(first_externals.pointers()).ok());
    ASSERT_TRUE((*second)->Run(second_externals.pointers()).ok());
    const Numbers want_first = Evaluate(small.fragment(), {a, {}})[1], want_second = Evaluate(large.fragment(), {c, {}})[1];
    const Numbers got_first = first_externals.Get(1), got_second = second_externals.Get(1);
    ASSERT_EQ(got_first.dims, want_first.dims);
    // Sums of 24 and 200 products of numbers up to about 10, in f32.
    for (size_t i = 0; i < want_first.values.size(); ++i) ASSERT_NEAR(got_first.values[i], want_first.values[i], 1e-4);
    for (size_t i = 0; i < want_second.values.size(); ++i) ASSERT_NEAR(got_second.values[i], want_second.values[i], 5e-3);
  }
}

TEST(Workspace, IsPlannedAnewWhenAnInputIsBroadcastSuddenly) {
  // sum = exp(a) + exp(b): XNNPACK writes the sum over exp(a) while both have one size.
  FragmentBuilder b;
  const uint32_t in1 = b.Input(F32, {8, 16}), in2 = b.Input(F32, {8, 16});
  const uint32_t exp1 = b.Internal(F32, {8, 16}), exp2 = b.Internal(F32, {8, 16}), sum = b.Internal(F32, {8, 16});
  b.Node(DenseKind::kExp, {in1}, {exp1});
  b.Node(DenseKind::kExp, {in2}, {exp2});
  b.Node(DenseKind::kAdd, {exp1, exp2}, {sum});
  b.Node(DenseKind::kNegate, {sum}, {b.Output(F32, {8, 16})});
  auto compiler = NewCompiler();
  auto region = compiler->Compile(b.fragment());
  ASSERT_TRUE(region.ok()) << region.status();
  Externals externals(b.fragment());
  const std::pair<int32_t, int32_t> rows[] = {{8, 8}, {1, 8}, {8, 8}, {8, 1}, {1, 8}, {4, 4}, {1, 4}};
  for (const auto& [left, right] : rows) {
    SCOPED_TRACE(testing::Message() << left << " " << right);
    const Numbers a = RandomNumbers({left, 16}, 1), c = RandomNumbers({right, 16}, 2);
    externals.Set(0, a);
    externals.Set(1, c);
    ASSERT_TRUE((*region)->Prepare(externals.pointers()).ok());
    ASSERT_TRUE((*region)->Run(externals.pointers()).ok());
    const Numbers want = Evaluate(b.fragment(), {a, c, {}})[2], got = externals.Get(2);
    ASSERT_EQ(got.dims, want.dims);
    for (size_t i = 0; i < want.values.size(); ++i) ASSERT_NEAR(got.values[i], want.values[i], 1e-5);
  }
}

// One product over `weights`, a value of `b`.
void BuildProduct(FragmentBuilder& b, uint32_t weights, int32_t k) {
  const uint32_t in = b.Input(F32, {1, k}), out = b.Output(F32, {1, 1});
  b.Node(DenseKind::kFullyConnected, {in, weights}, {out});
}

TEST(Weights, ArePackedOnceForAllRegions) {
  auto compiler = NewCompiler();
  FragmentBuilder b;
  BuildProduct(b, b.Weights(F32, RandomNumbers({200, 100}, 1)), 100);
  auto first = compiler->Compile(b.fragment());
  ASSERT_TRUE(first.ok()) << first.status();
  const uint64_t once = compiler->weight_bytes();
  EXPECT_GE(once, 200u * 100 * sizeof(float));
  auto second = compiler->Compile(b.fragment());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(compiler->weight_bytes(), once);
  ASSERT_EQ(compiler->packed_sources().size(), 1u);
  EXPECT_EQ(compiler->packed_sources()[0].size(), 200u * 100 * sizeof(float));
  // A compiler of its own shares nothing.
  EXPECT_EQ(NewCompiler()->weight_bytes(), 0u);
}

TEST(Weights, OfEqualBytesButOtherMeaningAreTold) {
  // The same bytes as [6, 10] and as [10, 6] (XNNPACK's own key is the same for both), and with other scales.
  auto compiler = NewCompiler();
  FragmentBuilder b;
  const uint32_t weights = b.Weights(DenseType::kQCInt8, RandomNumbers({6, 10}, 1));
  const graph::FragmentValue original = b.fragment().values[weights];
  struct Case {
    Dims dims;
    float scale;
  };
  for (const Case& c : {Case{{6, 10}, 0.01f}, Case{{10, 6}, 0.01f}, Case{{6, 10}, 0.02f}, Case{{6, 10}, 0.01f}}) {
    SCOPED_TRACE(testing::Message() << c.dims[0] << " × " << c.dims[1] << " scale " << c.scale);
    FragmentBuilder other;
    graph::FragmentValue value = original;
    value.dims = c.dims;
    value.quantization.channel_scales.assign(static_cast<size_t>(c.dims[0]), c.scale);
    other.fragment().values.push_back(value);
    BuildProduct(other, 0, c.dims[1]);
    auto region = compiler->Compile(other.fragment());
    ASSERT_TRUE(region.ok()) << region.status();
    Externals externals(other.fragment());
    const Numbers input = RandomNumbers({3, c.dims[1]}, 2);
    externals.Set(0, input);
    ASSERT_TRUE((*region)->Prepare(externals.pointers()).ok());
    ASSERT_TRUE((*region)->Run(externals.pointers()).ok());
    const Numbers want = Evaluate(other.fragment(), {input, {}})[1], got = externals.Get(1);
    for (size_t i = 0; i < want.values.size(); ++i) ASSERT_NEAR(got.values[i], want.values[i], 1e-4);
  }
}

TEST(Weights, MayLieAtOddAddresses) {
  const Numbers numbers = RandomNumbers({5, 7}, 1);
  std::vector<std::byte> bytes(5 * 7 * sizeof(float) + 1);
  FragmentBuilder b;
  const uint32_t weights = b.Weights(F32, numbers);
  std::memcpy(bytes.data() + 1, b.fragment().values[weights].data.data(), bytes.size() - 1);
  b.fragment().values[weights].data = std::span(bytes).subspan(1);
  BuildProduct(b, weights, 7);
  auto compiler = NewCompiler();
  auto region = compiler->Compile(b.fragment());
  ASSERT_TRUE(region.ok()) << region.status();
  Externals externals(b.fragment());
  const Numbers input = RandomNumbers({2, 7}, 2);
  externals.Set(0, input);
  ASSERT_TRUE((*region)->Prepare(externals.pointers()).ok());
  ASSERT_TRUE((*region)->Run(externals.pointers()).ok());
  const Numbers want = Evaluate(b.fragment(), {input, {}})[1], got = externals.Get(1);
  for (size_t i = 0; i < want.values.size(); ++i) ASSERT_NEAR(got.values[i], want.values[i], 1e-5);
}

// out = in negated, of one value's declared dims.
FragmentBuilder Negation(Dims dims) {
  FragmentBuilder b;
  const uint32_t in = b.Input(F32, dims);
  b.Node(DenseKind::kNegate, {in}, {b.Output(F32, dims)});
  return b;
}

TEST(Border, TakesTensorsOfOtherRank) {
  // A number without dimensions is [1] in files; a leading dimension of 1 may come or go.
  struct Case {
    Dims declared, given;
  };
  for (const Case& c : {Case{{1}, {}}, Case{{}, {1}}, Case{{3}, {1, 3}}, Case{{1, 1, 3}, {3}}}) {
    SCOPED_TRACE(testing::Message() << c.declared.size() << " declared, " << c.given.size() << " given");
    FragmentBuilder b = Negation(c.declared);
    auto compiler = NewCompiler();
    auto region = compiler->Compile(b.fragment());
    ASSERT_TRUE(region.ok()) << region.status();
    float in[16] = {1, 2, 3}, out[16] = {};
    tensor::Tensor input(tensor::ScalarType::kFloat32, c.given, in);
    tensor::Tensor output(tensor::ScalarType::kFloat32, c.given, out);
    tensor::Tensor* const externals[] = {&input, &output};
    ASSERT_TRUE((*region)->Prepare(externals).ok()) << (*region)->Prepare(externals);
    ASSERT_TRUE((*region)->Run(externals).ok());
    EXPECT_EQ(out[0], -1);
    EXPECT_EQ(out[2], c.declared.empty() || c.declared == Dims{1} ? 0 : -3);
  }
  FragmentBuilder b = Negation({3});
  auto region = NewCompiler()->Compile(b.fragment());
  float memory[32] = {};
  tensor::Tensor input(tensor::ScalarType::kFloat32, Dims{2, 3}, memory), output = input;
  tensor::Tensor* const externals[] = {&input, &output};
  EXPECT_THAT(Message((*region)->Prepare(externals)), HasSubstr("[2, 3]"));
}

TEST(Border, MapsMemoryOrderOfInputsAndOutputs) {
  // The region sees [1, 2, 3, 5] (channels last); the tensors say [1, 5, 2, 3].
  FragmentBuilder b;
  const uint32_t in = b.Input(F32, {1, 2, 3, 5});
  DenseAttributes a;
  a.permutation = {0, 1, 2, 3};
  a.pad_before = {0, 0, 0, 0};
  a.pad_after = {0, 1, 0, 0};
  b.Node(DenseKind::kStaticPad, {in}, {b.Output(F32, {1, 3, 3, 5})}, a);
  auto compiler = NewCompiler();
  auto region = compiler->Compile(b.fragment());
  ASSERT_TRUE(region.ok()) << region.status();
  const uint8_t order[] = {0, 2, 3, 1};
  std::vector<float> memory(64, 1), result(64);
  tensor::Tensor input(tensor::ScalarType::kFloat32, Dims{1, 5, 2, 3}, order, false, memory.data());
  tensor::Tensor output(tensor::ScalarType::kFloat32, Dims{1, 5, 4, 3}, order, true, result.data());
  tensor::Tensor* const externals[] = {&input, &output};
  ASSERT_TRUE((*region)->Prepare(externals).ok()) << (*region)->Prepare(externals);
  EXPECT_THAT(output.sizes(), testing::ElementsAre(1, 5, 3, 3));
  ASSERT_TRUE((*region)->Run(externals).ok());
  EXPECT_EQ(result[29], 1);
  EXPECT_EQ(result[30], 0);
}

TEST(Border, WidensIndices) {
  FragmentBuilder b;
  const uint32_t in = b.Input(F32, {1, 4, 4, 1});
  DenseAttributes a;
  a.kernel_height = a.kernel_width = a.stride_height = a.stride_width = 2;
  b.Node(DenseKind::kArgMaxPooling, {in}, {b.Output(F32, {1, 2, 2, 1}), b.Output(DenseType::kInt32, {1, 2, 2, 1})}, a);
  auto compiler = NewCompiler();
  auto region = compiler->Compile(b.fragment());
  ASSERT_TRUE(region.ok()) << region.status();
  std::vector<float> image(32), most(32);
  image[5] = image[3] = image[8] = image[15] = 1;
  std::vector<int64_t> places(32, -1);
  tensor::Tensor input(tensor::ScalarType::kFloat32, Dims{1, 4, 4, 1}, image.data());
  tensor::Tensor values(tensor::ScalarType::kFloat32, Dims{1, 2, 2, 1}, most.data());
  tensor::Tensor index(tensor::ScalarType::kInt64, Dims{1, 2, 2, 1}, places.data());
  tensor::Tensor* const externals[] = {&input, &values, &index};
  ASSERT_TRUE((*region)->Prepare(externals).ok()) << (*region)->Prepare(externals);
  ASSERT_TRUE((*region)->Run(externals).ok());
  places.resize(5);
  EXPECT_THAT(places, testing::ElementsAre(3, 2, 0, 3, -1));
}

TEST(Border, RefusesWhatDoesNotFit) {
  FragmentBuilder b;
  BuildGatedLayer(b, F32, 16, 24, 1);
  auto compiler = NewCompiler();
  auto region = compiler->Compile(b.fragment());
  ASSERT_TRUE(region.ok());
  Externals externals(b.fragment());
  EXPECT_EQ((*region)->Run(externals.pointers()).code(), absl::StatusCode::kFailedPrecondition);
  externals.Set(0, RandomNumbers({1, 3, 17}, 1));
  EXPECT_THAT(Message((*region)->Prepare(externals.pointers())), HasSubstr("17"));
  EXPECT_EQ((*region)->Run(externals.pointers()).code(), absl::StatusCode::kFailedPrecondition);
  std::vector<tensor::Tensor*> missing(externals.pointers().begin(), externals.pointers().end());
  missing[0] = nullptr;
  EXPECT_THAT(Message((*region)->Prepare(missing)), HasSubstr("argument 0"));
  tensor::Tensor integers(tensor::ScalarType::kInt32, Dims{1, 3, 16}, nullptr);
  missing[0] = &integers;
  EXPECT_THAT(Message((*region)->Prepare(missing)), HasSubstr("int32"));
  // After errors it works again.
  externals.Set(0, RandomNumbers({1, 3, 16}, 1));
  ASSERT_TRUE((*region)->Prepare(externals.pointers()).ok());
  EXPECT_TRUE((*region)->Run(externals.pointers()).ok());
  // Prepared without memory, run with it.
  tensor::Tensor no_memory = externals.tensor(0);
  no_memory.set_raw(nullptr);
  missing[0] = &no_memory;
  ASSERT_TRUE((*region)->Prepare(missing).ok());
  EXPECT_THAT(Message((*region)->Run(missing)), HasSubstr("no memory"));
  externals.Set(0, RandomNumbers({1, 5, 16}, 1));
  EXPECT_THAT(Message((*region)->Run(externals.pointers())), HasSubstr("prepared for"));
}

TEST(Border, EmptyInputsGiveEmptyOutputs) {
  FragmentBuilder b;
  BuildGatedLayer(b, F32, 16, 24, 1);
  auto region = NewCompiler();
  auto compiled = region->Compile(b.fragment());
  ASSERT_TRUE(compiled.ok());
  Externals externals(b.fragment());
  externals.Set(0, Numbers{{1, 0, 16}, {}});
  ASSERT_TRUE((*compiled)->Prepare(externals.pointers()).ok());
  EXPECT_THAT(externals.tensor(1).sizes(), testing::ElementsAre(1, 0, 16));
  EXPECT_TRUE((*compiled)->Run(externals.pointers()).ok());
  externals.Set(0, RandomNumbers({1, 2, 16}, 1));
  ASSERT_TRUE((*compiled)->Prepare(externals.pointers()).ok());
  EXPECT_TRUE((*compiled)->Run(externals.pointers()).ok());

  FragmentBuilder pooled;
  const uint32_t in = pooled.Input(F32, {1, 4, 4, 2});
  pooled.Node(DenseKind::kGlobalAveragePooling, {in}, {pooled.Output(F32, {1, 2})});
  auto average = region->Compile(pooled.fragment());
  ASSERT_TRUE(average.ok());
  Externals images(pooled.fragment());
  images.Set(0, Numbers{{1, 0, 4, 2}, {}});
  EXPECT_EQ((*average)->Prepare(images.pointers()).code(), absl::StatusCode::kUnimplemented);
}

TEST(Border, LimitsWorkingMemory) {
  FragmentBuilder b;
  const uint32_t in = b.Input(F32, {1}), padded = b.Internal(F32, {1}), cut = b.Output(F32, {1});
  DenseAttributes a;
  a.pad_before = {0};
  a.pad_after = {0xFFFFFFF0};
  a.offsets = {3};
  a.extents = {1};
  b.Node(DenseKind::kStaticPad, {in}, {padded}, a);
  b.Node(DenseKind::kStaticSlice, {padded}, {cut}, a);
  auto compiler = XnnpackCompiler::Create(nullptr, {.working_limit_bytes = uint64_t{1} << 30});
  ASSERT_TRUE(compiler.ok());
  auto region = (*compiler)->Compile(b.fragment());
  ASSERT_TRUE(region.ok()) << region.status();
  Externals externals(b.fragment());
  externals.Set(0, RandomNumbers({1}, 1));
  const absl::Status status = (*region)->Prepare(externals.pointers());
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Message(status), HasSubstr("16384 MiB"));
}

TEST(Compile, NamesWhatItCannotRun) {
  const auto message = [](FragmentBuilder& b) { return NewCompiler()->Compile(b.fragment()).status(); };
  FragmentBuilder integers;
  const uint32_t in = integers.Input(DenseType::kInt32, {4});
  integers.Node(DenseKind::kAdd, {in, in}, {integers.Output(DenseType::kInt32, {4})});
  EXPECT_EQ(message(integers).code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(Message(message(integers)), HasSubstr("Add of s32, s32 to s32"));

  FragmentBuilder mixed;
  mixed.Node(DenseKind::kAdd, {mixed.Input(F32, {4}), mixed.Input(DenseType::kFloat16, {4})}, {mixed.Output(F32, {4})});
  EXPECT_THAT(Message(message(mixed)), HasSubstr("Add of f32, f16 to f32"));

  FragmentBuilder limited;
  DenseAttributes a;
  a.output_min = 0;
  limited.Node(DenseKind::kExp, {limited.Input(F32, {4})}, {limited.Output(F32, {4})}, a);
  EXPECT_THAT(Message(message(limited)), HasSubstr("Exp"));

  // Quantised rows of more dimensions than a product's rows would make it read scales that are not there.
  FragmentBuilder rows;
  Quantization q;
  q.row_dims = 2;
  const uint32_t quantised = rows.Internal(DenseType::kQDInt8, {2, 3, 32}, q);
  rows.Node(DenseKind::kConvert, {rows.Input(F32, {2, 3, 32})}, {quantised});
  rows.Node(DenseKind::kFullyConnected, {quantised, rows.Weights(DenseType::kQCInt8, RandomNumbers({4, 32}, 1))},
            {rows.Output(F32, {2, 3, 4})});
  EXPECT_EQ(message(rows).code(), absl::StatusCode::kUnimplemented);
}

TEST(Compile, LeavesOutNodesThatNobodyNeeds) {
  FragmentBuilder b = Negation({4});
  const uint32_t unread = b.Internal(F32, {4}), later = b.Internal(F32, {4});
  b.Node(DenseKind::kExp, {0}, {unread});
  b.Node(DenseKind::kExp, {unread}, {later});
  auto compiler = NewCompiler();
  auto region = compiler->Compile(b.fragment());
  ASSERT_TRUE(region.ok()) << region.status();
  Externals externals(b.fragment());
  externals.Set(0, RandomNumbers({4}, 1));
  ASSERT_TRUE((*region)->Prepare(externals.pointers()).ok());
  EXPECT_TRUE((*region)->Run(externals.pointers()).ok());
}

}  // namespace
}  // namespace etd::xnnpack
