// Checks a call's arguments against the parameters of its operator.
#include <algorithm>

#include "runtime/kernel/registry.h"

namespace etd::kernel {
namespace {

using Kind = tensor::Value::Kind;

bool AllOf(const tensor::Value& list, Kind kind, bool null_allowed) {
  return std::ranges::all_of(list.items(), [&](const tensor::Value* item) {
    return item == nullptr ? null_allowed : item->kind() == kind || (null_allowed && item->is_none());
  });
}

bool IsNumber(Kind kind) { return kind == Kind::kInt || kind == Kind::kDouble || kind == Kind::kBool; }

// An empty list is stored as whichever list type the exporter had at hand; all of them are empty.
bool IsEmptyList(const tensor::Value& value) {
  switch (value.kind()) {
    case Kind::kIntList:
    case Kind::kTensorList:
    case Kind::kOptionalTensorList: return value.items().empty();
    default: return false;
  }
}

bool Accepts(Parameter parameter, const tensor::Value& value) {
  const Kind kind = value.kind();
  const bool none = kind == Kind::kNone;
  switch (parameter) {
    case Parameter::kTensor:
    case Parameter::kOut: return kind == Kind::kTensor;
    case Parameter::kOptionalTensor: return none || kind == Kind::kTensor;
    case Parameter::kInt: return kind == Kind::kInt;
    case Parameter::kOptionalInt: return none || kind == Kind::kInt;
    case Parameter::kDouble: return kind == Kind::kDouble;
    case Parameter::kOptionalDouble: return none || kind == Kind::kDouble;
    case Parameter::kBool: return kind == Kind::kBool;
    case Parameter::kOptionalBool: return none || kind == Kind::kBool;
    case Parameter::kScalar: return IsNumber(kind);
    case Parameter::kOptionalScalar: return none || IsNumber(kind);
    case Parameter::kString: return kind == Kind::kString;
    case Parameter::kOptionalString: return none || kind == Kind::kString;
    case Parameter::kIntList: return kind == Kind::kIntList && AllOf(value, Kind::kInt, false);
    case Parameter::kOptionalIntList: return none || (kind == Kind::kIntList && AllOf(value, Kind::kInt, false));
    case Parameter::kDoubleList: return kind == Kind::kDoubleList;
    case Parameter::kOptionalDoubleList: return none || kind == Kind::kDoubleList;
    case Parameter::kBoolList: return kind == Kind::kBoolList;
    case Parameter::kTensorList:
    case Parameter::kOutList:
      return (kind == Kind::kTensorList && AllOf(value, Kind::kTensor, false)) || IsEmptyList(value);
    case Parameter::kOptionalTensorList:
      return ((kind == Kind::kOptionalTensorList || kind == Kind::kTensorList) && AllOf(value, Kind::kTensor, true)) ||
             IsEmptyList(value);
    case Parameter::kOutNumber: return IsNumber(kind);
  }
  return false;
}

}  // namespace

absl::Status CheckArguments(const Kernel& kernel, std::span<tensor::Value* const> arguments) {
  if (arguments.size() < kernel.parameters.size()) {
    return InvalidArgument("operator {} takes {} arguments, the program gives {}", kernel.name,
                           kernel.parameters.size(), arguments.size());
  }
  for (size_t i = 0; i < kernel.parameters.size(); ++i) {
    if (!Accepts(kernel.parameters[i], *arguments[i])) {
      return InvalidArgument("operator {}: argument {} can't be {}", kernel.name, i,
                             tensor::KindName(arguments[i]->kind()));
    }
  }
  return absl::OkStatus();
}

std::vector<size_t> WrittenParameters(const Kernel& kernel) {
  std::vector<size_t> written(kernel.mutates.begin(), kernel.mutates.end());
  for (size_t i = 0; i < kernel.parameters.size(); ++i) {
    const Parameter parameter = kernel.parameters[i];
    if (parameter == Parameter::kOut || parameter == Parameter::kOutList || parameter == Parameter::kOutNumber) {
      written.push_back(i);
    }
  }
  return written;
}

absl::Status CheckMemory(const Kernel& kernel, std::span<tensor::Value* const> arguments) {
  const auto has_memory = [](const tensor::Value* value) {
    return value == nullptr || value->kind() != Kind::kTensor || value->tensor().raw() != nullptr ||
           value->tensor().nbytes() == 0;
  };
  for (size_t i = 0; i < kernel.parameters.size(); ++i) {
    // An aliasing view gets its memory from `run`.
    if (kernel.view_of.has_value() && kernel.parameters[i] == Parameter::kOut) continue;
    const Kind kind = arguments[i]->kind();
    const bool list = kind == Kind::kTensorList || kind == Kind::kOptionalTensorList;
    const bool fine = list ? std::ranges::all_of(arguments[i]->items(), has_memory) : has_memory(arguments[i]);
    if (!fine) return InvalidArgument("argument {} of {} is used before anything has written it", i, kernel.name);
  }
  return absl::OkStatus();
}

}  // namespace etd::kernel
