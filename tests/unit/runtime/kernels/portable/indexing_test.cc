// Operators that choose elements: by position, by mask, by order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "runtime/kernels/portable/register.h"
#include "tests/support/tensor_factory.h"

namespace etd::kernels {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tensor::ScalarType;
using tensor::Value;
using testing::Elements;
using testing::SizesOf;

class IndexingTest : public ::testing::Test {
 protected:
  ~IndexingTest() override { EXPECT_TRUE(f_.GuardsIntact()); }

  void Run(std::string_view name, std::vector<Value*> arguments) {
    const absl::Status status = runner_.Run(name, arguments);
    ASSERT_TRUE(status.ok()) << name << ": " << status;
  }
  void Refuse(std::string_view name, std::vector<Value*> arguments, std::string_view text) {
    const absl::Status status = runner_.Run(name, arguments);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name << ": " << status;
    EXPECT_THAT(std::string(ToStd(status.message())), HasSubstr(std::string(text))) << name;
  }
  Value* Count(const std::vector<int32_t>& sizes, const std::vector<uint8_t>& dim_order = {}) {
    const int count = std::accumulate(sizes.begin(), sizes.end(), 1, std::multiplies<>());
    std::vector<float> elements(static_cast<size_t>(count));
    std::iota(elements.begin(), elements.end(), 0.0f);
    return f_.Of<float>(sizes, elements, dim_order);
  }
  Value* Longs(const std::vector<int64_t>& numbers) {
    return f_.Of<int64_t>({static_cast<int32_t>(numbers.size())}, numbers);
  }
  Value* Floats(int rank) { return f_.Out(ScalarType::kFloat32, rank); }
  Value* Indices(int rank) { return f_.Out(ScalarType::kInt64, rank); }

  testing::TensorFactory f_;
  testing::KernelRunner runner_{RegisterPortableKernels};
};

TEST_F(IndexingTest, Embedding) {
  Value* out = Floats(3);
  Value* table = Count({3, 2});
  const auto call = [&](Value* indices) {
    return std::vector<Value*>{table, indices, f_.Int(-1), f_.Bool(false), f_.Bool(false), out};
  };
  Run("aten::embedding.out", call(f_.Of<int64_t>({1, 2}, {2, 0})));
  EXPECT_THAT(SizesOf(out), ElementsAre(1, 2, 2));
  EXPECT_THAT(Elements<float>(out), ElementsAre(4, 5, 0, 1));
  Run("aten::embedding.out", call(f_.Of<int32_t>({1, 1}, {1})));
  EXPECT_THAT(Elements<float>(out), ElementsAre(2, 3));
  Refuse("aten::embedding.out", call(f_.Of<int64_t>({1, 1}, {3})), "index 3");
  Refuse("aten::embedding.out", call(f_.Of<int64_t>({1, 1}, {-1})), "index -1");
  Refuse("aten::embedding.out", call(f_.Of<float>({1, 1}, {1})), "float32");
}

TEST_F(IndexingTest, IndexByPositions) {
  Value* out = Floats(2);
  Run("aten::index.Tensor_out", {Count({3, 2}), f_.OptionalTensors({Longs({2, -3})}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(4, 5, 0, 1));
  Run("aten::index.Tensor_out", {Count({3, 2}), f_.OptionalTensors({nullptr, Longs({1})}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(1, 3, 5));
  Value* pair = Floats(1);
  Run("aten::index.Tensor_out", {Count({3, 2}), f_.OptionalTensors({Longs({0, 2}), Longs({1, 0})}), pair});
  EXPECT_THAT(Elements<float>(pair), ElementsAre(1, 4));
  // Not adjacent: the positions' dimension comes first.
  Run("aten::index.Tensor_out", {Count({2, 3, 2}), f_.OptionalTensors({Longs({1, 0}), nullptr, Longs({1, 0})}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(7, 9, 11, 0, 2, 4));
  // They broadcast: [2,1] with [3].
  Run("aten::index.Tensor_out",
      {Count({2, 3}), f_.OptionalTensors({f_.Of<int64_t>({2, 1}, {1, 0}), Longs({0, 1, 2})}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(3, 4, 5, 0, 1, 2));
  Refuse("aten::index.Tensor_out", {Count({3, 2}), f_.OptionalTensors({Longs({3})}), out}, "index 3");
  Refuse("aten::index.Tensor_out", {Count({3, 2}), f_.OptionalTensors({Longs({-4})}), out}, "index -4");
  Refuse("aten::index.Tensor_out", {Count({3}), f_.OptionalTensors({Longs({0}), Longs({0})}), out}, "too many");
  Refuse("aten::index.Tensor_out", {Count({3, 2}), f_.OptionalTensors({Longs({0, 1}), Longs({0, 1, 1})}), out}, "[3]");
}

TEST_F(IndexingTest, IndexByMask) {
  Value* out = Floats(1);
  Value* mask = f_.Of<bool>({2, 2}, {true, false, false, true});
  Run("aten::index.Tensor_out", {Count({2, 2}), f_.OptionalTensors({mask}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 3));
  Value* rows = Floats(2);
  Run("aten::index.Tensor_out", {Count({3, 2}), f_.OptionalTensors({f_.Of<bool>({3}, {true, false, true})}), rows});
  EXPECT_THAT(Elements<float>(rows), ElementsAre(0, 1, 4, 5));
  Run("aten::index.Tensor_out", {Count({3, 2}), f_.OptionalTensors({f_.Of<bool>({3}, {false, false, false})}), rows});
  EXPECT_THAT(SizesOf(rows), ElementsAre(0, 2));
  // One true element broadcasts with several positions.
  Run("aten::index.Tensor_out",
      {Count({2, 3}), f_.OptionalTensors({f_.Of<bool>({2}, {false, true}), Longs({2, 0})}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(5, 3));
  Refuse("aten::index.Tensor_out", {Count({3, 2}), f_.OptionalTensors({mask}), out}, "[2, 2]");
}

TEST_F(IndexingTest, IndexAnyMemoryOrder) {
  Value* out = Floats(4);
  Run("aten::index.Tensor_out",
      {Count({2, 2, 2, 1}, {0, 2, 3, 1}), f_.OptionalTensors({nullptr, Longs({1, 0})}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(2, 3, 0, 1, 6, 7, 4, 5));
}

TEST_F(IndexingTest, IndexPut) {
  Value* out = Floats(3);
  // The update of a cache [heads, positions, dim] at position 1.
  Run("aten::index_put.out", {Count({2, 2, 2}), f_.OptionalTensors({nullptr, Longs({1})}),
                              f_.Of<float>({2, 1, 2}, {-1, -2, -3, -4}), f_.Bool(false), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 1, -1, -2, 4, 5, -3, -4));
  Value* self = Count({3});
  Run("aten::index_put_",
      {self, f_.OptionalTensors({Longs({0, 0, -1})}), f_.Of<float>({3}, {5, 6, 7}), f_.Bool(false)});
  EXPECT_THAT(Elements<float>(self), ElementsAre(6, 1, 7));
  Run("aten::index_put_", {self, f_.OptionalTensors({Longs({0, 0})}), f_.Of<float>({}, {1}), f_.Bool(true)});
  EXPECT_THAT(Elements<float>(self), ElementsAre(8, 1, 7));
  Run("aten::index_put_", {self, f_.OptionalTensors({f_.Of<bool>({3}, {true, true, false})}), f_.Of<float>({1}, {0}),
                           f_.Bool(false)});
  EXPECT_THAT(Elements<float>(self), ElementsAre(0, 0, 7));
  // No index at all: the whole tensor.
  Run("aten::index_put_", {self, f_.OptionalTensors({nullptr}), f_.Of<float>({1}, {2}), f_.Bool(true)});
  EXPECT_THAT(Elements<float>(self), ElementsAre(2, 2, 9));
  Refuse("aten::index_put_", {self, f_.OptionalTensors({Longs({3})}), f_.Of<float>({1}, {2}), f_.Bool(false)},
         "index 3");
  Refuse("aten::index_put_", {self, f_.OptionalTensors({Longs({0})}), f_.Of<float>({2}, {2, 3}), f_.Bool(false)},
         "[2]");
  Refuse("aten::index_put_",
         {self, f_.OptionalTensors({f_.Of<bool>({3}, {true, true, true})}), f_.Of<float>({2}, {2, 3}), f_.Bool(false)},
         "[2]");
  EXPECT_THAT(Elements<float>(self), ElementsAre(2, 2, 9)) << "an error writes nothing";
}

TEST_F(IndexingTest, IndexSelectAndNonzero) {
  Value* out = Floats(2);
  Run("aten::index_select.out", {Count({2, 3}), f_.Int(1), Longs({2, 2, 0}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(2, 2, 0, 5, 5, 3));
  Refuse("aten::index_select.out", {Count({2, 3}), f_.Int(1), Longs({3}), out}, "position 3");
  Value* found = Indices(2);
  found->tensor().SetDimOrder(std::vector<uint8_t>{1, 0});
  Run("aten::nonzero.out", {f_.Of<float>({2, 2}, {0, 3, -1, 0}), found});
  EXPECT_THAT(SizesOf(found), ElementsAre(2, 2));
  EXPECT_THAT(Elements<int64_t>(found), ElementsAre(0, 1, 1, 0));
}

TEST_F(IndexingTest, GatherAndScatter) {
  Value* out = Floats(2);
  Value* index = f_.Of<int64_t>({2, 2}, {2, 0, 1, 1});
  Run("aten::gather.out", {Count({2, 3}), f_.Int(1), index, f_.Bool(false), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(2, 0, 4, 4));
  Value* source = f_.Of<float>({2, 2}, {-1, -2, -3, -4});
  Run("aten::scatter.src_out", {Count({2, 3}), f_.Int(1), index, source, out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(-2, 1, -1, 3, -4, 5));
  Run("aten::scatter_add.out", {Count({2, 3}), f_.Int(1), index, source, out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(-2, 1, 1, 3, -3, 5));
  Run("aten::scatter.value_out", {Count({2, 3}), f_.Int(1), index, f_.Int(9), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(9, 1, 9, 3, 9, 5));
  Refuse("aten::gather.out", {Count({2, 3}), f_.Int(1), f_.Of<int64_t>({1, 1}, {3}), f_.Bool(false), out},
         "position 3");
  Refuse("aten::gather.out", {Count({2, 3}), f_.Int(1), f_.Of<int64_t>({3, 1}, {0, 0, 0}), f_.Bool(false), out},
         "[3, 1]");
  Refuse("aten::scatter.src_out", {Count({2, 3}), f_.Int(1), index, Count({1, 2}), out}, "[1, 2]");
}

TEST_F(IndexingTest, WhereAndMaskedFill) {
  Value* out = Floats(2);
  Value* mask = f_.Of<bool>({2, 1}, {true, false});
  Run("aten::where.self_out", {mask, Count({3}), f_.Of<float>({}, {-1}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(0, 1, 2, -1, -1, -1));
  Run("aten::where.self_out", {mask, f_.Of<int64_t>({}, {7}), Count({2}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(7, 7, 0, 1));
  Run("aten::masked_fill.Scalar_out", {Count({2, 2}), mask, f_.Double(0.5), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(0.5, 0.5, 2, 3));
  Run("aten::masked_fill.Tensor_out", {Count({2, 2}), mask, f_.Of<float>({}, {4}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(4, 4, 2, 3));
  Refuse("aten::where.self_out", {Count({2}), Count({2}), Count({2}), out}, "float32");
  Refuse("aten::where.self_out", {mask, Count({3}), Count({4}), out}, "[3]");
}

TEST_F(IndexingTest, OperatorsThatCount) {
  Value* line = Floats(1);
  Run("aten::masked_select.out", {Count({2, 2}), f_.Of<bool>({2, 1}, {false, true}), line});
  EXPECT_THAT(Elements<float>(line), ElementsAre(2, 3));
  Value* out = Floats(2);
  Value* mask = f_.Of<bool>({2, 2}, {true, false, true, true});
  Run("aten::masked_scatter.out", {Count({2, 2}), mask, f_.Of<float>({4}, {9, 8, 7, 6}), out});
  EXPECT_THAT(Elements<float>(out), ElementsAre(9, 1, 8, 7));
  Refuse("aten::masked_scatter.out", {Count({2, 2}), mask, f_.Of<float>({2}, {9, 8}), out}, "source has 2");
  Value* numbers = Indices(1);
  Run("aten::repeat_interleave.Tensor_out", {Longs({2, 0, 1}), f_.None(), numbers});
  EXPECT_THAT(Elements<int64_t>(numbers), ElementsAre(0, 0, 2));
  Refuse("aten::repeat_interleave.Tensor_out", {Longs({2, -1}), f_.None(), numbers}, "-1");
  Refuse("aten::repeat_interleave.Tensor_out", {Longs({2, 1}), f_.Int(4), numbers}, "4");
}

TEST_F(IndexingTest, AnyAndAll) {
  Value* out = f_.Out(ScalarType::kBool, 1);
  Value* in = f_.Of<float>({2, 2}, {0, NAN, 0, 0});
  Run("aten::any.out", {in, f_.Int(1), f_.Bool(false), out});
  EXPECT_THAT(Elements<bool>(out), ElementsAre(true, false));
  Value* one = f_.Out(ScalarType::kBool, 0);
  Run("aten::any.all_out", {in, one});
  EXPECT_THAT(Elements<bool>(one), ElementsAre(true));
  Run("aten::all.all_out", {in, one});
  EXPECT_THAT(Elements<bool>(one), ElementsAre(false));
  Value* kept = f_.Out(ScalarType::kBool, 2);
  Run("aten::any.dims_out", {in, f_.Ints({0, 1}), f_.Bool(true), kept});
  EXPECT_THAT(SizesOf(kept), ElementsAre(1, 1));
  Run("aten::any.dims_out", {in, f_.Ints({}), f_.Bool(false), kept});
  EXPECT_THAT(Elements<bool>(kept), ElementsAre(false, true, false, false));
  Run("aten::any.out", {f_.Of<float>({2, 0}, {}), f_.Int(1), f_.Bool(false), out});
  EXPECT_THAT(Elements<bool>(out), ElementsAre(false, false));
  Refuse("aten::any.dims_out", {in, f_.Ints({0, -2}), f_.Bool(true), kept}, "twice");
}

TEST_F(IndexingTest, Extremes) {
  Value* out = Indices(1);
  Value* in = f_.Of<float>({2, 3}, {1, 5, 5, NAN, 7, NAN});
  Run("aten::argmax.out", {in, f_.Int(-1), f_.Bool(false), out});
  EXPECT_THAT(Elements<int64_t>(out), ElementsAre(1, 0)) << "the first of equals; NaN above all";
  Value* one = Indices(0);
  Run("aten::argmax.out", {Count({2, 3}, {1, 0}), f_.None(), f_.Bool(false), one});
  EXPECT_THAT(Elements<int64_t>(one), ElementsAre(5)) << "counted in logical order";
  Run("aten::argmin.out", {Count({2, 3}), f_.Int(0), f_.Bool(false), out});
  EXPECT_THAT(Elements<int64_t>(out), ElementsAre(0, 0, 0));
  Value* values = Floats(2);
  Run("aten::amax.out", {Count({2, 3}), f_.Ints({1}), f_.Bool(true), values});
  EXPECT_THAT(Elements<float>(values), ElementsAre(2, 5));
  Value* column = Floats(1);
  Run("aten::min.dim_min", {Count({2, 3}), f_.Int(0), f_.Bool(false), column, out});
  EXPECT_THAT(Elements<float>(column), ElementsAre(0, 1, 2));
  Refuse("aten::argmax.out", {f_.Of<float>({2, 0}, {}), f_.Int(1), f_.Bool(false), out}, "[2, 0]");
}

TEST_F(IndexingTest, SortTopKCumsum) {
  Value* values = Floats(2);
  Value* indices = Indices(2);
  Value* in = f_.Of<float>({1, 4}, {2, NAN, 2, -1});
  Run("aten::topk.values", {in, f_.Int(3), f_.Int(-1), f_.Bool(true), f_.Bool(true), values, indices});
  EXPECT_THAT(Elements<int64_t>(indices), ElementsAre(1, 0, 2));
  Run("aten::topk.values", {in, f_.Int(1), f_.Int(-1), f_.Bool(false), f_.Bool(true), values, indices});
  EXPECT_THAT(Elements<float>(values), ElementsAre(-1));
  Run("aten::sort.values", {Count({2, 2}), f_.Int(0), f_.Bool(true), values, indices});
  EXPECT_THAT(Elements<float>(values), ElementsAre(2, 3, 0, 1));
  Refuse("aten::topk.values", {in, f_.Int(5), f_.Int(-1), f_.Bool(true), f_.Bool(true), values, indices}, "size 4");
  Run("aten::cumsum.out", {Count({2, 3}), f_.Int(1), f_.None(), values});
  EXPECT_THAT(Elements<float>(values), ElementsAre(0, 1, 3, 3, 7, 12));
  Run("aten::cumsum.out", {f_.Of<bool>({3, 1}, {true, true, true}), f_.Int(0), f_.Int(4), indices});
  EXPECT_THAT(Elements<int64_t>(indices), ElementsAre(1, 2, 3));
  Refuse("aten::cumsum.out", {Count({2, 3}), f_.Int(2), f_.None(), values}, "dimension 2");
}

}  // namespace
}  // namespace etd::kernels
