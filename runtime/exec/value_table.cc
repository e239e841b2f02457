#include "runtime/exec/value_table.h"

#include <string>
#include <variant>

#include "runtime/base/status.h"

namespace etd::exec {
namespace {

using program::TensorSpec;
using tensor::Value;

template <typename Index>
std::vector<Value*> Pointers(const std::vector<Index>& items, Value* values) {
  std::vector<Value*> result;
  result.reserve(items.size());
  for (const Index item : items) result.push_back(static_cast<int64_t>(item) < 0 ? nullptr : &values[item]);
  return result;
}

absl::StatusOr<Value> MakeTensor(const TensorSpec& spec, size_t index) {
  const program::TensorLayout& layout = spec.layout;
  if (spec.planned() && spec.memory_offset % tensor::ElementSize(layout.dtype) != 0) {
    return InvalidArgument("value {} is planned at byte {}, which its type {} can't be read from", index,
                           spec.memory_offset, tensor::ScalarTypeName(layout.dtype));
  }
  // Constants are never written: kernels take them as inputs only, which the loader has checked.
  void* data = spec.constant() ? const_cast<std::byte*>(spec.data.data()) : nullptr;
  return Value::OfTensor(tensor::Tensor(layout.dtype, layout.sizes, layout.dim_order,
                                        spec.dynamism == program::Dynamism::kDynamicBound, data));
}

absl::StatusOr<Value> MakeValue(const program::ValueSpec& spec, size_t index, Value* values) {
  switch (program::KindOf(spec)) {
    case Value::Kind::kNone: return Value();
    case Value::Kind::kInt: return Value::Int(std::get<int64_t>(spec));
    case Value::Kind::kDouble: return Value::Double(std::get<double>(spec));
    case Value::Kind::kBool: return Value::Bool(std::get<bool>(spec));
    case Value::Kind::kString: return Value::String(std::get<std::string>(spec));
    case Value::Kind::kTensor: return MakeTensor(std::get<TensorSpec>(spec), index);
    case Value::Kind::kIntList: return Value::IntList(Pointers(std::get<program::IntListSpec>(spec).items, values));
    case Value::Kind::kDoubleList: return Value::DoubleList(std::get<program::DoubleListSpec>(spec).items);
    case Value::Kind::kBoolList: return Value::BoolList(std::get<program::BoolListSpec>(spec).items);
    case Value::Kind::kTensorList:
      return Value::TensorList(Pointers(std::get<program::TensorListSpec>(spec).items, values));
    case Value::Kind::kOptionalTensorList:
      return Value::OptionalTensorList(Pointers(std::get<program::OptionalTensorListSpec>(spec).items, values));
  }
  return Internal("value {} has an unknown kind", index);
}

}  // namespace

absl::StatusOr<ValueTable> ValueTable::Create(const program::MethodSpec& method) {
  ValueTable table;
  table.size_ = method.values.size();
  table.values_ = std::make_unique<Value[]>(table.size_);
  for (size_t i = 0; i < table.size_; ++i) {
    ETD_ASSIGN_OR_RETURN(table.values_[i], MakeValue(method.values[i], i, table.values_.get()));
  }
  return table;
}

}  // namespace etd::exec
