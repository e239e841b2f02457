// NumPy's `.npy` files, the form in which tensors go to and come from `etctl infer`.
#ifndef ETD_CLIENTS_ETCTL_NPY_H_
#define ETD_CLIENTS_ETCTL_NPY_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "etd/v1/etd.pb.h"

namespace etd::etctl {

// "float32", "int64" …; "?" for what this program does not know.
std::string_view DataTypeName(v1::DataType type);

// `file` is the bytes of a whole file: row-major, little-endian, numbers or booleans. NumPy knows no bfloat16: its bits
// come as uint16. Errors: INVALID_ARGUMENT, with what to do.
absl::StatusOr<v1::Tensor> ParseNpy(std::string_view file);
// Errors: also NOT_FOUND and INTERNAL of the file; all name it.
absl::StatusOr<v1::Tensor> ReadNpy(const std::string& path);

// bfloat16 is written as uint16. Errors: INVALID_ARGUMENT for an element type that NumPy has no name for.
absl::StatusOr<std::string> FormatNpy(const v1::Tensor& tensor);
// Replaces the file. Errors: also INTERNAL where it cannot be written.
absl::Status WriteNpy(const std::string& path, const v1::Tensor& tensor);

}  // namespace etd::etctl

#endif  // ETD_CLIENTS_ETCTL_NPY_H_
