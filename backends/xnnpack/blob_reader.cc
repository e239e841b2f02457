#include "backends/xnnpack/blob_reader.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backends/xnnpack/blob_layout.h"
#include "backends/xnnpack/blob_nodes.h"
#include "backends/xnnpack/schema/xnnpack_blob_generated.h"
#include "backends/xnnpack/shape.h"
#include "backends/xnnpack/types.h"
#include "runtime/base/checked_math.h"
#include "runtime/base/status.h"

namespace etd::xnnpack {
namespace {

using graph::DenseKind;
using graph::DenseType;
using graph::Fragment;
using graph::FragmentValue;
using graph::Quantization;
using Role = FragmentValue::Role;

constexpr uint32_t kNoExternal = 0xFFFFFFFF;
constexpr uint32_t kInputFlag = 1, kOutputFlag = 2;
constexpr int32_t kInt4ZeroPoint = 8;
constexpr uint32_t kMaxDepth = 16;
constexpr uint32_t kMaxTables = 4'000'000;
constexpr size_t kMaxUnwrittenBytes = size_t{16} << 20;

absl::StatusOr<DenseType> TypeOf(blob::DataType type) {
  switch (type) {
    case blob::DataType::kFloat32: return DenseType::kFloat32;
    case blob::DataType::kFloat16: return DenseType::kFloat16;
    case blob::DataType::kQInt8: return DenseType::kQInt8;
    case blob::DataType::kQUInt8: return DenseType::kQUInt8;
    case blob::DataType::kQInt32: return DenseType::kQInt32;
    case blob::DataType::kQCInt8: return DenseType::kQCInt8;
    case blob::DataType::kQCInt32: return DenseType::kQCInt32;
    case blob::DataType::kQCInt4: return DenseType::kQCInt4;
    case blob::DataType::kQDInt8: return DenseType::kQDInt8;
    case blob::DataType::kQBInt4: return DenseType::kQBInt4;
    case blob::DataType::kInt32: return DenseType::kInt32;
    case blob::DataType::kBFloat16: return DenseType::kBFloat16;
    case blob::DataType::kQPInt8: return Unimplemented("values packed for KleidiAI (qpint8)");
    case blob::DataType::kPackedFloat32: return Unimplemented("packed values (pfp32)");
    case blob::DataType::kInvalid: break;
  }
  return InvalidArgument("element type {}", static_cast<int>(type));
}

// As ExecuTorch rounds scales that older exporters wrote as float32: scaled by just under 1 + 2^-8, then cut off. Rounding
// properly would give other weights than it has.
uint16_t RoundOldScale(float scale) {
  return static_cast<uint16_t>(std::bit_cast<uint32_t>(scale * 1.00389105f) >> 16);
}

class Reader {
 public:
  Reader(const blob::Graph& graph, std::span<const std::byte> constants, const graph::NamedDataSource& named_data)
      : graph_(graph), constants_(constants), named_data_(named_data) {}

  absl::StatusOr<Fragment> Read() {
    fragment_.external_count = graph_.external_count();
    if (graph_.values() == nullptr || graph_.nodes() == nullptr) return InvalidArgument("no values or no nodes");
    for (const blob::Value* value : *graph_.values()) {
      ETD_RETURN_IF_ERROR(Annotate(ReadValue(*value), fmt::format("value {}", fragment_.values.size())));
    }
    for (const blob::Node* node : *graph_.nodes()) {
      absl::StatusOr<graph::FragmentNode> read = ReadNode(*node, ids_);
      if (!read.ok()) return Annotate(read.status(), fmt::format("node {}", fragment_.nodes.size()));
      fragment_.nodes.push_back(*std::move(read));
    }
    ETD_RETURN_IF_ERROR(FillUnwritten());
    return std::move(fragment_);
  }

 private:
  // Exporters cut some quantised models so that a delegate reads a value which nothing writes. ExecuTorch runs such files
  // and finds the zeros of its fresh working memory there; so the value is a constant of zeros.
  absl::Status FillUnwritten() {
    std::vector<bool> written(fragment_.values.size());
    for (const graph::FragmentNode& node : fragment_.nodes) {
      for (const uint32_t output : node.outputs) written[output] = true;
    }
    for (const graph::FragmentNode& node : fragment_.nodes) {
      for (const uint32_t input : node.inputs) {
        FragmentValue& value = fragment_.values[input];
        if (written[input] || value.role != Role::kInternal) continue;
        ETD_ASSIGN_OR_RETURN(const Shape shape, DeclaredShape(value));
        const size_t bytes = ConstantBytes(value.type, shape);
        if (bytes > kMaxUnwrittenBytes || !TensorType(value.type).has_value()) {
          return InvalidArgument("value {} of type {} and shape {} is read but never written", input,
                                 TypeName(value.type), ShapeText(shape));
        }
        auto zeros = std::make_shared<std::vector<std::byte>>(bytes);
        value.role = Role::kConstant;
        value.data = *zeros;
        value.owned = std::move(zeros);
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadValue(const blob::Value& value) {
    const blob::Tensor* tensor = value.value_as_Tensor();
    const blob::QuantizedTensor* quantized = value.value_as_QuantizedTensor();
    if (quantized != nullptr) tensor = quantized->tensor();
    if (tensor == nullptr) return InvalidArgument("neither a tensor nor a quantised one");
    FragmentValue read;
    ETD_ASSIGN_OR_RETURN(read.type, TypeOf(tensor->type()));
    const size_t dims = tensor->dims() == nullptr ? 0 : tensor->dims()->size();
    if (dims != tensor->dim_count() || dims > kMaxDims) {
      return InvalidArgument("{} dimensions where {} are said", dims, tensor->dim_count());
    }
    for (size_t i = 0; i < dims; ++i) {
      const uint32_t dim = tensor->dims()->Get(static_cast<uint32_t>(i));
      if (dim > INT32_MAX) return InvalidArgument("a dimension of {}", dim);
      read.dims.push_back(static_cast<int32_t>(dim));
    }
    ETD_ASSIGN_OR_RETURN(const Shape shape, DeclaredShape(read));
    ETD_RETURN_IF_ERROR(ReadRole(*tensor, read));
    if (quantized != nullptr) {
      ETD_RETURN_IF_ERROR(ReadScaling(*quantized, read));
    } else if (IsPerTensor(read.type) || IsPerChannel(read.type) || read.type == DenseType::kQBInt4 ||
               read.type == DenseType::kQDInt8) {
      return InvalidArgument("type {} without scales", TypeName(read.type));
    }
    if (tensor->constant_index() != 0) {
      read.role = Role::kConstant;
      ETD_ASSIGN_OR_RETURN(read.data, Constant(tensor->constant_index(), ConstantBytes(read.type, shape)));
    }
    uint32_t index = Append(std::move(read));
    if (tensor->quantized_as() != blob::DataType::kInvalid) {
      ETD_ASSIGN_OR_RETURN(index, QuantizeRows(*tensor, index));
    }
    if (!ids_.try_emplace(tensor->id(), index).second) return InvalidArgument("the second value called {}", tensor->id());
    return absl::OkStatus();
  }

  uint32_t Append(FragmentValue value) {
    fragment_.values.push_back(std::move(value));
    return static_cast<uint32_t>(fragment_.values.size() - 1);
  }

  absl::Status ReadRole(const blob::Tensor& tensor, FragmentValue& read) {
    switch (tensor.flags()) {
      case 0: read.role = Role::kInternal; break;
      case kInputFlag: read.role = Role::kInput; break;
      case kOutputFlag: read.role = Role::kOutput; break;
      default: return InvalidArgument("flags {:#x}", tensor.flags());
    }
    if (read.role == Role::kInternal) return absl::OkStatus();
    if (tensor.constant_index() != 0) return InvalidArgument("a constant is an argument");
    if (tensor.external_id() == kNoExternal) return InvalidArgument("an argument without a number");
    read.external = tensor.external_id();
    return absl::OkStatus();
  }

  // Older files say at an input that its rows are quantised before use; newer ones have a node for that.
  absl::StatusOr<uint32_t> QuantizeRows(const blob::Tensor& tensor, uint32_t input) {
    if (tensor.quantized_as() != blob::DataType::kQInt8 || fragment_.values[input].role != Role::kInput) {
      return InvalidArgument("dynamic quantisation as type {} of something that is no input",
                             static_cast<int>(tensor.quantized_as()));
    }
    FragmentValue rows;
    rows.type = DenseType::kQDInt8;
    rows.dims = fragment_.values[input].dims;
    rows.quantization.row_dims = 1;
    const uint32_t index = Append(std::move(rows));
    fragment_.nodes.push_back({DenseKind::kConvert, {input}, {index}, {}});
    return index;
  }

  absl::Status ReadScaling(const blob::QuantizedTensor& quantized, FragmentValue& read) {
    Quantization& q = read.quantization;
    if (const auto* scaling = quantized.scaling_as_PerTensor(); scaling != nullptr && IsPerTensor(read.type)) {
      q.scale = scaling->scale();
      q.zero_point = scaling->zero_point();
      return absl::OkStatus();
    }
    if (const auto* scaling = quantized.scaling_as_PerChannel(); scaling != nullptr && IsPerChannel(read.type)) {
      q.channel_dim = scaling->channel_dim();
      q.zero_point = read.type == DenseType::kQCInt4 ? kInt4ZeroPoint : 0;
      return ReadChannelScales(*scaling, read);
    }
    if (const auto* scaling = quantized.scaling_as_PerRowDynamic();
        scaling != nullptr && read.type == DenseType::kQDInt8) {
      q.row_dims = scaling->row_dims();
      return absl::OkStatus();
    }
    if (const auto* scaling = quantized.scaling_as_PerBlock(); scaling != nullptr && read.type == DenseType::kQBInt4) {
      q.channel_dim = scaling->channel_dim();
      q.block_size = scaling->block_size();
      q.zero_point = kInt4ZeroPoint;
      return ReadBlockScales(*scaling, read);
    }
    return InvalidArgument("type {} with scaling of kind {}", TypeName(read.type),
                           static_cast<int>(quantized.scaling_type()));
  }

  absl::Status ReadChannelScales(const blob::PerChannel& scaling, FragmentValue& read) {
    Quantization& q = read.quantization;
    if (q.channel_dim < 0 || static_cast<size_t>(q.channel_dim) >= read.dims.size()) {
      return InvalidArgument("channels in dimension {} of {}", q.channel_dim, read.dims.size());
    }
    if (scaling.scale_buffer_index() == 0) {
      if (scaling.scale() == nullptr) return InvalidArgument("no scales");
      q.channel_scales.assign(scaling.scale()->begin(), scaling.scale()->end());
      return absl::OkStatus();
    }
    const auto channels = static_cast<size_t>(read.dims[static_cast<size_t>(q.channel_dim)]);
    ETD_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes,
                         Constant(scaling.scale_buffer_index(), channels * sizeof(float)));
    q.channel_scales.resize(channels);
    if (channels != 0) std::memcpy(q.channel_scales.data(), bytes.data(), bytes.size());
    return absl::OkStatus();
  }

  absl::Status ReadBlockScales(const blob::PerBlock& scaling, FragmentValue& read) {
    Quantization& q = read.quantization;
    auto owned = std::make_shared<std::vector<uint16_t>>();
    if (scaling.scale_buffer_index() == 0) {
      if (scaling.scale() == nullptr) return InvalidArgument("no scales");
      for (const float scale : *scaling.scale()) owned->push_back(RoundOldScale(scale));
    } else {
      if (q.block_size <= 0 || read.dims.size() != 2) return InvalidArgument("blocks of {}", q.block_size);
      const size_t count = static_cast<size_t>(read.dims[0]) * static_cast<size_t>(read.dims[1] / q.block_size);
      ETD_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes,
                           Constant(scaling.scale_buffer_index(), count * sizeof(uint16_t)));
      if (reinterpret_cast<uintptr_t>(bytes.data()) % alignof(uint16_t) == 0) {
        q.block_scales = {reinterpret_cast<const uint16_t*>(bytes.data()), count};
        return absl::OkStatus();
      }
      owned->resize(count);
      if (count != 0) std::memcpy(owned->data(), bytes.data(), bytes.size());
    }
    q.block_scales = *owned;
    read.owned = std::move(owned);
    return absl::OkStatus();
  }

  // The first `size` bytes of constant `index` (files pad them).
  absl::StatusOr<std::span<const std::byte>> Constant(uint32_t index, size_t size) {
    ETD_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, ConstantBytesAt(index));
    if (bytes.size() < size) {
      return InvalidArgument("constant {} has {} bytes where {} are needed", index, bytes.size(), size);
    }
    return bytes.first(size);
  }

  absl::StatusOr<std::span<const std::byte>> ConstantBytesAt(uint32_t index) {
    if (graph_.inline_constants() != nullptr && graph_.inline_constants()->size() != 0) {
      if (index >= graph_.inline_constants()->size()) return InvalidArgument("constant {} does not exist", index);
      const blob::Buffer* buffer = graph_.inline_constants()->Get(index);
      if (buffer->storage() == nullptr) return InvalidArgument("constant {} has no bytes", index);
      return std::as_bytes(std::span(buffer->storage()->data(), buffer->storage()->size()));
    }
    if (graph_.constants() == nullptr || index >= graph_.constants()->size()) {
      return InvalidArgument("constant {} does not exist", index);
    }
    const blob::Constant* constant = graph_.constants()->Get(index);
    if (constant->named_key() != nullptr && constant->named_key()->size() != 0) {
      absl::StatusOr<std::span<const std::byte>> bytes = named_data_.Find(
          std::string_view(constant->named_key()->data(), constant->named_key()->size()));
      if (!bytes.ok()) return Annotate(bytes.status(), fmt::format("constant {}", index));
      return *bytes;
    }
    if (!RangeFits<uint64_t>(constant->offset(), constant->size(), constants_.size())) {
      return InvalidArgument("constant {} of {} bytes at {} lies outside the {} bytes of constants", index,
                             constant->size(), constant->offset(), constants_.size());
    }
    return constants_.subspan(constant->offset(), constant->size());
  }

  const blob::Graph& graph_;
  std::span<const std::byte> constants_;
  const graph::NamedDataSource& named_data_;
  Fragment fragment_;
  ValueIds ids_;
};

absl::StatusOr<Fragment> Read(std::span<const std::byte> bytes, const graph::NamedDataSource& named_data) {
  ETD_ASSIGN_OR_RETURN(const BlobLayout layout, FindBlobParts(bytes));
  if (reinterpret_cast<uintptr_t>(layout.graph.data()) % 8 != 0) {
    return InvalidArgument("the graph does not start at a multiple of 8");
  }
  const auto* identifier = reinterpret_cast<const char*>(layout.graph.data()) + 4;
  if (std::memcmp(identifier, "XN01", 4) != 0 && std::memcmp(identifier, "XN00", 4) != 0) {
    return InvalidArgument("the identifier is neither XN00 nor XN01");
  }
  const auto* data = reinterpret_cast<const uint8_t*>(layout.graph.data());
  flatbuffers::Verifier verifier(data, layout.graph.size(), kMaxDepth, kMaxTables);
  if (!verifier.VerifyBuffer<blob::Graph>(nullptr)) return InvalidArgument("the flatbuffer is damaged");
  return Reader(*flatbuffers::GetRoot<blob::Graph>(data), layout.constants, named_data).Read();
}

}  // namespace

absl::StatusOr<Fragment> ReadBlob(std::span<const std::byte> blob, const graph::NamedDataSource& named_data) {
  absl::StatusOr<Fragment> fragment = Read(blob, named_data);
  if (!fragment.ok()) return Annotate(fragment.status(), "the XNNPACK delegate's program can't be read");
  return fragment;
}

}  // namespace etd::xnnpack
