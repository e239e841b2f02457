#include "runtime/program/value_reader.h"

#include <string>
#include <utility>

#include "runtime/base/checked_math.h"
#include "runtime/program/wire.h"
#include "runtime/tensor/tensor.h"

namespace etd::program {
namespace {

// Bytes `offset`… of a segment, `size` of them.
absl::StatusOr<std::span<const std::byte>> PartBytes(const wire::SegmentParts* parts, uint32_t index, size_t size,
                                                     std::string_view what, const ProgramContext& context) {
  const flatbuffers::uoffset_t count = parts == nullptr ? 0 : SizeOf(parts->offsets());
  if (index >= count) {
    return InvalidArgument("its data index is {}, but the program has {} entries of {}", index, count, what);
  }
  ETD_ASSIGN_OR_RETURN(const std::span<const std::byte> segment, ProgramSegment(context, parts->segment_index()));
  const uint64_t offset = ElementOf(*parts->offsets(), index);
  if (!RangeFits<uint64_t>(offset, size, segment.size())) {
    return InvalidArgument("its {} bytes at offset {} are not inside the segment of {} ({} bytes)", size, offset, what,
                           segment.size());
  }
  return segment.subspan(offset, size);
}

absl::StatusOr<std::span<const std::byte>> InlineConstantBytes(uint32_t index, size_t size,
                                                               const ProgramContext& context) {
  const auto* constants = context.program.inline_constants();
  if (index >= SizeOf(constants)) {
    return InvalidArgument("its data index is {}, but the program has {} constants", index, SizeOf(constants));
  }
  const std::span<const std::byte> bytes = BytesOf(constants->Get(index)->bytes());
  if (size > bytes.size()) {
    return InvalidArgument("it needs {} bytes, but constant {} has {}", size, index, bytes.size());
  }
  return bytes.first(size);
}

// Constants are in a segment, or in the flatbuffer in old files, never in both.
absl::StatusOr<std::span<const std::byte>> ConstantBytes(uint32_t index, size_t size, const ProgramContext& context) {
  const wire::SegmentParts* parts = context.program.constants();
  if (parts == nullptr || SizeOf(parts->offsets()) <= 1) {
    if (SizeOf(context.program.inline_constants()) > 0) return InlineConstantBytes(index, size, context);
  }
  return PartBytes(parts, index, size, "constants", context);
}

absl::StatusOr<std::span<const std::byte>> InitialBytes(uint64_t list, uint32_t index, size_t size,
                                                        const ProgramContext& context) {
  const auto* lists = context.program.initial_data();
  if (list >= SizeOf(lists)) {
    return InvalidArgument("its initial data is in list {}, but the program has {} lists", list, SizeOf(lists));
  }
  return PartBytes(lists->Get(static_cast<flatbuffers::uoffset_t>(list)), index, size, "initial data", context);
}

absl::StatusOr<std::span<const std::byte>> ExternalBytes(const TensorSpec& tensor, const ProgramContext& context) {
  const auto found = context.named.find(tensor.name);
  if (found == context.named.end()) {
    return NotFound("tensor \"{}\" is kept outside of the program: load it together with the data file (.ptd) that was "
                    "exported with it",
                    tensor.name);
  }
  const NamedBytes& data = found->second;
  if (!data.layout) return InvalidArgument("the data of tensor \"{}\" has no tensor layout", tensor.name);
  if (*data.layout != tensor.layout) {
    return InvalidArgument("tensor \"{}\" is {} {} in the program and {} {} in the data file (or their dim orders "
                           "differ)",
                           tensor.name, tensor::ScalarTypeName(tensor.layout.dtype),
                           tensor::ShapeText(tensor.layout.sizes), tensor::ScalarTypeName(data.layout->dtype),
                           tensor::ShapeText(data.layout->sizes));
  }
  return data.bytes.first(tensor.layout.nbytes());
}

absl::Status ReadPlacement(const wire::Placement& placement, std::span<const uint64_t> arena_sizes,
                           TensorSpec& tensor) {
  const uint32_t id = placement.memory_id();
  if (id == 0 || id > arena_sizes.size()) {
    return InvalidArgument("its memory id is {}, but the method has arenas 1…{}", id, arena_sizes.size());
  }
  const uint64_t offset = static_cast<uint64_t>(placement.offset_high()) << 32 | placement.offset_low();
  if (!RangeFits<uint64_t>(offset, tensor.layout.nbytes(), arena_sizes[id - 1])) {
    return InvalidArgument("its {} bytes at offset {} are not inside arena {} ({} bytes)", tensor.layout.nbytes(),
                           offset, id, arena_sizes[id - 1]);
  }
  tensor.memory_id = id;
  tensor.memory_offset = offset;
  return absl::OkStatus();
}

absl::Status ReadShapeKind(wire::ShapeKind kind, TensorSpec& tensor) {
  switch (kind) {
    case wire::ShapeKind::FIXED: tensor.dynamism = Dynamism::kStatic; return absl::OkStatus();
    case wire::ShapeKind::BOUNDED: tensor.dynamism = Dynamism::kDynamicBound; return absl::OkStatus();
    case wire::ShapeKind::UNBOUNDED:
      return Unimplemented("its shape has no upper bound (DYNAMIC_UNBOUND); export the model with bounded dimensions");
  }
  return InvalidArgument("unknown shape dynamism {}", static_cast<int>(kind));
}

// Fills `name`; true if the tensor's data are outside of the program.
absl::StatusOr<bool> ReadExtra(const wire::TensorExtra* extra, BytePool& pool, TensorSpec& tensor) {
  if (extra == nullptr) return false;
  if (extra->device() != wire::DeviceKind::CPU) {
    const std::string_view name = wire::EnumNameDeviceKind(extra->device());
    return Unimplemented("it is placed on device {} {}; only CPU memory is supported", name,
                         static_cast<int>(extra->device()));
  }
  if (extra->name() != nullptr && extra->name()->size() > 0) {
    ETD_ASSIGN_OR_RETURN(tensor.name, ReadName(extra->name(), "its name", pool));
  }
  switch (extra->data_place()) {
    case wire::TensorDataPlace::SEGMENT: return false;
    case wire::TensorDataPlace::EXTERNAL:
      if (tensor.name.empty()) return InvalidArgument("it is kept outside of the program, but has no name");
      return true;
  }
  return InvalidArgument("unknown data location {}", static_cast<int>(extra->data_place()));
}

absl::StatusOr<TensorSpec> ReadTensor(const wire::Tensor& wire_tensor, std::span<const uint64_t> arena_sizes,
                                      const ProgramContext& context) {
  TensorSpec tensor;
  ETD_ASSIGN_OR_RETURN(tensor.layout, ReadLayout(wire_tensor.element_type(), wire_tensor.sizes(),
                                                 wire_tensor.dim_order(), context.pool));
  ETD_RETURN_IF_ERROR(ReadShapeKind(wire_tensor.shape_kind(), tensor));
  if (wire_tensor.storage_offset() != 0) {
    return Unimplemented("its storage offset is {}; only 0 is supported", wire_tensor.storage_offset());
  }
  const wire::TensorExtra* extra = wire_tensor.extra();
  ETD_ASSIGN_OR_RETURN(const bool external, ReadExtra(extra, context.pool, tensor));
  const bool planned = wire_tensor.placement() != nullptr;
  if (planned) ETD_RETURN_IF_ERROR(ReadPlacement(*wire_tensor.placement(), arena_sizes, tensor));

  const uint32_t index = wire_tensor.data_index();
  const size_t size = tensor.layout.nbytes();
  if (external) {
    tensor.storage = planned ? Storage::kExternalMutable : Storage::kExternal;
    ETD_ASSIGN_OR_RETURN(tensor.data, ExternalBytes(tensor, context));
  } else if (index == 0) {
    tensor.storage = planned ? Storage::kPlanned : Storage::kUnbound;
  } else if (planned) {
    tensor.storage = Storage::kPlannedInitialised;
    const uint64_t list = extra == nullptr ? 0 : extra->initial_data_index();
    ETD_ASSIGN_OR_RETURN(tensor.data, InitialBytes(list, index, size, context));
  } else {
    tensor.storage = Storage::kConstant;
    ETD_ASSIGN_OR_RETURN(tensor.data, ConstantBytes(index, size, context));
  }
  ETD_ASSIGN_OR_RETURN(tensor.data, context.pool.Align(tensor.data));
  return tensor;
}

template <typename List, typename T>
absl::StatusOr<List> ReadIndexList(const flatbuffers::Vector<T>* items, size_t value_count, BytePool& pool) {
  if (items == nullptr) return InvalidArgument("a list has no items");
  ETD_RETURN_IF_ERROR(pool.Charge(items->size() * sizeof(uint32_t)));
  List list;
  list.items.reserve(items->size());
  for (flatbuffers::uoffset_t i = 0; i < items->size(); ++i) {
    ETD_ASSIGN_OR_RETURN(const uint32_t index, ReadIndex(ElementOf(*items, i), value_count, "values in a list"));
    list.items.push_back(index);
  }
  return list;
}

absl::StatusOr<OptionalTensorListSpec> ReadOptionalList(const flatbuffers::Vector<int32_t>* items,
                                                        const WireValues& values, BytePool& pool) {
  if (items == nullptr) return InvalidArgument("a list has no items");
  ETD_RETURN_IF_ERROR(pool.Charge(items->size() * sizeof(int32_t)));
  OptionalTensorListSpec list;
  list.items.reserve(items->size());
  for (flatbuffers::uoffset_t i = 0; i < items->size(); ++i) {
    int32_t item = items->Get(i);
    if (item != -1) {
      ETD_ASSIGN_OR_RETURN(const uint32_t index, ReadIndex(item, values.size(), "values in an optional list"));
      if (values.Get(index)->data_type() == wire::ValueData::None) item = -1;
    }
    list.items.push_back(item);
  }
  return list;
}

template <typename List, typename T>
absl::StatusOr<List> ReadPlainList(const flatbuffers::Vector<T>* items, BytePool& pool) {
  if (items == nullptr) return InvalidArgument("a list has no items");
  ETD_RETURN_IF_ERROR(pool.Charge(items->size() * sizeof(T)));
  List list;
  list.items.reserve(items->size());
  for (flatbuffers::uoffset_t i = 0; i < items->size(); ++i) {
    list.items.push_back(static_cast<typename decltype(list.items)::value_type>(ElementOf(*items, i)));
  }
  return list;
}

// What a reader made, as a value of the method.
template <typename T>
absl::StatusOr<ValueSpec> AsValue(absl::StatusOr<T> spec) {
  if (!spec.ok()) return std::move(spec).status();
  return ValueSpec(std::in_place_type<T>, *std::move(spec));
}

absl::StatusOr<std::string> ReadString(const flatbuffers::String* text, BytePool& pool) {
  if (text == nullptr) return InvalidArgument("a string has no content");
  ETD_RETURN_IF_ERROR(pool.Charge(text->size()));
  return text->str();
}

}  // namespace

absl::StatusOr<std::span<const std::byte>> ProgramSegment(const ProgramContext& context, uint32_t index) {
  const auto* segments = context.program.segments();
  if (index >= SizeOf(segments)) {
    return InvalidArgument("segment index {} is out of range: the program has {} segments", index, SizeOf(segments));
  }
  const wire::Segment& segment = *segments->Get(index);
  return SegmentBytes(context.layout, segment.offset(), segment.size());
}

absl::StatusOr<uint32_t> ReadIndex(int64_t raw, size_t count, std::string_view what) {
  if (raw < 0 || static_cast<uint64_t>(raw) >= count) {
    return InvalidArgument("index {} is out of range: there are {} {}", raw, count, what);
  }
  return static_cast<uint32_t>(raw);
}

absl::StatusOr<ValueSpec> ReadValue(const WireValues& values, uint32_t index, std::span<const uint64_t> arena_sizes,
                                    const ProgramContext& context) {
  const wire::Value& value = *values.Get(index);
  BytePool& pool = context.pool;
  if (value.data() == nullptr) return InvalidArgument("it has no content");
  switch (value.data_type()) {
    case wire::ValueData::None: return ValueSpec();
    case wire::ValueData::Int: return ValueSpec(std::in_place_type<int64_t>, value.data_as_Int()->value());
    case wire::ValueData::Bool: return ValueSpec(std::in_place_type<bool>, value.data_as_Bool()->value());
    case wire::ValueData::Double: return ValueSpec(std::in_place_type<double>, value.data_as_Double()->value());
    case wire::ValueData::Tensor: return AsValue(ReadTensor(*value.data_as_Tensor(), arena_sizes, context));
    case wire::ValueData::String: return AsValue(ReadString(value.data_as_String()->value(), pool));
    case wire::ValueData::IntList:
      return AsValue(ReadIndexList<IntListSpec>(value.data_as_IntList()->items(), values.size(), pool));
    case wire::ValueData::DoubleList:
      return AsValue(ReadPlainList<DoubleListSpec>(value.data_as_DoubleList()->items(), pool));
    case wire::ValueData::BoolList:
      return AsValue(ReadPlainList<BoolListSpec>(value.data_as_BoolList()->items(), pool));
    case wire::ValueData::TensorList:
      return AsValue(ReadIndexList<TensorListSpec>(value.data_as_TensorList()->items(), values.size(), pool));
    case wire::ValueData::OptionalTensorList:
      return AsValue(ReadOptionalList(value.data_as_OptionalTensorList()->items(), values, pool));
    case wire::ValueData::NONE: break;
  }
  return InvalidArgument("it has the unknown type {}", static_cast<int>(value.data_type()));
}

}  // namespace etd::program
