// `.bpte` files: a program with recorded calls.
#ifndef ETD_RUNTIME_PROGRAM_BUNDLE_H_
#define ETD_RUNTIME_PROGRAM_BUNDLE_H_

#include <cstddef>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/program/byte_pool.h"
#include "runtime/program/program_view.h"

namespace etd::program {

struct Bundle {
  std::span<const std::byte> program;  // A whole `.pte` file, not verified, at a multiple of kByteAlignment.
  std::vector<BundledCase> cases;
};

// Spans of the result point into `file`, or into `pool` where the file's alignment is odd.
// Errors: INVALID_ARGUMENT for a damaged file, UNIMPLEMENTED for another version.
absl::StatusOr<Bundle> ReadBundle(std::span<const std::byte> file, BytePool& pool);

}  // namespace etd::program

#endif  // ETD_RUNTIME_PROGRAM_BUNDLE_H_
