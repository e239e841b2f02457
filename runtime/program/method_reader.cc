#include "runtime/program/method_reader.h"

#include <string>
#include <utility>

#include "runtime/base/checked_math.h"
#include "runtime/program/wire.h"

namespace etd::program {
namespace {

using Indices = flatbuffers::Vector<int32_t>;

absl::StatusOr<std::vector<uint32_t>> ReadIndices(const Indices* indices, size_t count, BytePool& pool) {
  std::vector<uint32_t> result;
  ETD_RETURN_IF_ERROR(pool.Charge(SizeOf(indices) * sizeof(uint32_t)));
  result.reserve(SizeOf(indices));
  for (flatbuffers::uoffset_t i = 0; i < SizeOf(indices); ++i) {
    ETD_ASSIGN_OR_RETURN(const uint32_t index, ReadIndex(indices->Get(i), count, "values"));
    result.push_back(index);
  }
  return result;
}

absl::Status CheckDevices(const wire::Method& method) {
  for (flatbuffers::uoffset_t i = 0; i < SizeOf(method.arena_devices()); ++i) {
    const wire::ArenaDevice& device = *method.arena_devices()->Get(i);
    if (device.device() != wire::DeviceKind::CPU) {
      return Unimplemented("arena {} is placed on device {} {}; only CPU memory is supported", device.arena_index(),
                           wire::EnumNameDeviceKind(device.device()), static_cast<int>(device.device()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<uint64_t>> ReadArenas(const wire::Method& method, BytePool& pool) {
  std::vector<uint64_t> sizes;
  const auto* wire_sizes = method.arena_sizes();
  ETD_RETURN_IF_ERROR(pool.Charge(SizeOf(wire_sizes) * sizeof(uint64_t)));
  uint64_t total = 0;
  for (flatbuffers::uoffset_t i = 1; i < SizeOf(wire_sizes); ++i) {
    const int64_t size = ElementOf(*wire_sizes, i);
    if (size < 0) return InvalidArgument("arena {} has the negative size {}", i, size);
    const auto sum = CheckedAdd(total, static_cast<uint64_t>(size));
    if (!sum || *sum > kMaxBytes) return InvalidArgument("the arenas are larger than {} bytes together", kMaxBytes);
    total = *sum;
    sizes.push_back(static_cast<uint64_t>(size));
  }
  return sizes;
}

absl::StatusOr<std::vector<std::string>> ReadOperators(const wire::Method& method, BytePool& pool) {
  std::vector<std::string> names;
  for (flatbuffers::uoffset_t i = 0; i < SizeOf(method.operators()); ++i) {
    const wire::Operator& op = *method.operators()->Get(i);
    ETD_ASSIGN_OR_RETURN(std::string name, ReadName(op.name(), "the name of an operator", pool));
    if (op.overload() != nullptr && op.overload()->size() > 0) {
      ETD_ASSIGN_OR_RETURN(const std::string overload, ReadName(op.overload(), "the overload of an operator", pool));
      name += "." + overload;
    }
    names.push_back(std::move(name));
  }
  return names;
}

absl::StatusOr<std::span<const std::byte>> ReadBlob(const wire::BlobReference* reference,
                                                    const ProgramContext& context) {
  if (reference == nullptr) return InvalidArgument("it refers to no blob");
  switch (reference->place()) {
    case wire::BlobPlace::INLINE: {
      const auto* blobs = context.program.inline_blobs();
      if (reference->index() >= SizeOf(blobs)) {
        return InvalidArgument("its inline blob is {}, but the program has {}", reference->index(), SizeOf(blobs));
      }
      return context.pool.Align(BytesOf(blobs->Get(reference->index())->bytes()));
    }
    case wire::BlobPlace::SEGMENT: {
      ETD_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, ProgramSegment(context, reference->index()));
      return context.pool.Align(bytes);
    }
  }
  return InvalidArgument("its blob is at the unknown location {}", static_cast<int>(reference->place()));
}

absl::StatusOr<DelegateSpec> ReadDelegate(const wire::Delegate& delegate, const ProgramContext& context) {
  DelegateSpec result;
  ETD_ASSIGN_OR_RETURN(result.id, ReadName(delegate.id(), "the name of its backend", context.pool));
  ETD_ASSIGN_OR_RETURN(result.blob, ReadBlob(delegate.blob(), context));
  for (flatbuffers::uoffset_t i = 0; i < SizeOf(delegate.compile_specs()); ++i) {
    const wire::CompileSpec& spec = *delegate.compile_specs()->Get(i);
    ETD_ASSIGN_OR_RETURN(std::string key, ReadName(spec.key(), "the key of a compile spec", context.pool));
    result.specs.push_back({.key = std::move(key), .value = BytesOf(spec.value())});
  }
  return result;
}

// Reads the instructions of one chain.
class InstructionReader {
 public:
  // `begin`: index that the chain's first instruction gets. Borrows `method`, which has all but its instructions.
  InstructionReader(const MethodSpec& method, size_t begin, size_t length, BytePool& pool)
      : method_(method), begin_(begin), length_(length), pool_(pool) {}

  absl::StatusOr<Instruction> Read(const wire::Instruction& instruction) const {
    if (instruction.action() == nullptr) return InvalidArgument("it has no content");
    switch (instruction.action_type()) {
      case wire::Action::KernelCall: return ReadKernel(*instruction.action_as_KernelCall());
      case wire::Action::DelegateCall: return ReadDelegateCall(*instruction.action_as_DelegateCall());
      case wire::Action::MoveCall: return ReadMove(*instruction.action_as_MoveCall());
      case wire::Action::JumpFalseCall: return ReadJump(*instruction.action_as_JumpFalseCall());
      case wire::Action::FreeCall: {
        FreeCall free;
        ETD_ASSIGN_OR_RETURN(free.value, ValueIndex(instruction.action_as_FreeCall()->value()));
        return Instruction(free);
      }
      case wire::Action::NONE: break;
    }
    return InvalidArgument("it has the unknown type {}", static_cast<int>(instruction.action_type()));
  }

 private:
  absl::StatusOr<uint32_t> ValueIndex(int32_t raw) const { return ReadIndex(raw, method_.values.size(), "values"); }

  absl::StatusOr<Instruction> ReadKernel(const wire::KernelCall& wire_call) const {
    KernelCall call;
    ETD_ASSIGN_OR_RETURN(call.op, ReadIndex(wire_call.operator_index(), method_.operators.size(), "operators"));
    ETD_ASSIGN_OR_RETURN(call.args, ReadIndices(wire_call.args(), method_.values.size(), pool_));
    return Instruction(std::move(call));
  }

  absl::StatusOr<Instruction> ReadDelegateCall(const wire::DelegateCall& wire_call) const {
    DelegateCall call;
    ETD_ASSIGN_OR_RETURN(call.delegate, ReadIndex(wire_call.delegate_index(), method_.delegates.size(), "delegates"));
    ETD_ASSIGN_OR_RETURN(call.args, ReadIndices(wire_call.args(), method_.values.size(), pool_));
    return Instruction(std::move(call));
  }

  absl::StatusOr<Instruction> ReadMove(const wire::MoveCall& wire_call) const {
    MoveCall call;
    ETD_ASSIGN_OR_RETURN(call.from, ValueIndex(wire_call.from()));
    ETD_ASSIGN_OR_RETURN(call.to, ValueIndex(wire_call.to()));
    return Instruction(call);
  }

  absl::StatusOr<Instruction> ReadJump(const wire::JumpFalseCall& wire_call) const {
    JumpFalseCall call;
    ETD_ASSIGN_OR_RETURN(call.condition, ValueIndex(wire_call.condition()));
    const int32_t destination = wire_call.destination();
    if (destination < 0 || static_cast<size_t>(destination) > length_) {
      return InvalidArgument("it jumps to {}, but the chain has {} instructions", destination, length_);
    }
    call.destination = static_cast<uint32_t>(begin_ + static_cast<size_t>(destination));
    return Instruction(call);
  }

  const MethodSpec& method_;
  size_t begin_;
  size_t length_;
  BytePool& pool_;
};

absl::Status ReadChains(const wire::Method& wire_method, BytePool& pool, MethodSpec& method) {
  if (SizeOf(wire_method.chains()) == 0) return InvalidArgument("it has no chain of instructions");
  std::vector<Instruction> instructions;
  for (flatbuffers::uoffset_t k = 0; k < wire_method.chains()->size(); ++k) {
    const auto* chain = wire_method.chains()->Get(k)->instructions();
    if (chain == nullptr) return InvalidArgument("chain {} has no instructions", k);
    const InstructionReader reader(method, instructions.size(), chain->size(), pool);
    for (flatbuffers::uoffset_t i = 0; i < chain->size(); ++i) {
      absl::StatusOr<Instruction> instruction = reader.Read(*chain->Get(i));
      if (!instruction.ok()) return Annotate(instruction.status(), fmt::format("chain {}, instruction {}", k, i));
      instructions.push_back(*std::move(instruction));
    }
  }
  method.instructions = std::move(instructions);
  return absl::OkStatus();
}

absl::Status ReadValues(const wire::Method& wire_method, const ProgramContext& context, MethodSpec& method) {
  const WireValues* values = wire_method.values();
  if (values == nullptr) return InvalidArgument("it has no values");
  method.values.reserve(values->size());
  for (flatbuffers::uoffset_t i = 0; i < values->size(); ++i) {
    absl::StatusOr<ValueSpec> value = ReadValue(*values, i, method.arena_sizes, context);
    if (!value.ok()) return Annotate(value.status(), fmt::format("value {}", i));
    method.values.push_back(*std::move(value));
  }
  return absl::OkStatus();
}

absl::Status ReadDelegates(const wire::Method& wire_method, const ProgramContext& context, MethodSpec& method) {
  for (flatbuffers::uoffset_t i = 0; i < SizeOf(wire_method.delegates()); ++i) {
    absl::StatusOr<DelegateSpec> delegate = ReadDelegate(*wire_method.delegates()->Get(i), context);
    if (!delegate.ok()) return Annotate(delegate.status(), fmt::format("delegate {}", i));
    method.delegates.push_back(*std::move(delegate));
  }
  return absl::OkStatus();
}

absl::Status ReadParts(const wire::Method& wire_method, const ProgramContext& context, MethodSpec& method) {
  ETD_RETURN_IF_ERROR(CheckDevices(wire_method));
  ETD_ASSIGN_OR_RETURN(method.arena_sizes, ReadArenas(wire_method, context.pool));
  ETD_RETURN_IF_ERROR(ReadValues(wire_method, context, method));
  const auto read_list = [&](const Indices* indices, std::string_view what,
                             std::vector<uint32_t>& result) -> absl::Status {
    absl::StatusOr<std::vector<uint32_t>> list = ReadIndices(indices, method.values.size(), context.pool);
    if (!list.ok()) return Annotate(list.status(), what);
    result = *std::move(list);
    return absl::OkStatus();
  };
  ETD_RETURN_IF_ERROR(read_list(wire_method.inputs(), "inputs", method.inputs));
  ETD_RETURN_IF_ERROR(read_list(wire_method.outputs(), "outputs", method.outputs));
  ETD_ASSIGN_OR_RETURN(method.operators, ReadOperators(wire_method, context.pool));
  ETD_RETURN_IF_ERROR(ReadDelegates(wire_method, context, method));
  return ReadChains(wire_method, context.pool, method);
}

}  // namespace

absl::StatusOr<MethodSpec> ReadMethod(const wire::Method& wire_method, const ProgramContext& context) {
  MethodSpec method;
  ETD_ASSIGN_OR_RETURN(method.name, ReadName(wire_method.name(), "the name of a method", context.pool));
  const absl::Status status = ReadParts(wire_method, context, method);
  if (!status.ok()) return Annotate(status, fmt::format("method \"{}\"", method.name));
  return method;
}

}  // namespace etd::program
