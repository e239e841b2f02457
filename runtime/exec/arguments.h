// Checks a call's arguments against a method's inputs and hands them over.
#ifndef ETD_RUNTIME_EXEC_ARGUMENTS_H_
#define ETD_RUNTIME_EXEC_ARGUMENTS_H_

#include <span>
#include <vector>

#include "absl/status/status.h"
#include "runtime/exec/method.h"
#include "runtime/exec/value_table.h"
#include "runtime/memory/arena.h"

namespace etd::exec {

// Copies arguments into the places that the file plans for them, or into buffers of its own; kernels may overwrite both and
// read a little past. One per method instance.
class InputBinder {
 public:
  // Gives the inputs' values their shapes and memory. Tensors must have the input's type and rank and fit its bound;
  // other kinds must equal the value the program was exported with.
  // Errors: INVALID_ARGUMENT naming the input; RESOURCE_EXHAUSTED.
  absl::Status Bind(const program::MethodSpec& spec, std::span<const Argument> arguments, ValueTable& values);

 private:
  std::vector<memory::ScratchBuffer> buffers_;
};

// Whether `argument` may be given for `input`, which is no tensor: it must equal the value of the export.
absl::Status CheckPlainArgument(const tensor::Value& input, const Argument& argument);
// Whether the type and the byte count of `argument` fit the tensor `input`, which has the argument's sizes by now.
absl::Status CheckTensorArgument(const tensor::Tensor& input, const Argument& argument);

// Copies `source` bytes in row-major order into `target`, whose dim order may differ. Sizes are equal.
void CopyRowMajorInto(std::span<const std::byte> source, tensor::Tensor& target);
// The reverse: `target` has source.nbytes() bytes.
void CopyRowMajorOut(const tensor::Tensor& source, std::byte* target);

}  // namespace etd::exec

#endif  // ETD_RUNTIME_EXEC_ARGUMENTS_H_
