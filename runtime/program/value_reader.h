// Private to this folder: one value of a method, from the flatbuffer to the view.
#ifndef ETD_RUNTIME_PROGRAM_VALUE_READER_H_
#define ETD_RUNTIME_PROGRAM_VALUE_READER_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "runtime/program/byte_pool.h"
#include "runtime/program/file_layout.h"
#include "runtime/program/program_view.h"
#include "runtime/program/schema/program_generated.h"

namespace etd::program {

// What values and methods refer to outside of themselves. Borrows everything.
struct ProgramContext {
  const wire::Program& program;
  const FileLayout& layout;
  const NamedData& named;
  BytePool& pool;
};

// The bytes of segment `index` of the program's file, wherever they are aligned.
absl::StatusOr<std::span<const std::byte>> ProgramSegment(const ProgramContext& context, uint32_t index);

// `raw` as an index into `count` things called `what`. Errors: INVALID_ARGUMENT out of range.
absl::StatusOr<uint32_t> ReadIndex(int64_t raw, size_t count, std::string_view what);

using WireValues = flatbuffers::Vector<flatbuffers::Offset<wire::Value>>;

// Value `index` of `values`. `arena_sizes` are the method's (see MethodSpec). List items are checked to be indices of
// values, but not for the kinds of these.
absl::StatusOr<ValueSpec> ReadValue(const WireValues& values, uint32_t index, std::span<const uint64_t> arena_sizes,
                                    const ProgramContext& context);

}  // namespace etd::program

#endif  // ETD_RUNTIME_PROGRAM_VALUE_READER_H_
