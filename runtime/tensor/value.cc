#include "runtime/tensor/value.h"

namespace etd::tensor {

std::string_view KindName(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::kNone: return "None";
    case Value::Kind::kInt: return "Int";
    case Value::Kind::kDouble: return "Double";
    case Value::Kind::kBool: return "Bool";
    case Value::Kind::kString: return "String";
    case Value::Kind::kTensor: return "Tensor";
    case Value::Kind::kIntList: return "IntList";
    case Value::Kind::kDoubleList: return "DoubleList";
    case Value::Kind::kBoolList: return "BoolList";
    case Value::Kind::kTensorList: return "TensorList";
    case Value::Kind::kOptionalTensorList: return "OptionalTensorList";
  }
  return "unknown";
}

}  // namespace etd::tensor
