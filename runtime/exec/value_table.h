// The values of a method as kernels use them: made from the file's description, at addresses that never change.
#ifndef ETD_RUNTIME_EXEC_VALUE_TABLE_H_
#define ETD_RUNTIME_EXEC_VALUE_TABLE_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/program/program_view.h"
#include "runtime/tensor/value.h"

namespace etd::exec {

// Owns values, not the memory of their tensors: constants point into the program, everything else is unbound.
// Not thread-safe.
class ValueTable {
 public:
  // `method` outlives the table. Errors: INVALID_ARGUMENT for plans that kernels could not read (misaligned tensors).
  static absl::StatusOr<ValueTable> Create(const program::MethodSpec& method);

  size_t size() const { return size_; }
  tensor::Value& operator[](size_t index) { return values_[index]; }
  const tensor::Value& operator[](size_t index) const { return values_[index]; }

 private:
  std::unique_ptr<tensor::Value[]> values_;
  size_t size_ = 0;
};

}  // namespace etd::exec

#endif  // ETD_RUNTIME_EXEC_VALUE_TABLE_H_
