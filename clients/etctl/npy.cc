#include "clients/etctl/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <vector>

namespace etd::etctl {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kAlignment = 64;

struct Type {
  v1::DataType type;
  std::string_view name;
  std::string_view descr;
  uint64_t bytes;
};
// bfloat16 stands behind uint16, so that its descr is read as uint16.
constexpr std::array<Type, 13> kTypes = {{{v1::DATA_TYPE_BOOL, "bool", "|b1", 1},
                                          {v1::DATA_TYPE_INT8, "int8", "|i1", 1},
                                          {v1::DATA_TYPE_UINT8, "uint8", "|u1", 1},
                                          {v1::DATA_TYPE_INT16, "int16", "<i2", 2},
                                          {v1::DATA_TYPE_UINT16, "uint16", "<u2", 2},
                                          {v1::DATA_TYPE_BFLOAT16, "bfloat16", "<u2", 2},
                                          {v1::DATA_TYPE_INT32, "int32", "<i4", 4},
                                          {v1::DATA_TYPE_UINT32, "uint32", "<u4", 4},
                                          {v1::DATA_TYPE_INT64, "int64", "<i8", 8},
                                          {v1::DATA_TYPE_UINT64, "uint64", "<u8", 8},
                                          {v1::DATA_TYPE_FLOAT16, "float16", "<f2", 2},
                                          {v1::DATA_TYPE_FLOAT32, "float32", "<f4", 4},
                                          {v1::DATA_TYPE_FLOAT64, "float64", "<f8", 8}}};

const Type* FindType(v1::DataType type) {
  const auto* found = std::find_if(kTypes.begin(), kTypes.end(), [&](const Type& t) { return t.type == type; });
  return found == kTypes.end() ? nullptr : found;
}

absl::Status Invalid(const std::string& text) { return absl::InvalidArgumentError(text); }

// The header is a Python dict, as NumPy writes it: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }. What
// stands behind `key` and the colon, nothing where the key is not there.
std::optional<std::string_view> ValueOf(std::string_view header, std::string_view key) {
  const size_t at = header.find(fmt::format("'{}'", key));
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = header.substr(at + key.size() + 2);
  const size_t value = rest.find_first_not_of(": ");
  if (value == std::string_view::npos || rest.find(':') >= value) return std::nullopt;
  return rest.substr(value);
}

// The sizes in "(2, 3)", "(2,)" or "()" at the start of `text`.
std::optional<std::vector<int64_t>> ParseShape(std::string_view text) {
  const size_t end = text.find(')');
  if (!text.starts_with('(') || end == std::string_view::npos) return std::nullopt;
  std::vector<int64_t> shape;
  for (text = text.substr(1, end - 1); !text.empty();) {
    int64_t size = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc() || size < 0) return std::nullopt;
    shape.push_back(size);
    text.remove_prefix(static_cast<size_t>(rest - text.data()));
    const size_t next = text.find_first_not_of(", ");
    if (next == 0) return std::nullopt;
    text.remove_prefix(std::min(next, text.size()));
  }
  return shape;
}

absl::Status ParseHeader(std::string_view header, v1::Tensor* tensor, uint64_t* bytes) {
  const auto descr = ValueOf(header, "descr");
  const auto order = ValueOf(header, "fortran_order");
  const auto shape_text = ValueOf(header, "shape");
  if (!descr || !order || !shape_text) return Invalid("the .npy header lacks descr, fortran_order or shape");
  if (!order->starts_with("False")) return Invalid("the array is in Fortran order; save numpy.ascontiguousarray of it");
  const auto* type = std::find_if(kTypes.begin(), kTypes.end(), [&](const Type& t) {
    return descr->size() > t.descr.size() && descr->substr(1).starts_with(t.descr);
  });
  if (type == kTypes.end()) {
    const std::string_view name = descr->substr(0, std::min<size_t>(descr->find_first_of(",}"), 20));
    return Invalid(fmt::format("elements of type {} are not supported; convert the array with astype", name));
  }
  const auto shape = ParseShape(*shape_text);
  if (!shape) return Invalid("the shape in the .npy header is malformed");
  *bytes = type->bytes;
  const bool empty = std::find(shape->begin(), shape->end(), 0) != shape->end();
  for (const int64_t size : *shape) {
    tensor->add_shape(size);
    if (empty) continue;
    if (*bytes > std::numeric_limits<uint64_t>::max() / static_cast<uint64_t>(size)) {
      return Invalid("the shape in the .npy header is too large");
    }
    *bytes *= static_cast<uint64_t>(size);
  }
  if (empty) *bytes = 0;
  tensor->set_dtype(type->type);
  return absl::OkStatus();
}

}  // namespace

std::string_view DataTypeName(v1::DataType type) {
  const Type* found = FindType(type);
  return found == nullptr ? "?" : found->name;
}

absl::StatusOr<v1::Tensor> ParseNpy(std::string_view file) {
  const auto byte = [&](size_t at) { return static_cast<size_t>(static_cast<unsigned char>(file[at])); };
  if (!file.starts_with(kMagic) || file.size() < 12) return Invalid("this is no .npy file; write it with numpy.save");
  const size_t version = byte(6);
  if (version < 1 || version > 3) return Invalid(fmt::format(".npy files of version {} are not supported", version));
  const size_t start = version == 1 ? 10 : 12;
  const size_t length = byte(8) | byte(9) << 8 | (version == 1 ? 0 : byte(10) << 16 | byte(11) << 24);
  if (length > file.size() - start) return Invalid("the .npy file ends within its header");
  v1::Tensor tensor;
  uint64_t bytes = 0;
  if (absl::Status status = ParseHeader(file.substr(start, length), &tensor, &bytes); !status.ok()) return status;
  const std::string_view data = file.substr(start + length);
  if (data.size() != bytes) {
    return Invalid(fmt::format("the .npy file has {} bytes of data where its shape needs {}", data.size(), bytes));
  }
  tensor.set_data(data.data(), data.size());
  return tensor;
}

absl::StatusOr<v1::Tensor> ReadNpy(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (file) content << file.rdbuf();
  if (!file) {
    const int error = errno == 0 ? EIO : errno;
    const std::string text = fmt::format("cannot read {}: {}", path, std::strerror(error));
    return error == ENOENT ? absl::NotFoundError(text) : absl::InternalError(text);
  }
  absl::StatusOr<v1::Tensor> tensor = ParseNpy(content.view());
  if (tensor.ok()) return tensor;
  return absl::Status(tensor.status().code(), fmt::format("{}: {}", path, std::string(tensor.status().message())));
}

absl::StatusOr<std::string> FormatNpy(const v1::Tensor& tensor) {
  const Type* type = FindType(tensor.dtype());
  if (type == nullptr) return Invalid(fmt::format("NumPy has no element type {}", static_cast<int>(tensor.dtype())));
  std::string shape;
  for (const int64_t size : tensor.shape()) shape += fmt::format("{}, ", size);
  if (tensor.shape_size() > 1) shape.resize(shape.size() - 2);
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type->descr, shape);
  constexpr size_t kStart = 10;
  header.append(kAlignment - 1 - (kStart + header.size()) % kAlignment, ' ');
  header += '\n';
  std::string file(kMagic);
  file += '\x01';
  file += '\0';
  // 64 dimensions, NumPy's limit, are far from 65,535 bytes.
  if (header.size() > 0xffff) return Invalid("the tensor has too many dimensions for a .npy file");
  file += static_cast<char>(header.size() & 0xff);
  file += static_cast<char>(header.size() >> 8);
  return file + header + tensor.data();
}

absl::Status WriteNpy(const std::string& path, const v1::Tensor& tensor) {
  const absl::StatusOr<std::string> content = FormatNpy(tensor);
  if (!content.ok()) return content.status();
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content->data(), static_cast<std::streamsize>(content->size()));
  file.close();
  if (file) return absl::OkStatus();
  return absl::InternalError(fmt::format("cannot write {}: {}", path, std::strerror(errno == 0 ? EIO : errno)));
}

}  // namespace etd::etctl
