#include "tests/unit/backends/xnnpack/blob_writer.h"

#include <cstring>
#include <memory>
#include <utility>

namespace etd::xnnpack {

AlignedBytes::AlignedBytes(std::span<const std::byte> bytes) : words_((bytes.size() + 15) / 16), size_(bytes.size()) {
  if (!bytes.empty()) std::memcpy(words_.data(), bytes.data(), bytes.size());
}

uint32_t BlobWriter::Value(blob::DataType type, std::vector<uint32_t> dims, uint32_t flags, uint32_t external) {
  blob::TensorT tensor;
  tensor.type = type;
  tensor.dim_count = static_cast<uint32_t>(dims.size());
  tensor.dims = std::move(dims);
  tensor.flags = flags;
  tensor.external_id = external;
  tensor.id = static_cast<uint32_t>(graph.values.size());
  if (flags != 0) ++graph.external_count;
  const uint32_t id = tensor.id;
  auto value = std::make_unique<blob::ValueT>();
  value->value.Set(std::move(tensor));
  graph.values.push_back(std::move(value));
  return id;
}

blob::TensorT& BlobWriter::last() {
  blob::AnyTensorUnion& any = graph.values.back()->value;
  return any.type == blob::AnyTensor::Tensor ? *any.AsTensor() : *any.AsQuantizedTensor()->tensor;
}

uint32_t BlobWriter::Constant(std::span<const std::byte> bytes) {
  if (graph.constants.empty()) graph.constants.push_back(std::make_unique<blob::ConstantT>());
  auto constant = std::make_unique<blob::ConstantT>();
  constants_.resize((constants_.size() + 15) / 16 * 16);
  constant->offset = constants_.size();
  constant->size = bytes.size();
  constants_.insert(constants_.end(), bytes.begin(), bytes.end());
  graph.constants.push_back(std::move(constant));
  return static_cast<uint32_t>(graph.constants.size() - 1);
}

uint32_t BlobWriter::NamedConstant(std::string key) {
  if (graph.constants.empty()) graph.constants.push_back(std::make_unique<blob::ConstantT>());
  auto constant = std::make_unique<blob::ConstantT>();
  constant->offset = UINT64_MAX;
  constant->named_key = std::move(key);
  graph.constants.push_back(std::move(constant));
  return static_cast<uint32_t>(graph.constants.size() - 1);
}

AlignedBytes BlobWriter::Write(bool header) const {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(blob::Graph::Pack(builder, &graph), "XN01");
  const auto flat = std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
  if (!header) return AlignedBytes(flat);
  constexpr size_t kHeader = 64;
  std::vector<std::byte> bytes(kHeader);
  bytes.insert(bytes.end(), flat.begin(), flat.end());
  bytes.resize((bytes.size() + 15) / 16 * 16);
  const auto put = [&](size_t offset, auto number) { std::memcpy(bytes.data() + offset, &number, sizeof(number)); };
  std::memcpy(bytes.data() + 4, "XH00", 4);
  put(8, uint16_t{30});
  put(10, uint32_t{kHeader});
  put(14, static_cast<uint32_t>(flat.size()));
  put(18, static_cast<uint32_t>(bytes.size()));
  put(22, uint64_t{constants_.size()});
  bytes.insert(bytes.end(), constants_.begin(), constants_.end());
  return AlignedBytes(bytes);
}

BlobWriter SampleBlob(MapData& data) {
  constexpr uint32_t kNone = 0xFFFFFFFF;
  using Type = blob::DataType;
  BlobWriter w;
  const uint32_t in = w.Value(Type::kFloat32, {1, 4, 64}, 1, 0), out = w.Value(Type::kFloat32, {1, 8, 4}, 2, 1);
  const uint32_t rows = w.Value(Type::kQDInt8, {1, 4, 64});
  blob::PerRowDynamicT per_row;
  per_row.row_dims = 1;
  w.Scale(per_row);
  data.entries["weights"].assign(6 * 32, std::byte{0x5A});
  data.entries["scales"].assign(6 * 2 * 2, std::byte{0x3C});  // bfloat16 0x3C3C
  const uint32_t blocks = w.Value(Type::kQBInt4, {6, 64});
  w.last().constant_index = w.NamedConstant("weights");
  blob::PerBlockT per_block;
  per_block.block_size = 32;
  per_block.scale_buffer_index = w.NamedConstant("scales");
  per_block.scale_count = 12;
  w.Scale(per_block);
  const uint32_t product = w.Value(Type::kFloat32, {1, 4, 6}), sum = w.Value(Type::kFloat32, {1, 4, 6});
  const uint32_t constant = w.Value(Type::kFloat32, {6});
  const float ones[] = {1, 1, 1, 1, 1, 1};
  w.last().constant_index = w.Constant(std::as_bytes(std::span(ones)));
  const uint32_t padded = w.Value(Type::kFloat32, {1, 4, 9}), cut = w.Value(Type::kFloat32, {1, 4, 8});
  const auto node = [&](blob::AnyNode type, auto table, uint32_t from, uint32_t to) {
    table.input = from;
    table.output = to;
    w.Node(type, std::move(table));
  };
  node(blob::AnyNode::Convert, blob::UnaryT(), in, rows);
  blob::FullyConnectedT product_node;
  product_node.filter = blocks;
  product_node.bias = kNone;
  node(blob::AnyNode::FullyConnected, product_node, rows, product);
  blob::BinaryT add;
  add.input1 = product;
  add.input2 = constant;
  add.output = sum;
  w.Node(blob::AnyNode::Add, add);
  w.graph.nodes.back()->output_range = std::make_unique<blob::OutputRangeT>();
  w.graph.nodes.back()->output_range->max = 6;
  blob::PadT pad;
  pad.before = {0, 0, 1};
  pad.after = {0, 0, 2};
  node(blob::AnyNode::StaticConstantPad, pad, sum, padded);
  blob::SliceT slice;
  slice.dim_count = 3;
  slice.offsets = {0, 0, 1};
  slice.extents = {1, 4, 8};
  node(blob::AnyNode::StaticSlice, slice, padded, cut);
  blob::TransposeT transpose;
  transpose.dim_count = 3;
  transpose.permutation = {0, 2, 1};
  node(blob::AnyNode::StaticTranspose, transpose, cut, out);
  return w;
}

}  // namespace etd::xnnpack
