// Executing one method of a loaded program.
#ifndef ETD_RUNTIME_EXEC_METHOD_H_
#define ETD_RUNTIME_EXEC_METHOD_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "runtime/program/program_view.h"
#include "runtime/tensor/value.h"

namespace etd::exec {

// An argument of a call: a tensor's bytes (row-major, borrowed during the call) or a plain value.
struct Argument {
  tensor::Value::Kind kind = tensor::Value::Kind::kNone;
  tensor::ScalarType type = tensor::ScalarType::kFloat32;
  std::span<const int32_t> sizes;
  std::span<const std::byte> bytes;
  int64_t integer = 0;
  double floating = 0;
  bool boolean = false;
  std::string_view string;
};

// A method ready to run, with the state of one session. Not thread-safe.
class Method {
 public:
  virtual ~Method() = default;
  virtual const program::MethodSpec& spec() const = 0;
  // Runs once. Errors leave outputs undefined and state as far as it came. INVALID_ARGUMENT where arguments do not fit
  // the method's inputs in number, kind, type or shape.
  virtual absl::Status Execute(std::span<const Argument> arguments) = 0;
  // Output i of the last successful Execute; valid until the next one.
  virtual const tensor::Value& output(size_t i) const = 0;
};

}  // namespace etd::exec

#endif  // ETD_RUNTIME_EXEC_METHOD_H_
