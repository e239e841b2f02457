#include "clients/etctl/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

namespace etd::etctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string File(const std::string& header, const std::string& data, char version = 1) {
  std::string file = "\x93NUMPY";
  file += version;
  file += '\0';
  file += static_cast<char>(header.size());
  file += std::string(version == 1 ? 1 : 3, '\0');
  return file + header + data;
}

std::string Header(const std::string& descr, const std::string& order, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }    \n";
}

std::string ErrorOf(const std::string& file) { return std::string(ParseNpy(file).status().message()); }

TEST(NpyTest, ReadsWhatNumPyWrites) {
  for (const char version : {'\x01', '\x02', '\x03'}) {
    const auto tensor = ParseNpy(File(Header("<f4", "False", "(2, 1)"), "abcdefgh", version));
    ASSERT_TRUE(tensor.ok()) << tensor.status();
    EXPECT_EQ(tensor->dtype(), v1::DATA_TYPE_FLOAT32);
    EXPECT_THAT(tensor->shape(), ElementsAre(2, 1));
    EXPECT_EQ(tensor->data(), "abcdefgh");
  }
}

TEST(NpyTest, ReadsWhatItWrites) {
  for (int type = v1::DATA_TYPE_UINT8; type <= v1::DATA_TYPE_UINT64; ++type) {
    for (const std::vector<int64_t>& shape : {std::vector<int64_t>{}, {1}, {1, 1, 1}, {3, 0}}) {
      v1::Tensor tensor;
      tensor.set_dtype(static_cast<v1::DataType>(type));
      for (const int64_t size : shape) tensor.add_shape(size);
      const std::string_view name = DataTypeName(tensor.dtype());
      const bool wide = name.ends_with("64");
      const size_t bytes = wide ? 8 : name.ends_with("32") ? 4 : name.ends_with("16") ? 2 : 1;
      tensor.set_data(shape.size() == 2 ? "" : std::string(bytes, 1));
      const auto file = FormatNpy(tensor);
      ASSERT_TRUE(file.ok()) << file.status();
      EXPECT_EQ((file->size() - tensor.data().size()) % 64, 0u);
      const auto read = ParseNpy(*file);
      ASSERT_TRUE(read.ok()) << read.status() << name;
      // NumPy has no bfloat16.
      EXPECT_EQ(read->dtype(), type == v1::DATA_TYPE_BFLOAT16 ? v1::DATA_TYPE_UINT16 : type);
      EXPECT_THAT(read->shape(), ::testing::ElementsAreArray(shape));
      EXPECT_EQ(read->data(), tensor.data());
    }
  }
}

TEST(NpyTest, RefusesWhatItCannotReadAndSaysWhy) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("numpy.save"));
  EXPECT_THAT(ErrorOf("PK a zip file, as numpy.savez writes"), HasSubstr("no .npy file"));
  EXPECT_THAT(ErrorOf(File(Header("<f4", "False", "(1,)"), "abcd", 4)), HasSubstr("version 4"));
  EXPECT_THAT(ErrorOf(File(Header("<f4", "True", "(1,)"), "abcd")), HasSubstr("ascontiguousarray"));
  EXPECT_THAT(ErrorOf(File(Header(">f4", "False", "(1,)"), "abcd")), HasSubstr("'>f4'"));
  EXPECT_THAT(ErrorOf(File(Header("<c8", "False", "(1,)"), "abcdefgh")), HasSubstr("astype"));
  EXPECT_THAT(ErrorOf(File("{'descr': '<f4', 'fortran_order': False, }\n", "abcd")), HasSubstr("lacks"));
  EXPECT_THAT(ErrorOf(File(Header("<f4", "False", "(2,)"), "abcd")), HasSubstr("4 bytes"));
  for (const char* shape : {"(-1,)", "(a,)", "(1", "1", "(1 x)", "(99999999999999999999,)"}) {
    EXPECT_THAT(ErrorOf(File(Header("<f4", "False", shape), "abcd")), HasSubstr("malformed")) << shape;
  }
  EXPECT_THAT(ErrorOf(File(Header("<f4", "False", "(4611686018427387904, 4)"), "")),
              HasSubstr("too large"));
}

TEST(NpyTest, RefusesEveryTruncation) {
  const std::string file = File(Header("<f4", "False", "(1,)"), "abcd");
  for (size_t size = 0; size < file.size(); ++size) EXPECT_FALSE(ParseNpy(file.substr(0, size)).ok()) << size;
}

TEST(NpyTest, GoesThroughFiles) {
  const std::string path = ::testing::TempDir() + "etctl_npy_test_" + std::to_string(::getpid()) + ".npy";
  v1::Tensor tensor;
  tensor.set_dtype(v1::DATA_TYPE_INT8);
  tensor.add_shape(3);
  tensor.set_data("abc");
  ASSERT_TRUE(WriteNpy(path, tensor).ok());
  const auto read = ReadNpy(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->data(), "abc");
  std::remove(path.c_str());
  EXPECT_EQ(ReadNpy(path).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(ReadNpy(path).status().message()), HasSubstr(path));
  EXPECT_FALSE(WriteNpy(path + "/none/x.npy", tensor).ok());
  tensor.set_dtype(v1::DATA_TYPE_UNSPECIFIED);
  EXPECT_FALSE(FormatNpy(tensor).ok());
}

}  // namespace
}  // namespace etd::etctl
