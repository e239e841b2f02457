// `.ptd` files: named tensors and blobs outside of a program.
#ifndef ETD_RUNTIME_PROGRAM_DATA_FILE_H_
#define ETD_RUNTIME_PROGRAM_DATA_FILE_H_

#include <cstddef>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "runtime/program/byte_pool.h"
#include "runtime/program/program_view.h"

namespace etd::program {

// Reads and verifies the data file `file` and adds its entries to `named`; its bytes are borrowed (or, where unaligned,
// copied into `pool`). `file` starts at a multiple of kByteAlignment.
// Errors: INVALID_ARGUMENT for a damaged file, a key that occurs twice in it, or a key that `named` already has with
// other bytes; UNIMPLEMENTED for another version.
absl::Status ReadDataFile(std::span<const std::byte> file, BytePool& pool, NamedData& named);

// Adds one entry. The same key may come from several files if its bytes are the same everywhere.
absl::Status MergeNamed(std::string key, NamedBytes value, NamedData& named);

}  // namespace etd::program

#endif  // ETD_RUNTIME_PROGRAM_DATA_FILE_H_
