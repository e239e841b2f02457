// The headers and the segments of `.pte` and `.ptd` files: everything in them that is not the flatbuffer.
//
//   0   u32 offset of the flatbuffer's root
//   4   identifier: "ET12" (.pte) or "FT01" (.ptd)
//   8   header, little-endian
//         .pte (may be absent)                    .ptd
//         8   "eh00"                              8   "FH01"
//         12  u32 header length, ≥ 24             12  u32 header length, ≥ 40
//         16  u64 flatbuffer size from byte 0     16  u64 flatbuffer offset
//         24  u64 segment base                    24  u64 flatbuffer size
//         32  u64 segment bytes, if length ≥ 32   32  u64 segment base
//                                                 40  u64 segment bytes
//   …   flatbuffer
//   …   segments: their offsets count from the segment base
#ifndef ETD_RUNTIME_PROGRAM_FILE_LAYOUT_H_
#define ETD_RUNTIME_PROGRAM_FILE_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace etd::program {

inline constexpr std::string_view kProgramIdentifier = "ET12";
inline constexpr std::string_view kDataIdentifier = "FT01";
inline constexpr std::string_view kBundleIdentifier = "BP08";

// The four bytes at offset 4, or an empty text for shorter files.
std::string_view FileIdentifier(std::span<const std::byte> file);

// The parts of one file. Borrows the file's bytes.
struct FileLayout {
  std::span<const std::byte> flatbuffer;  // Not verified yet; smaller than flatbuffers' limit of 2 GiB.
  std::span<const std::byte> segments;    // From the segment base to the end of the file; empty where there is none.
};

// Errors: INVALID_ARGUMENT when the identifier is another or the header contradicts the file's size.
absl::StatusOr<FileLayout> ReadProgramLayout(std::span<const std::byte> file);
absl::StatusOr<FileLayout> ReadDataLayout(std::span<const std::byte> file);

// The bytes [offset, offset + size) of the segments.
absl::StatusOr<std::span<const std::byte>> SegmentBytes(const FileLayout& layout, uint64_t offset, uint64_t size);

}  // namespace etd::program

#endif  // ETD_RUNTIME_PROGRAM_FILE_LAYOUT_H_
