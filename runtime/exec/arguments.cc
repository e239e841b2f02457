#include "runtime/exec/arguments.h"

#include <array>
#include <cmath>
#include <cstring>
#include <variant>

#include "runtime/base/status.h"
#include "runtime/exec/environment.h"

namespace etd::exec {
namespace {

using tensor::Value;

// Calls `copy(row-major element index, memory element index)` for every element.
template <typename Copy>
void ForEachElement(const tensor::Tensor& tensor, const Copy& copy) {
  std::array<int32_t, tensor::kMaxRank> index{};
  int64_t offset = 0;
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    copy(i, offset);
    for (int dim = tensor.rank() - 1; dim >= 0; --dim) {
      offset += tensor.stride(dim);
      if (++index[static_cast<size_t>(dim)] < tensor.size(dim)) break;
      offset -= tensor.stride(dim) * tensor.size(dim);
      index[static_cast<size_t>(dim)] = 0;
    }
  }
}

// `planned`: the file gives the input a place of its own, which views of it share.
absl::Status BindTensor(Value& value, const Argument& argument, bool planned, memory::ScratchBuffer& buffer) {
  tensor::Tensor& input = value.tensor();
  ETD_RETURN_IF_ERROR(input.Resize(argument.sizes));
  ETD_RETURN_IF_ERROR(CheckTensorArgument(input, argument));
  if (!planned) {
    ETD_ASSIGN_OR_RETURN(std::byte* memory, buffer.Get(input.nbytes() + kBufferPadding));
    input.set_raw(memory);
  }
  CopyRowMajorInto(argument.bytes, input);
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckPlainArgument(const Value& input, const Argument& argument) {
  switch (input.kind()) {
    case Value::Kind::kInt:
      if (argument.integer == input.integer()) return absl::OkStatus();
      return InvalidArgument("the program was exported with the number {} there, not {}", input.integer(),
                             argument.integer);
    case Value::Kind::kDouble:
      // ExecuTorch's own tolerance for numbers that an export has fixed.
      if (std::abs(argument.floating - input.floating()) <= 1e-4) return absl::OkStatus();
      return InvalidArgument("the program was exported with the number {} there, not {}", input.floating(),
                             argument.floating);
    case Value::Kind::kBool:
      if (argument.boolean == input.boolean()) return absl::OkStatus();
      return InvalidArgument("the program was exported with {} there", input.boolean());
    case Value::Kind::kString:
      if (argument.string == input.string()) return absl::OkStatus();
      return InvalidArgument("the program was exported with another text there");
    case Value::Kind::kNone: return absl::OkStatus();
    default: return InvalidArgument("lists can't be given as inputs");
  }
}

absl::Status CheckTensorArgument(const tensor::Tensor& input, const Argument& argument) {
  if (argument.type != input.type()) {
    return InvalidArgument("it takes {}, not {}", tensor::ScalarTypeName(input.type()),
                           tensor::ScalarTypeName(argument.type));
  }
  if (argument.bytes.size() != input.nbytes()) {
    return InvalidArgument("shape {} needs {} bytes, {} were given", tensor::ShapeText(argument.sizes), input.nbytes(),
                           argument.bytes.size());
  }
  return absl::OkStatus();
}

void CopyRowMajorInto(std::span<const std::byte> source, tensor::Tensor& target) {
  if (source.empty()) return;
  if (target.row_major()) {
    std::memcpy(target.raw(), source.data(), source.size());
    return;
  }
  const size_t size = target.element_size();
  std::byte* bytes = target.data<std::byte>();
  ForEachElement(target, [&](int64_t logical, int64_t physical) {
    std::memcpy(bytes + static_cast<size_t>(physical) * size, source.data() + static_cast<size_t>(logical) * size, size);
  });
}

void CopyRowMajorOut(const tensor::Tensor& source, std::byte* target) {
  if (source.nbytes() == 0) return;
  if (source.row_major()) {
    std::memcpy(target, source.raw(), source.nbytes());
    return;
  }
  const size_t size = source.element_size();
  const std::byte* bytes = source.data<std::byte>();
  ForEachElement(source, [&](int64_t logical, int64_t physical) {
    std::memcpy(target + static_cast<size_t>(logical) * size, bytes + static_cast<size_t>(physical) * size, size);
  });
}

absl::Status InputBinder::Bind(const program::MethodSpec& spec, std::span<const Argument> arguments,
                               ValueTable& values) {
  if (arguments.size() != spec.inputs.size()) {
    return InvalidArgument("method {} takes {} inputs, {} were given", spec.name, spec.inputs.size(), arguments.size());
  }
  buffers_.resize(arguments.size());
  for (size_t i = 0; i < arguments.size(); ++i) {
    Value& value = values[spec.inputs[i]];
    absl::Status status;
    if (arguments[i].kind != value.kind()) {
      status = InvalidArgument("it is {}, not {}", tensor::KindName(value.kind()), tensor::KindName(arguments[i].kind));
    } else if (value.kind() == Value::Kind::kTensor) {
      const auto* tensor = std::get_if<program::TensorSpec>(&spec.values[spec.inputs[i]]);
      status = BindTensor(value, arguments[i], tensor != nullptr && tensor->planned(), buffers_[i]);
    } else {
      status = CheckPlainArgument(value, arguments[i]);
    }
    if (!status.ok()) return Annotate(status, fmt::format("method {}, input {}", spec.name, i));
  }
  return absl::OkStatus();
}

}  // namespace etd::exec
