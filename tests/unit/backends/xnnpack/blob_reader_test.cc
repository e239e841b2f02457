// Blobs as exporters write them, and damaged in every way that a byte can be.
#include "backends/xnnpack/blob_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "backends/xnnpack/cpu_features.h"
#include "backends/xnnpack/fragment_verifier.h"
#include "tests/unit/backends/xnnpack/blob_writer.h"
#include "tests/unit/backends/xnnpack/fragment_builder.h"

namespace etd::xnnpack {
namespace {

using graph::DenseKind;
using graph::DenseType;
using graph::Fragment;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using Role = graph::FragmentValue::Role;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(BlobReader, ReadsASample) {
  MapData data;
  const AlignedBytes bytes = SampleBlob(data).Write();
  auto fragment = ReadBlob(bytes.span(), data);
  ASSERT_TRUE(fragment.ok()) << fragment.status();
  EXPECT_EQ(fragment->external_count, 2u);
  ASSERT_EQ(fragment->nodes.size(), 6u);
  EXPECT_EQ(fragment->nodes[1].kind, DenseKind::kFullyConnected);
  EXPECT_THAT(fragment->nodes[1].inputs, ElementsAre(2, 3));
  EXPECT_EQ(fragment->nodes[2].attributes.output_max, 6);
  EXPECT_THAT(fragment->nodes[3].attributes.pad_after, ElementsAre(0, 0, 2));
  EXPECT_THAT(fragment->nodes[4].attributes.extents, ElementsAre(1, 4, 8));
  EXPECT_THAT(fragment->nodes[5].attributes.permutation, ElementsAre(0, 2, 1));
  const graph::FragmentValue& weights = fragment->values[3];
  EXPECT_EQ(weights.type, DenseType::kQBInt4);
  EXPECT_EQ(weights.role, Role::kConstant);
  EXPECT_EQ(weights.data.data(), data.entries["weights"].data());
  EXPECT_EQ(weights.quantization.block_scales.size(), 12u);
  EXPECT_EQ(weights.quantization.block_size, 32);
  auto shapes = VerifyFragment(*fragment);
  ASSERT_TRUE(shapes.ok()) << shapes.status();
  EXPECT_EQ(ShapeText((*shapes)[1]), "[1, 8, 4]");
}

TEST(BlobReader, RunsASample) {
  if (!HasBlockwiseKernels()) GTEST_SKIP() << "needs AVX2";
  MapData data;
  const AlignedBytes bytes = SampleBlob(data).Write();
  auto compiler = NewCompiler();
  auto fragment = compiler->Read(bytes.span(), data);
  ASSERT_TRUE(fragment.ok()) << fragment.status();
  auto region = compiler->Compile(*fragment);
  ASSERT_TRUE(region.ok()) << region.status();
  Externals externals(*fragment);
  const Numbers input = RandomNumbers({1, 4, 64}, 1);
  externals.Set(0, input);
  ASSERT_TRUE((*region)->Prepare(externals.pointers()).ok());
  ASSERT_TRUE((*region)->Run(externals.pointers()).ok());
  const Numbers want = Evaluate(*fragment, {input, {}})[1], got = externals.Get(1);
  ASSERT_EQ(got.dims, want.dims);
  // Weights are at most 5 × 0.0115; one activation may round the other way.
  for (size_t i = 0; i < want.values.size(); ++i) ASSERT_NEAR(got.values[i], want.values[i], 0.058 * 2 / 255 + 1e-5);
}

TEST(BlobReader, ReadsFilesWithoutHeader) {
  // Constants inside the flatbuffer, block scales as float32, and an input whose rows are quantised without a node.
  BlobWriter w;
  const uint32_t in = w.Value(blob::DataType::kFloat32, {3, 32}, 1, 0);
  w.last().quantized_as = blob::DataType::kQInt8;
  const uint32_t weights = w.Value(blob::DataType::kQBInt4, {5, 32});
  w.last().constant_index = 1;
  blob::PerBlockT per_block;
  per_block.block_size = 32;
  per_block.scale = {0.01f, 0.02f, 0.03f, 1.0f, 0.05f};
  w.Scale(per_block);
  const uint32_t out = w.Value(blob::DataType::kFloat32, {3, 5}, 2, 1);
  blob::FullyConnectedT node;
  node.input = in;
  node.filter = weights;
  node.bias = 0xFFFFFFFF;
  node.output = out;
  w.Node(blob::AnyNode::FullyConnected, node);
  w.graph.inline_constants.push_back(std::make_unique<blob::BufferT>());
  w.graph.inline_constants.push_back(std::make_unique<blob::BufferT>());
  w.graph.inline_constants[1]->storage.assign(5 * 16, 0x91);
  const AlignedBytes bytes = w.Write(/*header=*/false);
  auto fragment = ReadBlob(bytes.span(), MapData());
  ASSERT_TRUE(fragment.ok()) << fragment.status();
  ASSERT_EQ(fragment->nodes.size(), 2u);
  EXPECT_EQ(fragment->nodes[0].kind, DenseKind::kConvert);
  const uint32_t rows = fragment->nodes[0].outputs[0];
  EXPECT_EQ(fragment->values[rows].type, DenseType::kQDInt8);
  EXPECT_EQ(fragment->nodes[1].inputs[0], rows);
  const graph::FragmentValue& value = fragment->values[fragment->nodes[1].inputs[1]];
  EXPECT_EQ(value.data.size(), 5u * 16);
  // 1.0 scaled by a little less than 1 + 2^-8 and cut off; 0.01 (0x3C23D70A) becomes 0x3C24.
  EXPECT_EQ(value.quantization.block_scales[3], 0x3F80);
  EXPECT_EQ(value.quantization.block_scales[0], 0x3C24);
  const Fragment copy = *fragment;
  fragment = absl::InternalError("gone");
  EXPECT_EQ(copy.values[copy.nodes[1].inputs[1]].quantization.block_scales[0], 0x3C24);
  EXPECT_TRUE(VerifyFragment(copy).ok()) << VerifyFragment(copy).status();
}

TEST(BlobReader, FindsZerosWhereNothingWrites) {
  BlobWriter w;
  const uint32_t unwritten = w.Value(blob::DataType::kQInt8, {2, 3});
  blob::PerTensorT scaling;
  scaling.scale = 0.5;
  scaling.zero_point = 2;
  w.Scale(scaling);
  const uint32_t out = w.Value(blob::DataType::kFloat32, {2, 3}, 2, 0);
  blob::UnaryT convert;
  convert.input = unwritten;
  convert.output = out;
  w.Node(blob::AnyNode::Convert, convert);
  const AlignedBytes bytes = w.Write();
  auto compiler = NewCompiler();
  auto fragment = compiler->Read(bytes.span(), MapData());
  ASSERT_TRUE(fragment.ok()) << fragment.status();
  auto region = compiler->Compile(*fragment);
  ASSERT_TRUE(region.ok()) << region.status();
  Externals externals(*fragment);
  ASSERT_TRUE((*region)->Prepare(externals.pointers()).ok());
  ASSERT_TRUE((*region)->Run(externals.pointers()).ok());
  EXPECT_THAT(externals.Get(0).values, testing::Each(-1));  // (0 - 2) × 0.5
}

TEST(BlobReader, RefusesWhatItCannotRun) {
  MapData data;
  BlobWriter attention = SampleBlob(data);
  attention.Node(blob::AnyNode::ScaledDotProductAttention, blob::ScaledDotProductAttentionT());
  const AlignedBytes attention_bytes = attention.Write();
  auto fragment = ReadBlob(attention_bytes.span(), data);
  EXPECT_EQ(fragment.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(Message(fragment.status()), HasSubstr("ScaledDotProductAttention"));

  BlobWriter packed = SampleBlob(data);
  packed.Value(blob::DataType::kPackedFloat32, {1});
  const AlignedBytes packed_bytes = packed.Write();
  EXPECT_THAT(Message(ReadBlob(packed_bytes.span(), data).status()), HasSubstr("pfp32"));
}

// Breaks one thing in a sample and says what the message must name.
struct Damage {
  const char* name;
  void (*apply)(BlobWriter&);
  const char* message;
};

blob::TensorT& TensorAt(BlobWriter& w, size_t index) {
  blob::AnyTensorUnion& any = w.graph.values[index]->value;
  return any.type == blob::AnyTensor::Tensor ? *any.AsTensor() : *any.AsQuantizedTensor()->tensor;
}

template <typename Table>
Table& NodeAt(BlobWriter& w, size_t index) {
  return *static_cast<Table*>(w.graph.nodes[index]->node.value);
}

const Damage kDamages[] = {
    {"two values of one id", [](BlobWriter& w) { TensorAt(w, 4).id = 2; }, "second value called 2"},
    {"dimension count", [](BlobWriter& w) { TensorAt(w, 4).dim_count = 2; }, "dimensions"},
    {"seven dimensions", [](BlobWriter& w) { TensorAt(w, 4) = TensorAt(w, 4), TensorAt(w, 4).dims.assign(7, 1), TensorAt(w, 4).dim_count = 7; }, "7 dimensions"},
    {"huge dimension", [](BlobWriter& w) { TensorAt(w, 0).dims[0] = 0x80000000; }, "dimension"},
    {"huge product", [](BlobWriter& w) { TensorAt(w, 0).dims.assign(3, 0x7FFFFFFF); }, "too many elements"},
    {"unknown flags", [](BlobWriter& w) { TensorAt(w, 0).flags = 5; }, "flags"},
    {"argument out of range", [](BlobWriter& w) { TensorAt(w, 0).external_id = 9; }, "argument 9"},
    {"argument used twice", [](BlobWriter& w) { TensorAt(w, 0).external_id = 1; }, "argument 1"},
    {"many arguments", [](BlobWriter& w) { w.graph.external_count = 100000; }, "100000 arguments"},
    {"type without scales", [](BlobWriter& w) { TensorAt(w, 4).type = blob::DataType::kQInt8; }, "without scales"},
    {"type with other scales", [](BlobWriter& w) { TensorAt(w, 3).type = blob::DataType::kQInt8; }, "scaling"},
    {"unknown type", [](BlobWriter& w) { TensorAt(w, 4).type = static_cast<blob::DataType>(77); }, "type 77"},
    {"constant that does not exist", [](BlobWriter& w) { TensorAt(w, 3).constant_index = 50; }, "constant 50"},
    {"constant too short", [](BlobWriter& w) { TensorAt(w, 3).dims[0] = 7; }, "bytes"},
    {"constant beyond the region", [](BlobWriter& w) { w.graph.constants[3]->offset = 1 << 20; }, "lies outside"},
    {"constant that wraps", [](BlobWriter& w) { w.graph.constants[3]->offset = UINT64_MAX - 3; }, "lies outside"},
    {"unknown key", [](BlobWriter& w) { w.graph.constants[1]->named_key = "elsewhere"; }, "elsewhere"},
    {"constant as input", [](BlobWriter& w) { TensorAt(w, 0).constant_index = 1; }, "argument"},
    {"blocks that don't divide", [](BlobWriter& w) { w.graph.values[3]->value.AsQuantizedTensor()->scaling.AsPerBlock()->block_size = 48; }, "blocks of 48"},
    {"blocks of zero", [](BlobWriter& w) { w.graph.values[3]->value.AsQuantizedTensor()->scaling.AsPerBlock()->block_size = 0; }, "blocks of 0"},
    {"negative blocks", [](BlobWriter& w) { w.graph.values[3]->value.AsQuantizedTensor()->scaling.AsPerBlock()->block_size = -32; }, "blocks of -32"},
    {"rows of nothing", [](BlobWriter& w) { w.graph.values[2]->value.AsQuantizedTensor()->scaling.AsPerRowDynamic()->row_dims = 0; }, "rows of 0"},
    {"rows too large", [](BlobWriter& w) { w.graph.values[2]->value.AsQuantizedTensor()->scaling.AsPerRowDynamic()->row_dims = 4; }, "rows of 4"},
    {"value that does not exist", [](BlobWriter& w) { NodeAt<blob::BinaryT>(w, 2).input1 = 99; }, "value 99"},
    {"missing weights", [](BlobWriter& w) { NodeAt<blob::FullyConnectedT>(w, 1).filter = 0xFFFFFFFF; }, "value 4294967295"},
    {"read before written", [](BlobWriter& w) { std::swap(w.graph.nodes[2], w.graph.nodes[3]); }, "before it is written"},
    {"written twice", [](BlobWriter& w) { NodeAt<blob::BinaryT>(w, 2).output = 4; }, "content already"},
    {"writes an input", [](BlobWriter& w) { NodeAt<blob::BinaryT>(w, 2).output = 0; }, "content already"},
    {"writes a constant", [](BlobWriter& w) { NodeAt<blob::BinaryT>(w, 2).output = 6; }, "content already"},
    {"output never written", [](BlobWriter& w) { w.graph.nodes.pop_back(); }, "never written"},
    {"no permutation", [](BlobWriter& w) { NodeAt<blob::TransposeT>(w, 5).permutation = {0, 1, 1}; }, "permut"},
    {"short permutation", [](BlobWriter& w) { NodeAt<blob::TransposeT>(w, 5).permutation = {0, 1}; }, "permut"},
    {"large permutation", [](BlobWriter& w) { NodeAt<blob::TransposeT>(w, 5).permutation = {0, 1, 70}; }, "permut"},
    {"slice outside", [](BlobWriter& w) { NodeAt<blob::SliceT>(w, 4).offsets = {0, 0, 2}; }, "elements 2 to 10"},
    {"slice of other rank", [](BlobWriter& w) { NodeAt<blob::SliceT>(w, 4).extents = {1, 4}; }, "extents"},
    {"huge slice", [](BlobWriter& w) { NodeAt<blob::SliceT>(w, 4).extents = {1, 4, 0xFFFFFFFF}; }, "elements"},
    {"pads of other rank", [](BlobWriter& w) { NodeAt<blob::PadT>(w, 3).after = {0}; }, "pads"},
    {"huge pad", [](BlobWriter& w) { NodeAt<blob::PadT>(w, 3).after.assign(3, 0xFFFFFFFF); }, "too many elements"},
    {"shapes that don't fit", [](BlobWriter& w) { TensorAt(w, 6).dims = {5}; }, "broadcast"},
    {"inputs of another width", [](BlobWriter& w) { TensorAt(w, 0).dims = {1, 4, 63}; }, "64 inputs"},
    {"unknown node flags", [](BlobWriter& w) { NodeAt<blob::FullyConnectedT>(w, 1).flags = 0x100; }, "flags"},
    {"empty range", [](BlobWriter& w) { w.graph.nodes[2]->output_range->max = -1; }, "range"},
    {"range that is no number", [](BlobWriter& w) { w.graph.nodes[2]->output_range->max = std::numeric_limits<float>::quiet_NaN(); }, "range"},
};

TEST(BlobReader, NamesWhatIsWrong) {
  for (const Damage& damage : kDamages) {
    SCOPED_TRACE(damage.name);
    MapData data;
    BlobWriter w = SampleBlob(data);
    damage.apply(w);
    const AlignedBytes bytes = w.Write();
    const absl::Status status = NewCompiler()->Read(bytes.span(), data).status();
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(Message(status), HasSubstr(damage.message));
    EXPECT_THAT(status.code(), AnyOf(absl::StatusCode::kInvalidArgument, absl::StatusCode::kNotFound));
  }
}

TEST(BlobReader, NamesWrongScales) {
  for (const uint16_t bits : std::vector<uint16_t>{0x0000, 0x8000, 0xBF80, 0x7F80, 0x7FC0, 0x0001}) {
    MapData data;
    const AlignedBytes bytes = SampleBlob(data).Write();
    std::memcpy(data.entries["scales"].data() + 6, &bits, 2);
    EXPECT_THAT(Message(NewCompiler()->Read(bytes.span(), data).status()), HasSubstr("a scale of")) << bits;
  }
}

TEST(BlobReader, ChecksTheHeader) {
  MapData data;
  const AlignedBytes good = SampleBlob(data).Write();
  const auto with = [&](size_t offset, auto number) {
    AlignedBytes bytes = good;
    std::memcpy(bytes.mutable_span().data() + offset, &number, sizeof(number));
    return Message(ReadBlob(bytes.span(), data).status());
  };
  EXPECT_THAT(with(8, uint16_t{29}), HasSubstr("header"));
  EXPECT_THAT(with(10, uint32_t{0x7FFFFFFF}), HasSubstr("outside"));
  EXPECT_THAT(with(10, uint32_t{65}), HasSubstr("multiple of 8"));
  EXPECT_THAT(with(14, uint32_t{4}), HasSubstr("outside"));
  EXPECT_THAT(with(14, uint32_t{0xFFFFFFFF}), HasSubstr("outside"));
  EXPECT_THAT(with(18, uint32_t{0}), HasSubstr("overlap"));
  EXPECT_THAT(with(18, uint32_t{0xFFFFFFFF}), HasSubstr("outside"));
  EXPECT_THAT(with(22, UINT64_MAX), HasSubstr("outside"));
  EXPECT_THAT(with(64 + 4, uint32_t{0}), HasSubstr("XN00"));
  for (size_t size = 0; size < good.span().size(); ++size) {
    const AlignedBytes cut(good.span().first(size));
    EXPECT_FALSE(ReadBlob(cut.span(), data).ok()) << size;
  }
}

// Every byte, damaged in several ways: read, verified and compiled without harm, whatever comes out.
TEST(BlobReader, SurvivesDamagedBytes) {
  MapData data;
  const AlignedBytes good = SampleBlob(data).Write();
  int compiled = 0, refused = 0;
  for (size_t at = 0; at < good.span().size(); ++at) {
    for (const uint8_t with : std::vector<uint8_t>{0x00, 0x01, 0x7F, 0xFF}) {
      AlignedBytes bytes = good;
      bytes.mutable_span()[at] = static_cast<std::byte>(with);
      auto compiler = NewCompiler();
      auto fragment = compiler->Read(bytes.span(), data);
      if (fragment.ok() && compiler->Compile(*fragment).ok()) {
        ++compiled;
      } else {
        ++refused;
      }
    }
  }
  EXPECT_GT(compiled, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace etd::xnnpack
