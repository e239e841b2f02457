// Aligned copies of bytes that a file holds at an odd place, and the limit on what one file may make us copy.
#ifndef ETD_RUNTIME_PROGRAM_BYTE_POOL_H_
#define ETD_RUNTIME_PROGRAM_BYTE_POOL_H_

#include <cstddef>
#include <map>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/program/file_bytes.h"

namespace etd::program {

// A flatbuffer's tables may share their vectors, so a small file can describe an enormous number of elements. Readers
// charge here what they copy; whoever exceeds the limit is refused. Not thread-safe while a program is read.
class BytePool {
 public:
  // `limit`: bytes that may be charged in all.
  explicit BytePool(size_t limit) : left_(limit) {}

  // Errors: INVALID_ARGUMENT once more than the limit was charged.
  absl::Status Charge(size_t bytes);
  // `bytes` themselves where they are aligned to kByteAlignment or empty, else an aligned copy (the same one for the
  // same bytes), which is charged and lives as long as the pool.
  absl::StatusOr<std::span<const std::byte>> Align(std::span<const std::byte> bytes);

 private:
  size_t left_;
  std::map<std::pair<const std::byte*, size_t>, AlignedBytes> copies_;
};

}  // namespace etd::program

#endif  // ETD_RUNTIME_PROGRAM_BYTE_POOL_H_
