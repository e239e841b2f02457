// Views, copies and creation: values, shapes, memory orders and errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "runtime/kernels/portable/register.h"
#include "tests/support/tensor_factory.h"

namespace etd::kernels {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using tensor::ScalarType;
using tensor::Value;
using testing::Elements;
using testing::SizesOf;

class CopiesTest : public ::testing::Test {
 protected:
  ~CopiesTest() override { EXPECT_TRUE(f_.GuardsIntact()); }

  // Expects success.
  void Run(std::string_view name, std::vector<Value*> arguments) {
    const absl::Status status = runner_.Run(name, arguments);
    ASSERT_TRUE(status.ok()) << name << ": " << status;
  }
  // Expects INVALID_ARGUMENT with `text` in the message.
  void Refuse(std::string_view name, std::vector<Value*> arguments, std::string_view text) {
    const absl::Status status = runner_.Run(name, arguments);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name << ": " << status;
    EXPECT_THAT(std::string(ToStd(status.message())), HasSubstr(std::string(text))) << name;
  }
  // 0, 1, 2, … of a shape.
  Value* Count(const std::vector<int32_t>& sizes, const std::vector<uint8_t>& dim_order = {}) {
    const int count = std::accumulate(sizes.begin(), sizes.end(), 1, std::multiplies<>());
    std::vector<float> elements(static_cast<size_t>(count));
    std::iota(elements.begin(), elements.end(), 0.0f);
    return f_.Of<float>(sizes, elements, dim_order);
  }
  Value* Floats(int rank) { return f_.Out(ScalarType::kFloat32, rank); }

  testing::TensorFactory f_;
  testing::KernelRunner runner_{RegisterPortableKernels};
};

TEST_F(CopiesTest, ViewInfersOneSize) {
  Value* out = Floats(2);
  Run("aten::view_copy.out", {Count({2, 3, 4}), f_.Ints({-1, 4}), out});
  EXPECT_THAT(SizesOf(out), ElementsAre(6, 4));
  EXPECT_EQ(Elements<float>(out)[23], 23);
  Refuse("aten::view_copy.out", {Count({2, 3}), f_.Ints({-1, -1}), out}, "-1");
  Refuse("aten::view_copy.out", {Count({2, 3}), f_.Ints({4, -1}), out}, "[2, 3]");
  Refuse("aten::view_copy.out", {Count({2, 3}), f_.Ints({5, 1}), out}, "5");
  Refuse("aten::view_copy.out", {f_.Of<float>({0, 3}, {}), f_.Ints({0, -1}), out}, "inferred");
  Refuse("aten::view_copy.out", {Count({2, 3}), f_.Ints({3, 2, 1}), out}, "[3, 2, 1]");
}

TEST_F(CopiesTest, UnsqueezeAndSqueeze) {
  Value* out = Floats(3);
  Run("aten::unsqueeze_copy.out", {Count({2, 3}), f_.Int(-1), out});
  EXPECT_THAT(SizesOf(out), ElementsAre(2, 3, 1));
  Refuse("aten::unsqueeze_copy.out", {Count({2, 3}), f_.Int(3), out}, "dimension 3");
  Value* flat = Floats(1);
  Run("aten::squeeze_copy.dims_out", {Count({1, 3, 1}), f_.Ints({0, -1}), flat});
  EXPECT_THAT(Elements<float>(flat), ElementsAre(0, 1, 2));
  Value* kept = Floats(2);
  Run("aten::squeeze_copy.dim_out", {Count({2, 3}), f_.Int(1), kept});
  EXPECT_THAT(SizesOf(kept), ElementsAre(2, 3));
  Refuse("aten::squeeze_copy.dims_out", {Count({1, 3}), f_.Ints({0, -2}), flat}, "twice");
}

TEST_F(CopiesTest, ViewsKeepTheValuesOfAnyMemoryOrder) {
  Value* in = Count({2, 3, 2, 2}, {0, 2, 3, 1});
  Value* out = f_.Empty(ScalarType::kFloat32, {2, 3, 2, 2});
  Run("aten::clone.out", {in, f_.None(), out});
  EXPECT_EQ(Elements<float>(out), Elements<float>(in));
  Value* wide = Floats(5);
  Run("aten::unsqueeze_copy.out", {in, f_.Int(1), wide});
  EXPECT_THAT(SizesOf(wide), ElementsAre(2, 1, 3, 2, 2));
  EXPECT_EQ(Elements<float>(wide), Elements<float>(in));
  Refuse("aten::view_copy.out", {in, f_.Ints({24}), Floats(1)}, "row-major");
}

TEST_F(CopiesTest, AViewWithoutMemoryIsAnError) {
  Value* out = Floats(1);
  out->tensor().set_raw(nullptr);
  Refuse("aten::view_copy.out", {Count({2, 3}), f_.Ints({6}), out}, "no memory");
}

TEST_F(CopiesTest, Expand) {
  Value* out = Floats(3);
  Run("aten::expand_copy.out", {Count({2, 1}), f_.Ints({2, -1, 3}), f_.Bool(false), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1));
  Refuse("aten::expand_copy.out", {Count({2, 3}), f_.Ints({2, 4}), f_.Bool(false), Floats(2)}, "[2, 3]");
  Refuse("aten::expand_copy.out", {Count({2, 3}), f_.Ints({-1, 2, 3}), f_.Bool(false), out}, "-1");
  Refuse("aten::expand_copy.out", {Count({2, 3}), f_.Ints({3}), f_.Bool(false), Floats(1)}, "rank 2");
  Refuse("aten::expand_copy.out", {Count({1}), f_.Ints({100000}), f_.Bool(false), Floats(1)}, "4096");
}

TEST_F(CopiesTest, PermuteAndTranspose) {
  Value* out = Floats(3);
  Run("aten::permute_copy.out", {Count({2, 3, 2}), f_.Ints({2, 0, -2}), out});
  EXPECT_THAT(SizesOf(out), ElementsAre(2, 2, 3));
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11));
  Value* matrix = Floats(2);
  Run("aten::t_copy.out", {Count({2, 3}), matrix});
  EXPECT_THAT(Elements<float>(matrix), ElementsAre(0, 3, 1, 4, 2, 5));
  Run("aten::transpose_copy.int_out", {Count({2, 3}), f_.Int(-1), f_.Int(0), matrix});
  EXPECT_THAT(Elements<float>(matrix), ElementsAre(0, 3, 1, 4, 2, 5));
  Refuse("aten::permute_copy.out", {Count({2, 3}), f_.Ints({0, 0}), matrix}, "twice");
  Refuse("aten::permute_copy.out", {Count({2, 3}), f_.Ints({0}), matrix}, "rank 2");
  Refuse("aten::t_copy.out", {Count({2, 3, 2}), out}, "rank 3");
}

// Sizes beyond a tile, with remainders, in every element size and a batch around.
TEST_F(CopiesTest, LargeTransposesMatchTheDefinition) {
  const auto check = [&]<typename T>(T) {
    std::vector<T> elements(3 * 70 * 45);
    for (size_t i = 0; i < elements.size(); ++i) elements[i] = static_cast<T>(i * 31 % 251);
    Value* out = f_.Out(testing::ScalarTypeOf<T>(), 3, 3 * 70 * 45);
    Run("aten::permute_copy.out", {f_.Of<T>({3, 70, 45}, elements), f_.Ints({0, 2, 1}), out});
    const std::vector<T> got = Elements<T>(out);
    for (size_t b = 0; b < 3; ++b) {
      for (size_t i = 0; i < 45; ++i) {
        for (size_t j = 0; j < 70; ++j) {
          ASSERT_EQ(got[(b * 45 + i) * 70 + j], elements[(b * 70 + j) * 45 + i]) << b << ' ' << i << ' ' << j;
        }
      }
    }
  };
  check(uint8_t{});
  check(int16_t{});
  check(float{});
  check(int64_t{});
}

TEST_F(CopiesTest, Slices) {
  Value* out = Floats(2);
  const auto slice = [&](Value* start, Value* end, int64_t step) {
    Run("aten::slice_copy.Tensor_out", {Count({2, 5}), f_.Int(1), start, end, f_.Int(step), out});
    return Elements<float>(out);
  };
  EXPECT_THAT(slice(f_.Int(1), f_.Int(3), 1), ElementsAre(1, 2, 6, 7));
  EXPECT_THAT(slice(f_.Int(-2), f_.Int(std::numeric_limits<int64_t>::max()), 1), ElementsAre(3, 4, 8, 9));
  EXPECT_THAT(slice(f_.None(), f_.None(), 2), ElementsAre(0, 2, 4, 5, 7, 9));
  EXPECT_THAT(slice(f_.Int(-100), f_.Int(-4), 1), ElementsAre(0, 5));
  EXPECT_THAT(slice(f_.Int(4), f_.Int(2), 1), ElementsAre());
  EXPECT_THAT(SizesOf(out), ElementsAre(2, 0));
  EXPECT_THAT(slice(f_.Int(0), f_.None(), std::numeric_limits<int64_t>::max()), ElementsAre(0, 5));
  Refuse("aten::slice_copy.Tensor_out", {Count({2, 5}), f_.Int(2), f_.None(), f_.None(), f_.Int(1), out},
         "dimension 2");
  Refuse("aten::slice_copy.Tensor_out", {Count({2, 5}), f_.Int(1), f_.None(), f_.None(), f_.Int(0), out}, "step");
  Refuse("aten::slice_copy.Tensor_out", {Count({}), f_.Int(0), f_.None(), f_.None(), f_.Int(1), Floats(0)}, "0-d");
  Run("aten::narrow_copy.out", {Count({2, 5}), f_.Int(1), f_.Int(-2), f_.Int(2), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(3, 4, 8, 9));
  Refuse("aten::narrow_copy.out", {Count({2, 5}), f_.Int(1), f_.Int(4), f_.Int(2), out}, "size 5");
  Value* scattered = Floats(2);
  Run("aten::slice_scatter.out", {Count({2, 5}), f_.Of<float>({2, 2}, {-1, -2, -3, -4}), f_.Int(1), f_.Int(0),
                                  f_.Int(4), f_.Int(3), scattered});
  EXPECT_THAT(Elements<float>(scattered), ElementsAre(-1, 1, 2, -2, 4, -3, 6, 7, -4, 9));
}

TEST_F(CopiesTest, Select) {
  Value* out = Floats(2);
  Run("aten::select_copy.int_out", {Count({2, 3, 2}), f_.Int(1), f_.Int(-1), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(4, 5, 10, 11));
  Refuse("aten::select_copy.int_out", {Count({2, 3, 2}), f_.Int(1), f_.Int(3), out}, "index 3");
  Refuse("aten::select_copy.int_out", {Count({2, 3, 2}), f_.Int(1), f_.Int(-4), out}, "index -4");
  Value* whole = Floats(2);
  Run("aten::select_scatter.out", {Count({2, 3}), f_.Of<float>({2}, {-1, -2}), f_.Int(1), f_.Int(0), whole});
  EXPECT_THAT(Elements<float>(whole), ElementsAre(-1, 1, 2, -2, 4, 5));
}

TEST_F(CopiesTest, ImagesAreCutIntoTiles) {
  Value* out = Floats(4);
  Run("preprocess::tile_crop.out", {Count({1, 2, 4}), f_.Int(2), out});
  EXPECT_THAT(SizesOf(out), ElementsAre(2, 1, 2, 2));
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 1, 4, 5, 2, 3, 6, 7));
  for (const int64_t tile : {int64_t{0}, int64_t{-1}, int64_t{3}, INT64_MAX}) {
    EXPECT_FALSE(runner_.Run("preprocess::tile_crop.out", {Count({1, 2, 4}), f_.Int(tile), out}).ok());
  }
}

// The index of a select moves from step to step without a new prepare: run must still not read outside.
TEST_F(CopiesTest, SelectChecksAgainWhenItRuns) {
  std::vector<Value*> arguments = {Count({2, 3}), f_.Int(0), f_.Int(1), Floats(1)};
  Run("aten::select_copy.int_out", arguments);
  auto threads = *threads::ThreadPool::Create(1);
  memory::ScratchBuffer scratch;
  kernel::KernelContext context(arguments, threads.get(), &scratch, nullptr);
  arguments[2]->set_integer(5);
  EXPECT_EQ(runner_.Find("aten::select_copy.int_out")->run(context).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CopiesTest, CastsBetweenTypes) {
  Value* ints = f_.Out(ScalarType::kInt32, 1);
  Run("aten::_to_copy.out", {f_.Of<float>({4}, {1.9f, -1.9f, 3e9f, NAN}), f_.Bool(false), f_.None(), ints});
  EXPECT_EQ(Elements<int32_t>(ints)[0], 1);
  EXPECT_EQ(Elements<int32_t>(ints)[1], -1);
  Value* flags = f_.Out(ScalarType::kBool, 1);
  Run("aten::_to_copy.out", {f_.Of<float>({3}, {0.25f, 0, NAN}), f_.Bool(false), f_.None(), flags});
  EXPECT_THAT(Elements<bool>(flags), ElementsAre(true, false, true));
  Value* halves = f_.Out(ScalarType::kBFloat16, 1);
  Run("aten::_to_copy.out", {f_.Of<int64_t>({2}, {257, 300}), f_.Bool(false), f_.None(), halves});
  EXPECT_EQ(static_cast<float>(Elements<tensor::BFloat16>(halves)[0]), 256);
  EXPECT_EQ(static_cast<float>(Elements<tensor::BFloat16>(halves)[1]), 300);
  Refuse("aten::_to_copy.out", {Count({2}), f_.Bool(true), f_.None(), ints}, "non-blocking");
}

TEST_F(CopiesTest, MemoryOrderCopies) {
  Value* out = f_.Out(ScalarType::kInt64, 4);
  Run("dim_order_ops::_to_dim_order_copy.out", {Count({1, 3, 2, 2}), f_.Bool(false), f_.Ints({0, 2, 3, 1}), out});
  EXPECT_THAT(out->tensor().dim_order(), ElementsAre(0, 2, 3, 1));
  EXPECT_THAT(Elements<int64_t>(out), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  EXPECT_EQ(out->tensor().data<int64_t>()[1], 4) << "channels come first in memory";
  Refuse("dim_order_ops::_clone_dim_order.out", {Count({2, 2}), f_.Bool(false), f_.Ints({0, 0}), Floats(2)}, "perm");
  Refuse("dim_order_ops::_clone_dim_order.out", {Count({2, 2}), f_.Bool(false), f_.Ints({0}), Floats(2)}, "rank 2");
}

TEST_F(CopiesTest, CopyBroadcastsAndConverts) {
  Value* self = Count({2, 3});
  Run("aten::copy_", {self, f_.Of<int64_t>({3}, {7, 8, 9}), f_.Bool(false)});
  EXPECT_THAT(Elements<float>(self), ElementsAre(7, 8, 9, 7, 8, 9));
  Run("aten::copy_", {self, self, f_.Bool(false)});
  EXPECT_THAT(Elements<float>(self), ElementsAre(7, 8, 9, 7, 8, 9));
  Value* out = Floats(2);
  Run("aten::copy.out", {self, f_.Of<float>({2, 1}, {1, 2}), f_.Bool(false), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(1, 1, 1, 2, 2, 2));
  Refuse("aten::copy_", {self, Count({2}), f_.Bool(false)}, "[2]");
}

TEST_F(CopiesTest, CatAndStack) {
  Value* out = Floats(2);
  Value* empty = f_.Of<float>({0}, {});
  Run("aten::cat.out", {f_.Tensors({Count({2, 1}), empty, Count({2, 2})}), f_.Int(-1), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 0, 1, 1, 2, 3));
  Run("aten::cat.out", {f_.Tensors({Count({1, 2}), f_.Of<int32_t>({1, 2}, {5, 6})}), f_.Int(0), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 1, 5, 6));
  Refuse("aten::cat.out", {f_.Tensors({Count({2, 1}), Count({3, 1})}), f_.Int(1), out}, "[3, 1]");
  Refuse("aten::cat.out", {f_.Tensors({}), f_.Int(0), out}, "nothing");
  Refuse("aten::cat.out", {f_.Tensors({Count({2})}), f_.Int(2), out}, "dimension 2");
  Run("aten::stack.out", {f_.Tensors({Count({2}), Count({2})}), f_.Int(1), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 0, 1, 1));
}

TEST_F(CopiesTest, Splits) {
  Value* a = Floats(2);
  Value* b = Floats(2);
  Run("aten::split_with_sizes_copy.out", {Count({2, 3}), f_.Ints({1, 2}), f_.Int(1), f_.Tensors({a, b})});
  EXPECT_THAT(Elements<float>(a), ElementsAre(0, 3));
  EXPECT_THAT(Elements<float>(b), ElementsAre(1, 2, 4, 5));
  Run("aten::split_copy.Tensor_out", {Count({2, 3}), f_.Int(2), f_.Int(1), f_.Tensors({a, b})});
  EXPECT_THAT(Elements<float>(b), ElementsAre(2, 5));
  Value* c = Floats(1);
  Value* d = Floats(1);
  Run("aten::unbind_copy.int_out", {Count({3, 2}), f_.Int(1), f_.Tensors({c, d})});
  EXPECT_THAT(Elements<float>(d), ElementsAre(1, 3, 5));
  Refuse("aten::split_with_sizes_copy.out", {Count({2, 3}), f_.Ints({1, 1}), f_.Int(1), f_.Tensors({a, b})}, "leave 1");
  Refuse("aten::split_copy.Tensor_out", {Count({2, 3}), f_.Int(1), f_.Int(1), f_.Tensors({a, b})}, "3 parts");
  Refuse("aten::split_copy.Tensor_out", {Count({2, 3}), f_.Int(0), f_.Int(1), f_.Tensors({a, b})}, "size 0");
  Refuse("aten::unbind_copy.int_out", {Count({3, 2}), f_.Int(0), f_.Tensors({c, d})}, "[3, 2]");
}

TEST_F(CopiesTest, Rearranging) {
  Value* out = Floats(2);
  Run("aten::repeat.out", {Count({3}), f_.Ints({2, 2}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2));
  Refuse("aten::repeat.out", {Count({3}), f_.Ints({-1}), Floats(1)}, "-1");
  Run("aten::flip.out", {Count({2, 3}), f_.Ints({0, -1}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(5, 4, 3, 2, 1, 0));
  Run("aten::constant_pad_nd.out", {Count({1, 2}), f_.Ints({1, 0, 0, 1}), f_.Double(9), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(9, 0, 1, 9, 9, 9));
  Refuse("aten::constant_pad_nd.out", {Count({1, 2}), f_.Ints({-1, 0}), f_.Double(9), out}, "-1");
  Run("aten::as_strided_copy.out", {Count({6}), f_.Ints({2, 2}), f_.Ints({1, 2}), f_.Int(1), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(1, 3, 2, 4));
  Refuse("aten::as_strided_copy.out", {Count({6}), f_.Ints({2, 2}), f_.Ints({1, 4}), f_.Int(1), out}, "6 elements");
  Refuse("aten::as_strided_copy.out",
         {Count({6}), f_.Ints({3, 3}), f_.Ints({std::numeric_limits<int64_t>::max(), 1}), f_.None(), out},
         "6 elements");
  Run("aten::unfold_copy.out", {Count({5}), f_.Int(0), f_.Int(3), f_.Int(2), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 1, 2, 2, 3, 4));
  Refuse("aten::unfold_copy.out", {Count({5}), f_.Int(0), f_.Int(6), f_.Int(1), out}, "size 5");
}

TEST_F(CopiesTest, BlockMoves) {
  Value* out = Floats(2);
  Run("aten::roll.out", {Count({2, 3}), f_.Ints({-1, 4}), f_.Ints({0, 1}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(5, 3, 4, 2, 0, 1));
  Refuse("aten::roll.out", {Count({2, 3}), f_.Ints({1}), f_.Ints({}), out}, "0 dimensions");
  Value* line = Floats(1);
  Run("aten::diagonal_copy.out", {Count({2, 3}), f_.Int(1), f_.Int(0), f_.Int(-1), line});
  EXPECT_THAT(Elements<float>(line), ElementsAre(1, 5));
  Run("aten::diagonal_copy.out", {Count({2, 3}), f_.Int(-1), f_.Int(0), f_.Int(1), line});
  EXPECT_THAT(Elements<float>(line), ElementsAre(3));
  Run("aten::diagonal_copy.out",
      {Count({2, 3}), f_.Int(std::numeric_limits<int64_t>::min()), f_.Int(0), f_.Int(1), line});
  EXPECT_THAT(Elements<float>(line), ElementsAre());
  Refuse("aten::diagonal_copy.out", {Count({2, 3}), f_.Int(0), f_.Int(1), f_.Int(-1), line}, "twice");
  Value* wide = Floats(4);
  Run("aten::pixel_shuffle.out", {Count({1, 4, 1, 2}), f_.Int(2), wide});
  EXPECT_THAT(SizesOf(wide), ElementsAre(1, 1, 2, 4));
  EXPECT_THAT(Elements<float>(wide), ElementsAre(0, 2, 1, 3, 4, 6, 5, 7));
  Value* deep = Floats(4);
  Run("aten::pixel_unshuffle.out", {wide, f_.Int(2), deep});
  EXPECT_THAT(Elements<float>(deep), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  Refuse("aten::pixel_shuffle.out", {Count({1, 4, 1, 2}), f_.Int(3), deep}, "[1, 4, 1, 2]");
}

TEST_F(CopiesTest, Borders) {
  Value* out = Floats(2);
  Run("aten::reflection_pad1d.out", {Count({1, 3}), f_.Ints({2, 1}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(2, 1, 0, 1, 2, 1));
  Run("aten::reflection_pad1d.out", {Count({1, 3}), f_.Ints({-1, 2}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(1, 2, 1, 0));
  Value* image = Floats(3);
  Run("aten::replication_pad2d.out", {Count({1, 2, 2}), f_.Ints({1, 0, 0, 1}), image});
  EXPECT_THAT(Elements<float>(image), ElementsAre(0, 0, 1, 2, 2, 3, 2, 2, 3));
  Refuse("aten::reflection_pad1d.out", {Count({1, 3}), f_.Ints({3, 0}), out}, "[1, 3]");
  Refuse("aten::replication_pad2d.out", {Count({1, 2, 2}), f_.Ints({1, 0}), image}, "2 pads");
  Refuse("aten::replication_pad1d.out", {Count({1, 3}), f_.Ints({-2, -1}), out}, "pads -2 and -1");
}

TEST_F(CopiesTest, Triangles) {
  Value* out = Floats(2);
  Run("aten::tril.out", {Count({2, 3}), f_.Int(0), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 0, 0, 3, 4, 0));
  Run("aten::triu.out", {Count({2, 3}), f_.Int(1), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 1, 2, 0, 0, 5));
  Run("aten::tril.out", {Count({2, 3}), f_.Int(std::numeric_limits<int64_t>::max()), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 1, 2, 3, 4, 5));
  Run("aten::triu.out", {Count({2, 3}), f_.Int(std::numeric_limits<int64_t>::min()), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 1, 2, 3, 4, 5));
  Refuse("aten::tril.out", {Count({3}), f_.Int(0), Floats(1)}, "rank 1");
}

TEST_F(CopiesTest, Creation) {
  Value* out = Floats(2);
  Run("aten::full.out", {f_.Ints({2, 2}), f_.Double(-std::numeric_limits<double>::infinity()), out});
  EXPECT_EQ(Elements<float>(out)[3], -std::numeric_limits<float>::infinity());
  Value* bytes = f_.Out(ScalarType::kUInt8, 1);
  Refuse("aten::full.out", {f_.Ints({2}), f_.Int(256), bytes}, "256");
  Refuse("aten::full.out", {f_.Ints({2}), f_.Double(NAN), bytes}, "nan");
  Refuse("aten::full.out", {f_.Ints({-2}), f_.Int(1), bytes}, "-2");
  Value* flag = f_.Out(ScalarType::kBool, 2);
  Run("aten::full_like.out", {Count({2, 1}), f_.Bool(true), f_.None(), flag});
  EXPECT_THAT(Elements<bool>(flag), ElementsAre(true, true));
  Value* scalar = f_.Out(ScalarType::kInt64, 0);
  Run("aten::scalar_tensor.out", {f_.Int(-7), scalar});
  EXPECT_THAT(Elements<int64_t>(scalar), ElementsAre(-7));
  Run("aten::fill.Tensor_out", {Count({1, 2}), f_.Of<int64_t>({}, {4}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(4, 4));
  Value* range = f_.Out(ScalarType::kInt64, 1);
  Run("aten::arange.start_out", {f_.Int(5), f_.Int(-2), f_.Int(-3), range});
  EXPECT_THAT(Elements<int64_t>(range), ElementsAre(5, 2, -1));
  Run("aten::arange.out", {f_.Double(2.5), range});
  EXPECT_THAT(Elements<int64_t>(range), ElementsAre(0, 1, 2));
  Refuse("aten::arange.start_out", {f_.Int(0), f_.Int(5), f_.Int(0), range}, "steps of 0");
  Refuse("aten::arange.start_out", {f_.Int(0), f_.Double(1e18), f_.Int(1), range}, "too long");
}

}  // namespace
}  // namespace etd::kernels
