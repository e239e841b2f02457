#include "runtime/etrun/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

namespace etd::etrun {
namespace {

using tensor::ScalarType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::byte> Bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// A file with `header` as it is, and `data` behind it.
std::vector<std::byte> File(std::string header, std::string_view data, int version = 1) {
  std::string text = "\x93NUMPY";
  text += static_cast<char>(version);
  text += '\0';
  text += static_cast<char>(header.size() & 0xff);
  text += static_cast<char>(header.size() >> 8);
  if (version > 1) text += std::string(2, '\0');
  return Bytes(text + header + std::string(data));
}

std::string Dict(std::string_view descr, std::string_view order, std::string_view shape) {
  return "{'descr': '" + std::string(descr) + "', 'fortran_order': " + std::string(order) +
         ", 'shape': " + std::string(shape) + ", }    \n";
}

template <typename T>
std::vector<T> Elements(const NpyArray& array) {
  std::vector<T> elements(array.data.size() / sizeof(T));
  if (!elements.empty()) std::memcpy(elements.data(), array.data.data(), array.data.size());
  return elements;
}

TEST(NpyTest, WritesWhatItReads) {
  for (const ScalarType type :
       {ScalarType::kBool, ScalarType::kInt8, ScalarType::kUInt8, ScalarType::kInt16, ScalarType::kUInt16,
        ScalarType::kInt32, ScalarType::kUInt32, ScalarType::kInt64, ScalarType::kUInt64, ScalarType::kFloat16,
        ScalarType::kFloat32, ScalarType::kFloat64}) {
    std::vector<std::byte> data(6 * tensor::ElementSize(type));
    for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(type == ScalarType::kBool ? i % 2 : i);
    const std::vector<int64_t> shape = {2, 3};
    const auto file = FormatNpy(type, shape, data);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ((file->size() - data.size()) % 64, 0u);
    const auto array = ParseNpy(*file);
    ASSERT_TRUE(array.ok()) << array.status();
    EXPECT_EQ(array->dtype, type);
    EXPECT_EQ(array->shape, shape);
    EXPECT_EQ(array->data, data);
  }
}

TEST(NpyTest, HandlesEveryRank) {
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{}, {1}, {0}, {0, int64_t{1} << 62, int64_t{1} << 62}, std::vector<int64_t>(64, 1)}) {
    const bool empty = !shape.empty() && shape[0] == 0;
    const std::vector<std::byte> data(empty ? 0 : 4);
    const auto file = FormatNpy(ScalarType::kFloat32, shape, data);
    ASSERT_TRUE(file.ok()) << file.status();
    const auto array = ParseNpy(*file);
    ASSERT_TRUE(array.ok()) << array.status();
    EXPECT_EQ(array->shape, shape);
    EXPECT_EQ(array->data, data);
  }
  EXPECT_FALSE(FormatNpy(ScalarType::kInt8, std::vector<int64_t>(65, 1), Bytes("a")).ok());
}

TEST(NpyTest, ReadsFortranOrder) {
  // [[1, 2, 3], [4, 5, 6]] by columns.
  const auto array = ParseNpy(File(Dict("|i1", "True", "(2, 3)"), "\1\4\2\5\3\6"));
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_THAT(Elements<int8_t>(*array), ElementsAre(1, 2, 3, 4, 5, 6));
  // Element [a, b, c] of a (2, 2, 2) array is 4a + 2b + c.
  const auto cube = ParseNpy(File(Dict("|i1", "True", "(2, 2, 2)"), std::string_view("\0\4\2\6\1\5\3\7", 8)));
  ASSERT_TRUE(cube.ok()) << cube.status();
  EXPECT_THAT(Elements<int8_t>(*cube), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  const auto empty = ParseNpy(File(Dict("<i8", "True", "(3, 0)"), ""));
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_THAT(empty->data, IsEmpty());
}

TEST(NpyTest, ReadsAllVersionsAndHeaderForms) {
  for (int version = 1; version <= 3; ++version) {
    EXPECT_TRUE(ParseNpy(File(Dict("<i2", "False", "(1,)"), "ab", version)).ok()) << version;
  }
  EXPECT_TRUE(ParseNpy(File("{\"shape\":(),\"descr\":\"<i2\",\"fortran_order\":False}\n", "ab")).ok());
  EXPECT_TRUE(ParseNpy(File(Dict("<i2", "False", "(1, 1,)"), "ab")).ok());
}

TEST(NpyTest, WritesBFloat16AsBits) {
  const auto file = FormatNpy(ScalarType::kBFloat16, std::vector<int64_t>{1}, Bytes("ab"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(ParseNpy(*file)->dtype, ScalarType::kUInt16);
}

TEST(NpyTest, RefusesWhatItCanNotRead) {
  const auto error = [](const std::vector<std::byte>& file) { return ParseNpy(file).status().ToString(); };
  EXPECT_THAT(error({}), HasSubstr("not a .npy file"));
  EXPECT_THAT(error(Bytes("PK\3\4 a zip")), HasSubstr("not a .npy file"));
  EXPECT_THAT(error(File(Dict("<i2", "False", "(1,)"), "ab", 4)), HasSubstr("version 4.0"));
  EXPECT_THAT(error(File(Dict(">f4", "False", "(1,)"), "abcd")), HasSubstr("big-endian"));
  EXPECT_THAT(error(File(Dict("<c8", "False", "(1,)"), "abcdefgh")), HasSubstr("descr '<c8'"));
  EXPECT_THAT(error(File(Dict("|O", "False", "(1,)"), "a")), HasSubstr("descr '|O'"));
  EXPECT_THAT(error(File("{'descr': [('a', '<i2')], 'fortran_order': False, 'shape': (), }\n", "ab")),
              HasSubstr("structured"));
  EXPECT_THAT(error(File(Dict("|b1", "False", "(1,)"), "\2")), HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(error(File(Dict("<i2", "False", "(2,)"), "abc")), HasSubstr("must have 4 bytes of data; it has 3"));
  EXPECT_THAT(error(File(Dict("<i2", "False", "(1,)"), "abc")), HasSubstr("must have 2 bytes of data; it has 3"));
  EXPECT_THAT(error(File(Dict("<i2", "False", "(4611686018427387904, 4)"), "ab")), HasSubstr("more than fit"));
}

TEST(NpyTest, RefusesMalformedHeaders) {
  const char* const headers[] = {
      "",
      "\n",
      "{}\n",
      "{'descr': '<i2', 'fortran_order': False, }\n",
      "{'descr': '<i2', 'descr': '<i2', 'fortran_order': False}\n",
      "{'descr': '<i2', 'fortran_order': False, 'size': (1,), }\n",
      "{'descr': '<i2', 'fortran_order': 0, 'shape': (1,), }\n",
      "{'descr': '<i2', 'fortran_order': False, 'shape': (1), }\n",
      "{'descr': '<i2', 'fortran_order': False, 'shape': (1,,), }\n",
      "{'descr': '<i2', 'fortran_order': False, 'shape': (,), }\n",
      "{'descr': '<i2', 'fortran_order': False, 'shape': (1 1), }\n",
      "{'descr': '<i2', 'fortran_order': False, 'shape': (-1,), }\n",
      "{'descr': '<i2', 'fortran_order': False, 'shape': (99999999999999999999,), }\n",
      "{'descr': '<i2', 'fortran_order': False, 'shape': (1,), }",
      "{'descr': '<i2', 'fortran_order': False, 'shape': (1,), } x\n",
      "{'descr': '<i2', 'fortran_order': False 'shape': (1,), }\n",
      "{'descr: <i2, 'fortran_order': False, 'shape': (1,), }\n",
      "{'descr': '<i2",
  };
  for (const char* header : headers) {
    EXPECT_EQ(ParseNpy(File(header, "ab")).status().code(), absl::StatusCode::kInvalidArgument) << header;
  }
  std::string many = "(";
  for (int i = 0; i < 65; ++i) many += "1,";
  EXPECT_THAT(ParseNpy(File(Dict("<i2", "False", many + ")"), "ab")).status().ToString(),
              HasSubstr("too many dimensions"));
}

TEST(NpyTest, RefusesEveryTruncation) {
  const std::vector<std::byte> file = File(Dict("<i2", "False", "(1,)"), "ab");
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(ParseNpy(std::span(file).first(size)).ok()) << size;
  }
}

TEST(NpyTest, RefusesToWriteAnotherNumberOfBytes) {
  EXPECT_FALSE(FormatNpy(ScalarType::kInt16, std::vector<int64_t>{2}, Bytes("abc")).ok());
  EXPECT_FALSE(FormatNpy(ScalarType::kInt16, std::vector<int64_t>{-1}, Bytes("ab")).ok());
}

TEST(NpyTest, GoesThroughFiles) {
  const std::string path = ::testing::TempDir() + "npy_test_" + std::to_string(::getpid()) + ".npy";
  const std::vector<int64_t> shape = {2};
  ASSERT_TRUE(WriteNpy(path, ScalarType::kInt16, shape, Bytes("abcd")).ok());
  const auto array = ReadNpy(path);
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_EQ(array->data, Bytes("abcd"));
  std::remove(path.c_str());
  EXPECT_EQ(ReadNpy(path).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(WriteNpy(path + "/none/x.npy", ScalarType::kInt16, shape, Bytes("abcd")).ok());
}

}  // namespace
}  // namespace etd::etrun
