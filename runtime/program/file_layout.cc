#include "runtime/program/file_layout.h"

#include <algorithm>
#include <string>

#include "runtime/base/checked_math.h"
#include "runtime/base/status.h"

namespace etd::program {
namespace {

constexpr size_t kHeaderAt = 8;
constexpr size_t kMaxFlatbufferSize = (size_t{1} << 31) - 1;

uint64_t ReadLittleEndian(std::span<const std::byte> file, size_t offset, size_t width) {
  uint64_t value = 0;
  for (size_t i = 0; i < width; ++i) value |= static_cast<uint64_t>(file[offset + i]) << (8 * i);
  return value;
}

bool HasText(std::span<const std::byte> file, size_t offset, std::string_view text) {
  if (file.size() < offset + text.size()) return false;
  return std::equal(text.begin(), text.end(), file.begin() + static_cast<ptrdiff_t>(offset),
                    [](char a, std::byte b) { return static_cast<std::byte>(a) == b; });
}

std::string Printable(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return result;
}

absl::Status CheckIdentifier(std::span<const std::byte> file, std::string_view expected, std::string_view kind) {
  if (HasText(file, 4, expected)) return absl::OkStatus();
  if (file.size() < kHeaderAt) {
    return InvalidArgument("the file has only {} bytes, too few for a {} file", file.size(), kind);
  }
  return InvalidArgument("not a {} file: its identifier is \"{}\", expected \"{}\"", kind,
                         Printable(FileIdentifier(file)), expected);
}

struct HeaderNumbers {
  uint64_t flatbuffer_end = 0;
  uint64_t segment_base = 0;   // 0: no segments
  uint64_t segment_bytes = 0;  // 0: not known
};

absl::StatusOr<FileLayout> Cut(std::span<const std::byte> file, const HeaderNumbers& numbers, uint64_t header_end) {
  if (numbers.flatbuffer_end > file.size()) {
    return InvalidArgument("the header says that the flatbuffer ends at byte {}, but the file has {} bytes: truncated?",
                           numbers.flatbuffer_end, file.size());
  }
  if (numbers.flatbuffer_end > kMaxFlatbufferSize) {
    return InvalidArgument("the flatbuffer has {} bytes; the format allows {}", numbers.flatbuffer_end,
                           kMaxFlatbufferSize);
  }
  if (header_end > numbers.flatbuffer_end) {
    return InvalidArgument("the header ends at byte {}, behind the flatbuffer that contains it ({} bytes)", header_end,
                           numbers.flatbuffer_end);
  }
  FileLayout layout;
  layout.flatbuffer = file.first(numbers.flatbuffer_end);
  if (numbers.segment_base == 0) {
    if (numbers.segment_bytes != 0) {
      return InvalidArgument("the header says that there are {} bytes of segments, but not where",
                             numbers.segment_bytes);
    }
    return layout;
  }
  if (numbers.segment_base < numbers.flatbuffer_end) {
    return InvalidArgument("the segments (from byte {}) overlap the flatbuffer (to byte {})", numbers.segment_base,
                           numbers.flatbuffer_end);
  }
  if (!RangeFits<uint64_t>(numbers.segment_base, numbers.segment_bytes, file.size())) {
    return InvalidArgument("the header says that segments take {} bytes from byte {}, but the file has {}: truncated?",
                           numbers.segment_bytes, numbers.segment_base, file.size());
  }
  layout.segments = file.subspan(numbers.segment_base);
  return layout;
}

}  // namespace

std::string_view FileIdentifier(std::span<const std::byte> file) {
  if (file.size() < kHeaderAt) return {};
  return {reinterpret_cast<const char*>(file.data()) + 4, 4};
}

absl::StatusOr<FileLayout> ReadProgramLayout(std::span<const std::byte> file) {
  ETD_RETURN_IF_ERROR(CheckIdentifier(file, kProgramIdentifier, "program (.pte)"));
  if (!HasText(file, kHeaderAt, "eh00")) {
    return Cut(file, {.flatbuffer_end = file.size()}, kHeaderAt);
  }
  constexpr uint64_t kShortest = 24;
  constexpr uint64_t kWithSegmentBytes = 32;
  if (file.size() < kHeaderAt + kShortest) return InvalidArgument("the file ends inside its extended header");
  const uint64_t length = ReadLittleEndian(file, 12, 4);
  if (length < kShortest) {
    return InvalidArgument("the extended header's length is {}; it must be at least {}", length, kShortest);
  }
  HeaderNumbers numbers{.flatbuffer_end = ReadLittleEndian(file, 16, 8),
                        .segment_base = ReadLittleEndian(file, 24, 8)};
  if (length >= kWithSegmentBytes) {
    if (file.size() < kHeaderAt + kWithSegmentBytes) return InvalidArgument("the file ends inside its extended header");
    numbers.segment_bytes = ReadLittleEndian(file, 32, 8);
  }
  return Cut(file, numbers, kHeaderAt + length);
}

absl::StatusOr<FileLayout> ReadDataLayout(std::span<const std::byte> file) {
  ETD_RETURN_IF_ERROR(CheckIdentifier(file, kDataIdentifier, "data (.ptd)"));
  constexpr uint64_t kShortest = 40;
  if (!HasText(file, kHeaderAt, "FH01") || file.size() < kHeaderAt + kShortest) {
    return InvalidArgument("the data file has no header with the magic \"FH01\"");
  }
  const uint64_t length = ReadLittleEndian(file, 12, 4);
  if (length < kShortest) {
    return InvalidArgument("the data file's header length is {}; it must be at least {}", length, kShortest);
  }
  const std::optional<uint64_t> end = CheckedAdd(ReadLittleEndian(file, 16, 8), ReadLittleEndian(file, 24, 8));
  if (!end) return InvalidArgument("the data file's flatbuffer offset and size overflow");
  return Cut(file,
             {.flatbuffer_end = *end,
              .segment_base = ReadLittleEndian(file, 32, 8),
              .segment_bytes = ReadLittleEndian(file, 40, 8)},
             kHeaderAt + length);
}

absl::StatusOr<std::span<const std::byte>> SegmentBytes(const FileLayout& layout, uint64_t offset, uint64_t size) {
  if (size == 0) return std::span<const std::byte>();
  if (layout.segments.empty()) return InvalidArgument("the file's header names no place for segments");
  if (!RangeFits<uint64_t>(offset, size, layout.segments.size())) {
    return InvalidArgument("{} bytes at offset {} are not inside the file's {} bytes of segments", size, offset,
                           layout.segments.size());
  }
  return layout.segments.subspan(offset, size);
}

}  // namespace etd::program
