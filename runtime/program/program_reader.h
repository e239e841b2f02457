// Private to this folder: the parts of a `.pte` file.
#ifndef ETD_RUNTIME_PROGRAM_PROGRAM_READER_H_
#define ETD_RUNTIME_PROGRAM_PROGRAM_READER_H_

#include <cstddef>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/program/byte_pool.h"
#include "runtime/program/program_view.h"

namespace etd::program {

// Reads and verifies the program `file`, which starts at a multiple of kByteAlignment and is borrowed by the result.
// `named` has the entries of the data files and gets the program's own.
absl::StatusOr<std::vector<MethodSpec>> ReadProgramFile(std::span<const std::byte> file, BytePool& pool,
                                                        NamedData& named);

}  // namespace etd::program

#endif  // ETD_RUNTIME_PROGRAM_PROGRAM_READER_H_
