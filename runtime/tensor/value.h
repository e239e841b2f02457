// What the instructions of a method pass around: a tagged union whose kind never changes after load.
#ifndef ETD_RUNTIME_TENSOR_VALUE_H_
#define ETD_RUNTIME_TENSOR_VALUE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/tensor/tensor.h"

namespace etd::tensor {

// Kinds are fixed when a method is loaded and checked against every kernel's signature there, so the accessors below
// do not check again; calling one for another kind is a bug of the caller. Not thread-safe.
class Value {
 public:
  enum class Kind : uint8_t {
    kNone,
    kInt,
    kDouble,
    kBool,
    kString,
    kTensor,
    kIntList,             // elements are other values, since symbolic sizes change from call to call
    kDoubleList,
    kBoolList,
    kTensorList,
    kOptionalTensorList,  // an element may be null: no tensor there
  };

  Value() = default;
  static Value Int(int64_t value) { return Value(Kind::kInt, value); }
  static Value Double(double value) { return Value(Kind::kDouble, value); }
  static Value Bool(bool value) { return Value(Kind::kBool, value); }
  static Value String(std::string value) { return Value(Kind::kString, std::move(value)); }
  static Value OfTensor(tensor::Tensor value) { return Value(Kind::kTensor, std::move(value)); }
  // `items` point to values of the same method, which outlive this one.
  static Value IntList(std::vector<Value*> items) { return Value(Kind::kIntList, std::move(items)); }
  static Value TensorList(std::vector<Value*> items) { return Value(Kind::kTensorList, std::move(items)); }
  static Value OptionalTensorList(std::vector<Value*> items) {
    return Value(Kind::kOptionalTensorList, std::move(items));
  }
  static Value DoubleList(std::vector<double> items) { return Value(Kind::kDoubleList, std::move(items)); }
  static Value BoolList(std::vector<bool> items) { return Value(Kind::kBoolList, std::move(items)); }

  Kind kind() const { return kind_; }
  bool is_none() const { return kind_ == Kind::kNone; }

  int64_t integer() const { return *std::get_if<int64_t>(&data_); }
  double floating() const { return *std::get_if<double>(&data_); }
  bool boolean() const { return *std::get_if<bool>(&data_); }
  std::string_view string() const { return *std::get_if<std::string>(&data_); }
  tensor::Tensor& tensor() { return *std::get_if<tensor::Tensor>(&data_); }
  const tensor::Tensor& tensor() const { return *std::get_if<tensor::Tensor>(&data_); }
  // Int, tensor and optional tensor lists.
  std::span<Value* const> items() const { return *std::get_if<std::vector<Value*>>(&data_); }
  const std::vector<double>& doubles() const { return *std::get_if<std::vector<double>>(&data_); }
  const std::vector<bool>& booleans() const { return *std::get_if<std::vector<bool>>(&data_); }

  // Writers keep the kind.
  void set_integer(int64_t value) { *std::get_if<int64_t>(&data_) = value; }
  void set_floating(double value) { *std::get_if<double>(&data_) = value; }
  void set_boolean(bool value) { *std::get_if<bool>(&data_) = value; }

  // Makes this value a second handle of `other`'s content (the instruction MoveCall). Kinds must be equal.
  void Rebind(const Value& other) { data_ = other.data_; }

 private:
  using Data = std::variant<std::monostate, int64_t, double, bool, std::string, tensor::Tensor, std::vector<Value*>,
                            std::vector<double>, std::vector<bool>>;
  Value(Kind kind, Data data) : data_(std::move(data)), kind_(kind) {}

  Data data_;
  Kind kind_ = Kind::kNone;
};

// "Int", "Tensor", …: for messages.
std::string_view KindName(Value::Kind kind);

}  // namespace etd::tensor

#endif  // ETD_RUNTIME_TENSOR_VALUE_H_
