// NumPy's `.npy` files: how test material and people hand tensors to etrun.
//
//   0   "\x93NUMPY", u8 major version (1, 2 or 3), u8 minor version (0)
//   8   header length: u16 in version 1, u32 from version 2 on; little-endian
//   …   header: a Python dict literal with descr, fortran_order and shape, spaces, a newline
//   …   the elements, without padding
#ifndef ETD_RUNTIME_ETRUN_NPY_H_
#define ETD_RUNTIME_ETRUN_NPY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/tensor/scalar_type.h"

namespace etd::etrun {

// NumPy has no bfloat16: files that hold one say uint16, and the caller knows better.
struct NpyArray {
  tensor::ScalarType dtype = tensor::ScalarType::kFloat32;
  std::vector<int64_t> shape;   // Each ≥ 0; empty for a scalar.
  std::vector<std::byte> data;  // Row-major, little-endian.
};

// Element types: bool, (u)int8…64, float16…64. Arrays in Fortran order are turned into row-major ones.
// Errors: INVALID_ARGUMENT for a damaged file, UNIMPLEMENTED for big-endian and other element types; both name the
// reason. The size of what is returned is at most that of `file`. Any thread.
absl::StatusOr<NpyArray> ParseNpy(std::span<const std::byte> file);
// ParseNpy of a file; in addition the errors of MappedFile.
absl::StatusOr<NpyArray> ReadNpy(const std::string& path);

// The file (version 1) of a row-major array; bfloat16 is written as uint16. `data` has as many bytes as `shape` says.
// Errors: INVALID_ARGUMENT when it has not. Any thread.
absl::StatusOr<std::vector<std::byte>> FormatNpy(tensor::ScalarType dtype, std::span<const int64_t> shape,
                                                 std::span<const std::byte> data);
// FormatNpy into a file, which is replaced. Errors: also INTERNAL when it can't be written.
absl::Status WriteNpy(const std::string& path, tensor::ScalarType dtype, std::span<const int64_t> shape,
                      std::span<const std::byte> data);

}  // namespace etd::etrun

#endif  // ETD_RUNTIME_ETRUN_NPY_H_
