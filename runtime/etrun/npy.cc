#include "runtime/etrun/npy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>

#include "runtime/base/checked_math.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status.h"

namespace etd::etrun {
namespace {

using tensor::ScalarType;

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxRank = 64;  // NumPy's own limit
constexpr size_t kHeaderAlignment = 64;

struct Code {
  std::string_view code;
  ScalarType type;
};
constexpr std::array<Code, 12> kCodes = {{{"|b1", ScalarType::kBool},
                                          {"|i1", ScalarType::kInt8},
                                          {"|u1", ScalarType::kUInt8},
                                          {"<i2", ScalarType::kInt16},
                                          {"<u2", ScalarType::kUInt16},
                                          {"<i4", ScalarType::kInt32},
                                          {"<u4", ScalarType::kUInt32},
                                          {"<i8", ScalarType::kInt64},
                                          {"<u8", ScalarType::kUInt64},
                                          {"<f2", ScalarType::kFloat16},
                                          {"<f4", ScalarType::kFloat32},
                                          {"<f8", ScalarType::kFloat64}}};

struct Header {
  ScalarType dtype = ScalarType::kFloat32;
  bool fortran_order = false;
  std::vector<int64_t> shape;
};

absl::StatusOr<ScalarType> TypeFromCode(std::string_view code) {
  for (const Code& known : kCodes) {
    if (known.code == code) return known.type;
  }
  if (code.starts_with('>')) {
    return Unimplemented("big-endian .npy files are not supported (descr '{}'); save the array with "
                         "astype(dtype.newbyteorder('<'))",
                         code);
  }
  return Unimplemented("arrays of descr '{}' are not supported", code);
}

// The dict literal of the header, which consists of three entries in any order.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  absl::StatusOr<Header> Parse() {
    Header header;
    ETD_RETURN_IF_ERROR(Expect('{'));
    for (size_t entry = 0; entry < 3; ++entry) {
      ETD_RETURN_IF_ERROR(ParseEntry(header));
      // The comma behind the last entry may be left out.
      if (!Take(',') && entry < 2) return Malformed("expected ','");
    }
    ETD_RETURN_IF_ERROR(Expect('}'));
    SkipSpaces();
    if (text_ != "\n") return Malformed("expected a newline at its end");
    return header;
  }

 private:
  absl::Status ParseEntry(Header& header) {
    ETD_ASSIGN_OR_RETURN(const std::string_view key, ParseString());
    ETD_RETURN_IF_ERROR(Expect(':'));
    if (key == "descr") {
      if (std::exchange(has_descr_, true)) return Malformed("descr occurs twice");
      SkipSpaces();
      if (text_.starts_with('[')) return Unimplemented("structured arrays are not supported");
      ETD_ASSIGN_OR_RETURN(const std::string_view code, ParseString());
      ETD_ASSIGN_OR_RETURN(header.dtype, TypeFromCode(code));
      return absl::OkStatus();
    }
    if (key == "fortran_order") {
      if (std::exchange(has_order_, true)) return Malformed("fortran_order occurs twice");
      ETD_ASSIGN_OR_RETURN(header.fortran_order, ParseBool());
      return absl::OkStatus();
    }
    if (key == "shape") {
      if (std::exchange(has_shape_, true)) return Malformed("shape occurs twice");
      return ParseShape(header.shape);
    }
    return Malformed("unknown key");
  }

  absl::StatusOr<std::string_view> ParseString() {
    SkipSpaces();
    if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) return Malformed("expected a quoted text");
    const size_t end = text_.find(text_[0], 1);
    if (end == std::string_view::npos) return Malformed("a quote is not closed");
    const std::string_view content = text_.substr(1, end - 1);
    const auto plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '\\'; };
    if (!std::all_of(content.begin(), content.end(), plain)) return Malformed("a text has odd characters");
    text_.remove_prefix(end + 1);
    return content;
  }

  absl::StatusOr<bool> ParseBool() {
    if (TakeWord("True")) return true;
    if (TakeWord("False")) return false;
    return Malformed("expected True or False");
  }

  absl::Status ParseShape(std::vector<int64_t>& shape) {
    ETD_RETURN_IF_ERROR(Expect('('));
    bool comma = true;
    while (!Take(')')) {
      if (!comma) return Malformed("expected ',' or ')' in the shape");
      if (shape.size() == kMaxRank) return Malformed("the shape has too many dimensions");
      ETD_ASSIGN_OR_RETURN(const int64_t size, ParseSize());
      shape.push_back(size);
      comma = Take(',');
    }
    // Python reads (3) as a number.
    if (shape.size() == 1 && !comma) return Malformed("a shape of one dimension needs a comma");
    return absl::OkStatus();
  }

  absl::StatusOr<int64_t> ParseSize() {
    SkipSpaces();
    int64_t size = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), size);
    if (error != std::errc() || size < 0) return Malformed("a dimension is not a size");
    text_.remove_prefix(static_cast<size_t>(end - text_.data()));
    return size;
  }

  void SkipSpaces() { text_.remove_prefix(std::min(text_.find_first_not_of(' '), text_.size())); }
  bool TakeWord(std::string_view word) {
    SkipSpaces();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  bool Take(char c) { return TakeWord(std::string_view(&c, 1)); }
  absl::Status Expect(char c) { return Take(c) ? absl::OkStatus() : Malformed(fmt::format("expected '{}'", c)); }
  static absl::Status Malformed(std::string_view reason) {
    return InvalidArgument("the .npy header is malformed: {}", reason);
  }

  std::string_view text_;  // What is left.
  bool has_descr_ = false;
  bool has_order_ = false;
  bool has_shape_ = false;
};

// Bytes of an array, or nothing on overflow.
std::optional<size_t> ByteCount(ScalarType dtype, std::span<const int64_t> shape) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  size_t bytes = tensor::ElementSize(dtype);
  for (const int64_t size : shape) {
    if (size < 0) return std::nullopt;
    const auto product = CheckedMul(bytes, static_cast<size_t>(size));
    if (!product) return std::nullopt;
    bytes = *product;
  }
  return bytes;
}

std::string ShapeTuple(std::span<const int64_t> shape) {
  if (shape.size() == 1) return fmt::format("({},)", shape[0]);
  return fmt::format("({})", fmt::join(shape, ", "));
}

// `source` with its first dimension innermost, as row-major bytes.
std::vector<std::byte> FromFortranOrder(std::span<const std::byte> source, std::span<const int64_t> shape,
                                        size_t element_size) {
  std::vector<std::byte> result(source.size());
  std::vector<size_t> strides(shape.size());  // Of the source, in bytes.
  size_t stride = element_size;
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    strides[dim] = stride;
    stride *= static_cast<size_t>(shape[dim]);
  }
  std::vector<int64_t> index(shape.size(), 0);
  size_t from = 0;
  for (size_t to = 0; to < result.size(); to += element_size) {
    std::memcpy(result.data() + to, source.data() + from, element_size);
    for (size_t dim = shape.size(); dim-- > 0;) {
      from += strides[dim];
      if (++index[dim] < shape[dim]) break;
      from -= strides[dim] * static_cast<size_t>(shape[dim]);
      index[dim] = 0;
    }
  }
  return result;
}

absl::StatusOr<NpyArray> MakeArray(Header header, std::span<const std::byte> data) {
  const std::optional<size_t> bytes = ByteCount(header.dtype, header.shape);
  if (!bytes || *bytes != data.size()) {
    return InvalidArgument("a .npy file of {} {} must have {} bytes of data; it has {}",
                           tensor::ScalarTypeName(header.dtype), ShapeTuple(header.shape),
                           bytes ? std::to_string(*bytes) : "more than fit", data.size());
  }
  if (header.dtype == ScalarType::kBool) {
    const auto is_bool = [](std::byte b) { return b == std::byte{0} || b == std::byte{1}; };
    if (!std::all_of(data.begin(), data.end(), is_bool)) {
      return InvalidArgument("a .npy file of bool has an element that is neither 0 nor 1");
    }
  }
  NpyArray array{.dtype = header.dtype, .shape = std::move(header.shape), .data = {}};
  if (header.fortran_order && array.shape.size() > 1) {
    array.data = FromFortranOrder(data, array.shape, tensor::ElementSize(array.dtype));
  } else {
    array.data.assign(data.begin(), data.end());
  }
  return array;
}

}  // namespace

absl::StatusOr<NpyArray> ParseNpy(std::span<const std::byte> file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const size_t versions_end = kMagic.size() + 2;
  if (!text.starts_with(kMagic)) return InvalidArgument("not a .npy file: it does not begin with \"\\x93NUMPY\"");
  if (text.size() < versions_end) return InvalidArgument("the .npy file ends inside its header");
  const auto major = static_cast<uint8_t>(text[kMagic.size()]);
  const auto minor = static_cast<uint8_t>(text[kMagic.size() + 1]);
  if (major < 1 || major > 3 || minor != 0) {
    return Unimplemented(".npy version {}.{} is not supported (1.0, 2.0 and 3.0 are)", major, minor);
  }
  const size_t width = major == 1 ? 2 : 4;
  if (text.size() < versions_end + width) return InvalidArgument("the .npy file ends inside its header");
  size_t length = 0;
  for (size_t i = 0; i < width; ++i) length |= std::to_integer<size_t>(file[versions_end + i]) << (8 * i);
  const size_t header_at = versions_end + width;
  if (length > text.size() - header_at) return InvalidArgument("the .npy file ends inside its header");
  ETD_ASSIGN_OR_RETURN(Header header, HeaderParser(text.substr(header_at, length)).Parse());
  return MakeArray(std::move(header), file.subspan(header_at + length));
}

absl::StatusOr<NpyArray> ReadNpy(const std::string& path) {
  ETD_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path, MappedFile::Mode::kCopy));
  absl::StatusOr<NpyArray> array = ParseNpy(file.bytes());
  if (!array.ok()) return Annotate(array.status(), path);
  return array;
}

absl::StatusOr<std::vector<std::byte>> FormatNpy(ScalarType dtype, std::span<const int64_t> shape,
                                                 std::span<const std::byte> data) {
  if (shape.size() > kMaxRank) return InvalidArgument(".npy files have at most {} dimensions", kMaxRank);
  const std::optional<size_t> bytes = ByteCount(dtype, shape);
  if (!bytes || *bytes != data.size()) {
    return InvalidArgument("an array of {} {} does not have {} bytes", tensor::ScalarTypeName(dtype),
                           ShapeTuple(shape), data.size());
  }
  const ScalarType stored = dtype == ScalarType::kBFloat16 ? ScalarType::kUInt16 : dtype;
  const auto code = std::find_if(kCodes.begin(), kCodes.end(), [&](const Code& c) { return c.type == stored; });
  if (code == kCodes.end()) return InvalidArgument(".npy files can't hold {}", tensor::ScalarTypeName(dtype));
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", code->code, ShapeTuple(shape));
  const size_t prefix = kMagic.size() + 4;
  const size_t total = (prefix + header.size() + 1 + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment;
  header.append(total - prefix - header.size() - 1, ' ');
  header += '\n';
  std::string start(kMagic);
  start += {'\x01', '\x00', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  start += header;
  std::vector<std::byte> file(start.size() + data.size());
  std::memcpy(file.data(), start.data(), start.size());
  std::copy(data.begin(), data.end(), file.begin() + static_cast<ptrdiff_t>(start.size()));
  return file;
}

absl::Status WriteNpy(const std::string& path, ScalarType dtype, std::span<const int64_t> shape,
                      std::span<const std::byte> data) {
  ETD_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, FormatNpy(dtype, shape, data));
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return Internal("can't write {}", path);
  return absl::OkStatus();
}

}  // namespace etd::etrun
