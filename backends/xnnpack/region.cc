#include "backends/xnnpack/region.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "backends/xnnpack/shape_rules.h"
#include "backends/xnnpack/status.h"
#include "backends/xnnpack/subgraph_builder.h"
#include "backends/xnnpack/types.h"
#include "runtime/base/status.h"

namespace etd::xnnpack {
namespace {

using graph::FragmentValue;
using Role = FragmentValue::Role;
using tensor::ScalarType;
using tensor::Tensor;

// The sizes of `tensor` from outermost to innermost in memory, with `rank` dimensions.
absl::StatusOr<Shape> MemoryShape(const Tensor& tensor, size_t rank) {
  const auto tensor_rank = static_cast<size_t>(tensor.rank());
  std::array<size_t, tensor::kMaxRank> dims{};
  for (size_t i = 0; i < tensor_rank; ++i) dims[i] = static_cast<size_t>(tensor.size(tensor.dim_order()[i]));
  size_t surplus = 0;
  while (tensor_rank - surplus > rank && dims[surplus] == 1) ++surplus;
  if (tensor_rank - surplus > rank) {
    return InvalidArgument("a tensor of shape {} where one of {} dimensions belongs",
                           tensor::ShapeText(tensor.sizes()), rank);
  }
  Shape shape;
  shape.rank = rank;
  const size_t missing = rank - (tensor_rank - surplus);
  for (size_t i = 0; i < rank; ++i) shape[i] = i < missing ? 1 : dims[surplus + i - missing];
  return shape;
}

// Gives `tensor` the sizes that `shape` has in the tensor's memory order.
absl::Status ResizeToMemoryShape(const Shape& shape, Tensor& tensor) {
  const auto tensor_rank = static_cast<size_t>(tensor.rank());
  std::array<int32_t, tensor::kMaxRank> sizes;
  sizes.fill(1);
  for (size_t i = 0; i < std::max(shape.rank, tensor_rank); ++i) {
    // Both are aligned at their innermost dimensions.
    const size_t size = i < shape.rank ? shape.inner(i) : 1;
    if (i < tensor_rank) {
      sizes[tensor.dim_order()[tensor_rank - 1 - i]] = static_cast<int32_t>(size);
    } else if (size != 1) {
      return InvalidArgument("shape {} where a tensor of {} dimensions belongs", ShapeText(shape), tensor_rank);
    }
  }
  return tensor.Resize({sizes.data(), tensor_rank});
}

size_t ElementBytes(graph::DenseType type) { return ConstantBytes(type, Shape{}); }

}  // namespace

absl::StatusOr<std::unique_ptr<XnnpackRegion>> XnnpackRegion::Create(const graph::Fragment& fragment,
                                                                     std::span<const Shape> shapes,
                                                                     const RegionContext& context) {
  ETD_ASSIGN_OR_RETURN(Lowered lowered, Lower(fragment, shapes));
  ETD_ASSIGN_OR_RETURN(BuiltSubgraph built, BuildSubgraph(lowered, context.store));
  auto region = std::unique_ptr<XnnpackRegion>(new XnnpackRegion());
  xnn_runtime_t runtime = nullptr;
  const uint32_t flags = context.profile ? XNN_FLAG_BASIC_PROFILING : 0;
  ETD_RETURN_IF_ERROR(FromXnn(
      xnn_create_runtime_v4(built.subgraph.get(), context.store.provider(), context.workspace,
                            context.pool == nullptr || context.pool->size() == 1 ? nullptr : context.pool->native(),
                            flags, &runtime),
      "packing weights and choosing kernels"));
  region->runtime_.reset(runtime);
  region->profile_ = context.profile;
  region->working_limit_bytes_ = context.working_limit_bytes;
  region->nodes_ = std::move(lowered.fragment.nodes);
  region->shapes_ = std::move(lowered.shapes);
  for (const FragmentValue& value : lowered.fragment.values) {
    region->element_bytes_.push_back(ElementBytes(value.type));
    region->inside_.push_back(value.role == Role::kInternal);
  }
  std::vector<bool> used(fragment.values.size());
  for (const graph::FragmentNode& node : region->nodes_) {
    for (const uint32_t index : node.inputs) {
      if (index < used.size()) used[index] = true;
    }
  }
  for (uint32_t i = 0; i < fragment.values.size(); ++i) {
    const FragmentValue& value = fragment.values[i];
    if (value.role == Role::kInput && used[i]) region->inputs_.push_back({value.external, i, value.type});
    if (value.role == Role::kOutput) region->outputs_.push_back({value.external, i, value.type});
  }
  for (const UnwantedOutput& unwanted : built.unwanted) region->sinks_.push_back({unwanted.external, unwanted.value, {}});
  region->scratch_shapes_.resize(region->inputs_.size());
  region->bindings_.resize(region->inputs_.size() + region->outputs_.size() + region->sinks_.size());
  return region;
}

absl::StatusOr<Tensor*> XnnpackRegion::TensorOf(const Port& port, std::span<Tensor* const> externals) const {
  Tensor* tensor = port.external < externals.size() ? externals[port.external] : nullptr;
  if (tensor == nullptr) return InvalidArgument("argument {} of the region is missing", port.external);
  const bool widened = tensor->type() == ScalarType::kInt64 && port.type == graph::DenseType::kInt32 &&
                       &port >= outputs_.data() && &port < outputs_.data() + outputs_.size();
  if (tensor->type() != TensorType(port.type) && !widened) {
    return InvalidArgument("argument {} of the region is of type {} instead of {}", port.external,
                           tensor::ScalarTypeName(tensor->type()), TypeName(port.type));
  }
  return tensor;
}

absl::Status XnnpackRegion::Prepare(std::span<Tensor* const> externals) {
  if (broken_) return FailedPrecondition("an earlier lack of memory left this part of the model unusable; load it again");
  bool changed = !prepared_;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    ETD_ASSIGN_OR_RETURN(const Tensor* tensor, TensorOf(inputs_[i], externals));
    const Shape& now = shapes_[inputs_[i].value];
    ETD_ASSIGN_OR_RETURN(scratch_shapes_[i], MemoryShape(*tensor, now.rank));
    changed = changed || !(scratch_shapes_[i] == now);
  }
  if (changed) ETD_RETURN_IF_ERROR(Reshape(scratch_shapes_));
  return ResizeOutputs(externals);
}

absl::Status XnnpackRegion::InferAll() {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    ETD_RETURN_IF_ERROR(Annotate(InferShapes(nodes_[i], shapes_), fmt::format("node {}", i)));
  }
  return absl::OkStatus();
}

// XNNPACK would fill whatever it gets with zeros; a file that pads a number to the size of the machine must not have that.
absl::Status XnnpackRegion::CheckWorkingMemory() const {
  double bytes = 0;
  for (size_t i = 0; i < shapes_.size(); ++i) {
    if (inside_[i]) bytes += static_cast<double>(shapes_[i].numel() * element_bytes_[i]);
  }
  for (const graph::FragmentNode& node : nodes_) {
    // Windows are walked along lists of pointers, one for each pixel and element of the window.
    const graph::DenseAttributes& a = node.attributes;
    const Shape& out = shapes_[node.outputs[0]];
    if (a.kernel_height == 0 || out.rank != 4) continue;
    const double pixels = static_cast<double>(out[1]) * static_cast<double>(out[2]);
    bytes += pixels * a.kernel_height * a.kernel_width * static_cast<double>(sizeof(void*));
  }
  if (bytes <= static_cast<double>(working_limit_bytes_)) return absl::OkStatus();
  return ResourceExhausted("these shapes need about {:.0f} MiB of working memory; at most {} MiB are given to a region",
                           bytes / (1 << 20), working_limit_bytes_ >> 20);
}

absl::Status XnnpackRegion::Reshape(std::span<const Shape> inputs) {
  prepared_ = false;
  bound_ = false;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    ETD_RETURN_IF_ERROR(CheckShape(inputs[i]));
    shapes_[inputs_[i].value] = inputs[i];
  }
  ETD_RETURN_IF_ERROR(InferAll());
  const auto is_empty = [this](uint32_t index) { return shapes_[index].numel() == 0; };
  empty_ = false;
  for (const graph::FragmentNode& node : nodes_) {
    empty_ = empty_ || std::ranges::any_of(node.inputs, is_empty) || std::ranges::any_of(node.outputs, is_empty);
  }
  if (empty_) {
    if (!std::ranges::all_of(outputs_, [&](const Port& port) { return is_empty(port.value); })) {
      return Unimplemented("an empty tensor inside a part of the model whose results are not empty");
    }
    prepared_ = true;
    return absl::OkStatus();
  }
  ETD_RETURN_IF_ERROR(CheckWorkingMemory());
  for (const Port& port : inputs_) {
    const Shape& shape = shapes_[port.value];
    ETD_RETURN_IF_ERROR(
        FromXnn(xnn_reshape_external_value(runtime_.get(), port.external, shape.rank, shape.dims.data()), "reshaping"));
  }
  absl::Status status = FromXnn(xnn_reshape_runtime(runtime_.get()), "planning for new shapes");
  if (status.ok() && !planned_shapes_.empty() && SharesMemoryDifferently()) status = PlanAnew();
  broken_ = !status.ok();
  ETD_RETURN_IF_ERROR(status);
  planned_shapes_ = shapes_;
  prepared_ = true;
  return absl::OkStatus();
}

// XNNPACK lets the result of an elementwise node overwrite an input of the same size, decides that when it plans, and
// plans again only when something has grown. An input that is broadcast since would be overwritten while it is read.
bool XnnpackRegion::SharesMemoryDifferently() const {
  for (const graph::FragmentNode& node : nodes_) {
    if (node.inputs.size() != 2 || node.outputs.size() != 1) continue;
    for (const uint32_t input : node.inputs) {
      const bool was_whole = planned_shapes_[input].numel() == planned_shapes_[node.outputs[0]].numel();
      if (was_whole && shapes_[input].numel() < shapes_[node.outputs[0]].numel()) return true;
    }
  }
  return false;
}

absl::Status XnnpackRegion::PlanAnew() {
  // The one entry point that always plans. It takes the addresses too, which Bind sets again.
  return FromXnn(xnn_setup_runtime(runtime_.get(), 0, nullptr), "planning for new shapes");
}

absl::Status XnnpackRegion::ResizeOutputs(std::span<Tensor* const> externals) const {
  for (const Port& port : outputs_) {
    ETD_ASSIGN_OR_RETURN(Tensor * tensor, TensorOf(port, externals));
    ETD_RETURN_IF_ERROR(
        Annotate(ResizeToMemoryShape(shapes_[port.value], *tensor), fmt::format("result {}", port.external)));
  }
  return absl::OkStatus();
}

absl::Status XnnpackRegion::Bind(std::span<Tensor* const> externals) {
  size_t next = 0;
  const auto bind = [&](uint32_t external, void* data) {
    xnn_external_value& binding = bindings_[next++];
    bound_ = bound_ && binding.id == external && binding.data == data;
    binding = {external, data};
  };
  for (const std::vector<Port>* ports : {&inputs_, &outputs_}) {
    for (const Port& port : *ports) {
      ETD_ASSIGN_OR_RETURN(Tensor * tensor, TensorOf(port, externals));
      if (tensor->raw() == nullptr) return InvalidArgument("argument {} of the region has no memory", port.external);
      if (static_cast<size_t>(tensor->numel()) != shapes_[port.value].numel()) {
        return InvalidArgument("argument {} of the region has shape {} since it was prepared for {}", port.external,
                               tensor::ShapeText(tensor->sizes()), ShapeText(shapes_[port.value]));
      }
      bind(port.external, tensor->raw());
    }
  }
  for (Sink& sink : sinks_) {
    const size_t bytes = shapes_[sink.value].numel() * element_bytes_[sink.value];
    ETD_ASSIGN_OR_RETURN(std::byte * data, sink.memory.Get(bytes));
    bind(sink.external, data);
  }
  if (bound_) return absl::OkStatus();
  ETD_RETURN_IF_ERROR(
      FromXnn(xnn_setup_runtime_v2(runtime_.get(), bindings_.size(), bindings_.data()), "setting addresses"));
  bound_ = true;
  return absl::OkStatus();
}

absl::Status XnnpackRegion::Run(std::span<Tensor* const> externals) {
  if (!prepared_) return FailedPrecondition("a region runs after it was prepared");
  if (empty_) return absl::OkStatus();
  ETD_RETURN_IF_ERROR(Bind(externals));
  ETD_RETURN_IF_ERROR(FromXnn(xnn_invoke_runtime(runtime_.get()), "running"));
  for (const Port& port : outputs_) {
    Tensor& tensor = *externals[port.external];
    if (tensor.type() != ScalarType::kInt64) continue;
    // In place, from the end: an element is read before wider ones reach it.
    for (int64_t i = tensor.numel() - 1; i >= 0; --i) {
      int32_t narrow;
      std::memcpy(&narrow, static_cast<std::byte*>(tensor.raw()) + i * 4, 4);
      tensor.data<int64_t>()[i] = narrow;
    }
  }
  return absl::OkStatus();
}

std::vector<XnnpackRegion::OperatorTime> XnnpackRegion::Profile() const {
  if (!profile_ || !bound_) return {};
  size_t count = 0, unused = 0, name_bytes = 0;
  xnn_runtime_t runtime = runtime_.get();
  if (xnn_get_runtime_profiling_info(runtime, xnn_profile_info_num_operators, sizeof(count), &count, &unused) !=
      xnn_status_success) {
    return {};
  }
  // The first call says how much room names need.
  xnn_get_runtime_profiling_info(runtime, xnn_profile_info_operator_name, 0, nullptr, &name_bytes);
  std::string names(name_bytes, '\0');
  std::vector<uint64_t> times(count);
  if (xnn_get_runtime_profiling_info(runtime, xnn_profile_info_operator_name, names.size(), names.data(), &unused) !=
          xnn_status_success ||
      xnn_get_runtime_profiling_info(runtime, xnn_profile_info_operator_timing, count * sizeof(uint64_t), times.data(),
                                     &unused) != xnn_status_success) {
    return {};
  }
  std::vector<OperatorTime> result;
  size_t at = 0;
  for (const uint64_t time : times) {
    const size_t end = std::min(names.find('\0', at), names.size());
    result.push_back({names.substr(at, end - at), time});
    at = std::min(end + 1, names.size());
  }
  return result;
}

}  // namespace etd::xnnpack
