#include "runtime/program/program_reader.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "runtime/program/data_file.h"
#include "runtime/program/file_layout.h"
#include "runtime/program/method_reader.h"
#include "runtime/program/method_verifier.h"
#include "runtime/program/wire.h"

namespace etd::program {
namespace {

// All of them, also those that nothing refers to: a segment outside of the file means that the file is damaged.
absl::Status CheckSegments(const ProgramContext& context) {
  for (flatbuffers::uoffset_t i = 0; i < SizeOf(context.program.segments()); ++i) {
    const absl::Status status = ProgramSegment(context, i).status();
    if (!status.ok()) return Annotate(status, fmt::format("segment {}", i));
  }
  const wire::SegmentParts* constants = context.program.constants();
  if (constants != nullptr && SizeOf(constants->offsets()) > 1 && SizeOf(context.program.inline_constants()) > 0) {
    return InvalidArgument("the program has constants in a segment and inside the flatbuffer; only one can be right");
  }
  return absl::OkStatus();
}

absl::Status ReadNamedData(const ProgramContext& context, NamedData& named) {
  absl::flat_hash_set<std::string> keys;
  for (flatbuffers::uoffset_t i = 0; i < SizeOf(context.program.named_data()); ++i) {
    const wire::NamedBlob& entry = *context.program.named_data()->Get(i);
    ETD_ASSIGN_OR_RETURN(std::string key, ReadName(entry.key(), "the key of a named data entry", context.pool));
    if (!keys.insert(key).second) return InvalidArgument("the named data key \"{}\" occurs twice", key);
    absl::StatusOr<std::span<const std::byte>> bytes = ProgramSegment(context, entry.segment_index());
    if (bytes.ok()) bytes = context.pool.Align(*bytes);
    if (!bytes.ok()) return Annotate(bytes.status(), fmt::format("named data \"{}\"", key));
    ETD_RETURN_IF_ERROR(MergeNamed(std::move(key), {.bytes = *bytes, .layout = std::nullopt}, named));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<MethodSpec>> ReadProgramFile(std::span<const std::byte> file, BytePool& pool,
                                                        NamedData& named) {
  ETD_ASSIGN_OR_RETURN(const FileLayout layout, ReadProgramLayout(file));
  ETD_ASSIGN_OR_RETURN(const wire::Program* root, VerifiedRoot<wire::Program>(layout.flatbuffer, kProgramIdentifier));
  if (root->version() != 0) return Unimplemented("program version {} is not supported (0 is)", root->version());
  const ProgramContext context{.program = *root, .layout = layout, .named = named, .pool = pool};
  ETD_RETURN_IF_ERROR(CheckSegments(context));
  ETD_RETURN_IF_ERROR(ReadNamedData(context, named));

  if (SizeOf(root->methods()) == 0) return InvalidArgument("the program has no method");
  std::vector<MethodSpec> methods;
  absl::flat_hash_set<std::string> names;
  for (flatbuffers::uoffset_t i = 0; i < root->methods()->size(); ++i) {
    ETD_ASSIGN_OR_RETURN(MethodSpec method, ReadMethod(*root->methods()->Get(i), context));
    if (!names.insert(method.name).second) return InvalidArgument("the method \"{}\" occurs twice", method.name);
    ETD_RETURN_IF_ERROR(VerifyMethod(method));
    methods.push_back(std::move(method));
  }
  return methods;
}

}  // namespace etd::program
