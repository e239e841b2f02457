#include "backends/xnnpack/subgraph_builder.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "backends/xnnpack/node_definer.h"
#include "backends/xnnpack/packing_identity.h"
#include "backends/xnnpack/status.h"
#include "backends/xnnpack/types.h"
#include "runtime/base/status.h"

namespace etd::xnnpack {
namespace {

using graph::DenseKind;
using graph::DenseType;
using graph::FragmentNode;
using graph::FragmentValue;
using Role = FragmentValue::Role;

xnn_datatype XnnType(DenseType type) {
  switch (type) {
    case DenseType::kFloat32: return xnn_datatype_fp32;
    case DenseType::kFloat16: return xnn_datatype_fp16;
    case DenseType::kBFloat16: return xnn_datatype_bf16;
    case DenseType::kInt32:
    case DenseType::kInt64: return xnn_datatype_int32;
    case DenseType::kQInt8: return xnn_datatype_qint8;
    case DenseType::kQUInt8: return xnn_datatype_quint8;
    case DenseType::kQInt32: return xnn_datatype_qint32;
    case DenseType::kQCInt8: return xnn_datatype_qcint8;
    case DenseType::kQCInt32: return xnn_datatype_qcint32;
    case DenseType::kQCInt4: return xnn_datatype_qcint4;
    case DenseType::kQBInt4: return xnn_datatype_qbint4;
    case DenseType::kQDInt8: return xnn_datatype_qdint8;
  }
  return xnn_datatype_invalid;
}

class Builder {
 public:
  Builder(const Lowered& lowered, WeightStore& store)
      : lowered_(lowered), store_(store), ids_(lowered.fragment.values.size(), XNN_INVALID_VALUE_ID) {}

  absl::StatusOr<BuiltSubgraph> Build() {
    FindUnwantedOutputs();
    const size_t externals = lowered_.fragment.external_count + built_.unwanted.size();
    xnn_subgraph_t subgraph = nullptr;
    ETD_RETURN_IF_ERROR(
        FromXnn(xnn_create_subgraph(static_cast<uint32_t>(externals), 0, &subgraph), "making a subgraph"));
    built_.subgraph.reset(subgraph);
    const std::vector<bool> used = UsedValues();
    for (uint32_t i = 0; i < ids_.size(); ++i) {
      if (!used[i] || constant(i)) continue;
      ETD_RETURN_IF_ERROR(Annotate(DefineVariable(i), fmt::format("value {}", i)));
    }
    for (size_t i = 0; i < lowered_.fragment.nodes.size(); ++i) {
      ETD_RETURN_IF_ERROR(Annotate(AddNode(lowered_.fragment.nodes[i]), fmt::format("node {}", i)));
    }
    return std::move(built_);
  }

 private:
  const FragmentValue& value(uint32_t index) const { return lowered_.fragment.values[index]; }
  const Shape& shape(uint32_t index) const { return lowered_.shapes[index]; }
  bool constant(uint32_t index) const { return value(index).role == Role::kConstant; }

  std::vector<bool> UsedValues() const {
    std::vector<bool> used(lowered_.fragment.values.size());
    for (const FragmentNode& node : lowered_.fragment.nodes) {
      for (const uint32_t index : node.inputs) used[index] = true;
      for (const uint32_t index : node.outputs) used[index] = true;
    }
    return used;
  }

  void FindUnwantedOutputs() {
    std::vector<bool> read(lowered_.fragment.values.size());
    for (const FragmentNode& node : lowered_.fragment.nodes) {
      for (const uint32_t input : node.inputs) read[input] = true;
    }
    for (const FragmentNode& node : lowered_.fragment.nodes) {
      for (const uint32_t output : node.outputs) {
        if (value(output).role != Role::kInternal || read[output]) continue;
        const auto number = static_cast<uint32_t>(lowered_.fragment.external_count + built_.unwanted.size());
        built_.unwanted.push_back({number, output});
      }
    }
  }

  absl::Status DefineVariable(uint32_t index) {
    const FragmentValue& v = value(index);
    uint32_t external = XNN_INVALID_VALUE_ID, flags = 0;
    if (v.role == Role::kInput || v.role == Role::kOutput) external = v.external;
    if (v.role == Role::kInput) flags = XNN_VALUE_FLAG_EXTERNAL_INPUT;
    if (v.role == Role::kOutput) flags = XNN_VALUE_FLAG_EXTERNAL_OUTPUT;
    for (const UnwantedOutput& unwanted : built_.unwanted) {
      if (unwanted.value != index) continue;
      external = unwanted.external;
      flags = XNN_VALUE_FLAG_EXTERNAL_OUTPUT;
    }
    std::array<size_t, kMaxDims> ones;
    ones.fill(1);
    return Define(v, {ones.data(), shape(index).rank}, nullptr, external, flags, &ids_[index]);
  }

  absl::Status Define(const FragmentValue& v, std::span<const size_t> dims, const void* data, uint32_t external,
                      uint32_t flags, uint32_t* id) {
    const graph::Quantization& q = v.quantization;
    const xnn_datatype type = XnnType(v.type);
    const auto channel = static_cast<size_t>(q.channel_dim);
    xnn_subgraph_t graph = built_.subgraph.get();
    xnn_status status = xnn_status_success;
    if (IsPerTensor(v.type)) {
      status = xnn_define_quantized_tensor_value(graph, type, q.zero_point, q.scale, dims.size(), dims.data(), data,
                                                 external, flags, id);
    } else if (IsPerChannel(v.type)) {
      status = xnn_define_channelwise_quantized_tensor_value_v2(graph, type, q.zero_point, q.channel_scales.data(),
                                                                dims.size(), channel, dims.data(), data, external,
                                                                flags, id);
    } else if (v.type == DenseType::kQBInt4) {
      status = xnn_define_blockwise_quantized_tensor_value(graph, type, q.zero_point, q.block_scales.data(),
                                                           dims.size(), channel, static_cast<size_t>(q.block_size),
                                                           dims.data(), data, external, flags, id);
    } else if (v.type == DenseType::kQDInt8) {
      status = xnn_define_dynamically_quantized_tensor_value(
          graph, type, dims.size(), static_cast<size_t>(q.row_dims), dims.data(), external, flags, id);
    } else {
      status = xnn_define_tensor_value(graph, type, dims.size(), dims.data(), data, external, flags, id);
    }
    return FromXnn(status, fmt::format("defining a value of type {}", TypeName(v.type)));
  }

  // Whether XNNPACK copies this constant operand into packed weights when the runtime is made.
  bool Packed(const FragmentNode& node, size_t position) const {
    switch (node.kind) {
      case DenseKind::kFullyConnected:
      case DenseKind::kConvolution:
      case DenseKind::kDepthwiseConvolution:
      case DenseKind::kTransposedConvolution: {
        const auto fixed = [this](uint32_t index) { return constant(index); };
        return position >= 1 && std::all_of(node.inputs.begin() + 1, node.inputs.end(), fixed);
      }
      case DenseKind::kBatchMatrixMultiply: return position == 1 && value(node.inputs[1]).type == DenseType::kFloat32;
      default: return false;
    }
  }

  absl::StatusOr<uint32_t> DefineConstant(const FragmentNode& node, size_t position) {
    const uint32_t index = node.inputs[position];
    const bool packed = Packed(node, position);
    if (!packed) {
      if (const auto at = kept_.find(index); at != kept_.end()) return at->second;
    }
    const FragmentValue& v = value(index);
    const size_t row = shape(index).rank == 0 ? 1 : shape(index).inner(0);
    const void* data = nullptr;
    if (v.data.empty()) return Unimplemented("a constant without elements");
    if (packed) {
      const std::string identity = position == 1 ? PackingIdentity(node, lowered_) : std::string();
      ETD_ASSIGN_OR_RETURN(data, store_.Stage(identity, v.data, lowered_.forms[index], row));
    } else {
      ETD_ASSIGN_OR_RETURN(data, store_.Keep(v.data, lowered_.forms[index], row));
    }
    store_.Hold(v.owned);
    if (v.owned == nullptr) {
      store_.AddSource(v.data);
      store_.AddSource(std::as_bytes(v.quantization.block_scales));
    }
    uint32_t id = XNN_INVALID_VALUE_ID;
    ETD_RETURN_IF_ERROR(Define(v, shape(index).span(), data, XNN_INVALID_VALUE_ID, 0, &id));
    if (!packed) kept_[index] = id;
    return id;
  }

  absl::Status AddNode(const FragmentNode& node) {
    NodeIds ids;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      uint32_t id = ids_[node.inputs[i]];
      if (constant(node.inputs[i])) {
        ETD_ASSIGN_OR_RETURN(id, DefineConstant(node, i));
      }
      ids.inputs.push_back(id);
    }
    for (const uint32_t output : node.outputs) ids.outputs.push_back(ids_[output]);
    return DefineNode(built_.subgraph.get(), node, ids);
  }

  const Lowered& lowered_;
  WeightStore& store_;
  BuiltSubgraph built_;
  std::vector<uint32_t> ids_;           // XNNPACK's ids of values that are not constant.
  std::map<uint32_t, uint32_t> kept_;  // Of constants that are read in place.
};

}  // namespace

absl::StatusOr<BuiltSubgraph> BuildSubgraph(const Lowered& lowered, WeightStore& store) {
  return Builder(lowered, store).Build();
}

}  // namespace etd::xnnpack
