#include "runtime/program/data_file.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "runtime/program/file_layout.h"
#include "runtime/program/schema/flat_tensor_generated.h"
#include "runtime/program/wire.h"

namespace etd::program {
namespace {

absl::StatusOr<NamedBytes> ReadEntry(const wire::data::DataFile& root, const wire::data::NamedBlob& entry,
                                     const FileLayout& layout, BytePool& pool) {
  if (entry.segment_index() >= SizeOf(root.segments())) {
    return InvalidArgument("its segment index is {}, but there are {} segments", entry.segment_index(),
                           SizeOf(root.segments()));
  }
  const wire::data::Segment& segment = *root.segments()->Get(entry.segment_index());
  NamedBytes result;
  ETD_ASSIGN_OR_RETURN(result.bytes, SegmentBytes(layout, segment.offset(), segment.size()));
  ETD_ASSIGN_OR_RETURN(result.bytes, pool.Align(result.bytes));
  if (const wire::data::Layout* tensor = entry.layout(); tensor != nullptr) {
    ETD_ASSIGN_OR_RETURN(result.layout,
                         ReadLayout(tensor->element_type(), tensor->sizes(), tensor->dim_order(), pool));
    if (result.layout->nbytes() > result.bytes.size()) {
      return InvalidArgument("its tensor has {} bytes, but its segment only {}", result.layout->nbytes(),
                             result.bytes.size());
    }
  }
  return result;
}

}  // namespace

absl::Status MergeNamed(std::string key, NamedBytes value, NamedData& named) {
  const auto [place, added] = named.try_emplace(std::move(key), value);
  if (added) return absl::OkStatus();
  NamedBytes& present = place->second;
  if (!std::ranges::equal(present.bytes, value.bytes) ||
      (present.layout && value.layout && *present.layout != *value.layout)) {
    return InvalidArgument("the key \"{}\" names different data in two files", place->first);
  }
  if (!present.layout) present.layout = std::move(value.layout);
  return absl::OkStatus();
}

absl::Status ReadDataFile(std::span<const std::byte> file, BytePool& pool, NamedData& named) {
  ETD_ASSIGN_OR_RETURN(const FileLayout layout, ReadDataLayout(file));
  ETD_ASSIGN_OR_RETURN(const wire::data::DataFile* root,
                       VerifiedRoot<wire::data::DataFile>(layout.flatbuffer, kDataIdentifier));
  if (root->version() != 0) return Unimplemented("data file version {} is not supported (0 is)", root->version());
  absl::flat_hash_set<std::string> keys;
  for (flatbuffers::uoffset_t i = 0; i < SizeOf(root->named_data()); ++i) {
    const wire::data::NamedBlob& entry = *root->named_data()->Get(i);
    ETD_ASSIGN_OR_RETURN(std::string key, ReadName(entry.key(), "the key of a named data entry", pool));
    if (!keys.insert(key).second) return InvalidArgument("the key \"{}\" occurs twice", key);
    absl::StatusOr<NamedBytes> value = ReadEntry(*root, entry, layout, pool);
    if (!value.ok()) return Annotate(value.status(), fmt::format("named data \"{}\"", key));
    ETD_RETURN_IF_ERROR(MergeNamed(std::move(key), *std::move(value), named));
  }
  return absl::OkStatus();
}

}  // namespace etd::program
