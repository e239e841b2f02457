#include "runtime/program/data_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/program/program.h"
#include "tests/unit/runtime/program/test_program.h"

namespace etd::program {
namespace {

using test::Bytes;
using ::testing::HasSubstr;

std::unique_ptr<wire::data::NamedBlobT> MakeBlob(std::string key, uint32_t segment, std::vector<int32_t> sizes) {
  auto blob = std::make_unique<wire::data::NamedBlobT>();
  blob->key = std::move(key);
  blob->segment_index = segment;
  blob->layout = std::make_unique<wire::data::LayoutT>();
  blob->layout->element_type = wire::ElementType::FLOAT32;
  for (size_t i = 0; i < sizes.size(); ++i) blob->layout->dim_order.push_back(static_cast<uint8_t>(i));
  blob->layout->sizes = std::move(sizes);
  return blob;
}

// "weight" [2,3], "state" [4] and a blob without layout that shares weight's segment.
wire::data::DataFileT SampleData() {
  wire::data::DataFileT data;
  for (const uint64_t offset : {0, 128}) {
    auto segment = std::make_unique<wire::data::SegmentT>();
    segment->offset = offset;
    segment->size = offset == 0 ? 24 : 16;
    data.segments.push_back(std::move(segment));
  }
  data.named_data.push_back(MakeBlob("weight", 0, {2, 3}));
  data.named_data.push_back(MakeBlob("state", 1, {4}));
  data.named_data.push_back(MakeBlob("bytes", 0, {}));
  data.named_data[2]->layout.reset();
  return data;
}

Bytes SampleDataSegments() {
  Bytes bytes(128 + 16);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  return bytes;
}

// The sample program with its constant and its initialised tensor outside.
wire::ProgramT ExternalProgram() {
  wire::ProgramT program = test::SampleProgram();
  const auto make_external = [&](uint32_t value, const char* name) {
    wire::TensorT& tensor = *program.methods[0]->values[value]->data.AsTensor();
    tensor.extra = std::make_unique<wire::TensorExtraT>();
    tensor.extra->name = name;
    tensor.extra->data_place = wire::TensorDataPlace::EXTERNAL;
  };
  make_external(test::kConstant, "weight");
  make_external(test::kInitialised, "state");
  return program;
}

absl::StatusOr<std::shared_ptr<const Program>> Load(const wire::ProgramT& program, const std::vector<Bytes>& data) {
  const std::vector<std::span<const std::byte>> files(data.begin(), data.end());
  return Program::FromBytes(test::WriteProgram(program, test::SampleSegments()), files);
}

std::string ErrorOf(const wire::data::DataFileT& data) {
  return Load(ExternalProgram(), {test::WriteData(data, SampleDataSegments())}).status().ToString();
}

TEST(DataFileTest, GivesTensorsTheirBytes) {
  const auto program = Load(ExternalProgram(), {test::WriteData(SampleData(), SampleDataSegments())});
  ASSERT_TRUE(program.ok()) << program.status();
  const MethodSpec& method = (*program)->methods()[0];
  const auto& weight = std::get<TensorSpec>(method.values[test::kConstant]);
  EXPECT_EQ(weight.storage, Storage::kExternal);
  EXPECT_TRUE(weight.constant());
  EXPECT_EQ(weight.data.size(), 24u);
  EXPECT_EQ(weight.data[5], std::byte{5});
  const auto& state = std::get<TensorSpec>(method.values[test::kInitialised]);
  EXPECT_EQ(state.storage, Storage::kExternalMutable);
  EXPECT_TRUE(state.planned());
  EXPECT_EQ(state.data[0], std::byte{128});
  // The program's own entry is there as well.
  EXPECT_EQ((*program)->named_data().size(), 4u);
  EXPECT_FALSE((*program)->named_data().at("bytes").layout.has_value());
}

TEST(DataFileTest, MissingFileIsNotFound) {
  const auto program = Load(ExternalProgram(), {});
  EXPECT_EQ(program.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(program.status().ToString(), HasSubstr("tensor \"weight\" is kept outside"));
}

TEST(DataFileTest, LayoutMustMatch) {
  auto data = SampleData();
  data.named_data[0]->layout->sizes = {3, 2};
  EXPECT_THAT(ErrorOf(data), HasSubstr("float32 [2, 3] in the program and float32 [3, 2]"));
  data = SampleData();
  data.named_data[0]->layout->dim_order = {1, 0};
  EXPECT_THAT(ErrorOf(data), HasSubstr("dim orders differ"));
  data = SampleData();
  data.named_data[0]->layout.reset();
  EXPECT_THAT(ErrorOf(data), HasSubstr("has no tensor layout"));
}

TEST(DataFileTest, RefusesDamage) {
  auto data = SampleData();
  data.version = 1;
  EXPECT_THAT(ErrorOf(data), HasSubstr("version 1"));
  data = SampleData();
  data.named_data[1]->key = "weight";
  EXPECT_THAT(ErrorOf(data), HasSubstr("\"weight\" occurs twice"));
  data = SampleData();
  data.named_data[1]->segment_index = 2;
  EXPECT_THAT(ErrorOf(data), HasSubstr("segment index is 2, but there are 2"));
  data = SampleData();
  data.segments[1]->size = 17;
  EXPECT_THAT(ErrorOf(data), HasSubstr("17 bytes at offset 128"));
  data = SampleData();
  data.segments[1]->size = 12;
  EXPECT_THAT(ErrorOf(data), HasSubstr("its tensor has 16 bytes, but its segment only 12"));
  data = SampleData();
  data.named_data[1]->layout->sizes = {-4};
  EXPECT_THAT(ErrorOf(data), HasSubstr("named data \"state\": a tensor has a negative size"));
}

TEST(DataFileTest, RefusesBadHeaders) {
  const Bytes good = test::WriteData(SampleData(), SampleDataSegments());
  const auto error_with = [&](size_t offset, uint64_t value, size_t width) {
    Bytes file = good;
    test::Put(file, offset, value, width);
    return Load(ExternalProgram(), {file}).status().ToString();
  };
  EXPECT_THAT(error_with(4, 0, 4), HasSubstr("not a data (.ptd) file"));
  EXPECT_THAT(error_with(8, 0, 4), HasSubstr("no header"));
  EXPECT_THAT(error_with(12, 39, 4), HasSubstr("header length is 39"));
  EXPECT_THAT(error_with(16, ~uint64_t{0}, 8), HasSubstr("overflow"));
  EXPECT_THAT(error_with(24, ~uint64_t{0}, 8), HasSubstr("truncated?"));
  EXPECT_THAT(error_with(32, 0, 8), HasSubstr("but not where"));
  EXPECT_THAT(error_with(40, good.size(), 8), HasSubstr("truncated?"));
  for (size_t size = 1; size < good.size(); ++size) {
    EXPECT_FALSE(Load(ExternalProgram(), {Bytes(good.begin(), good.begin() + static_cast<ptrdiff_t>(size))}).ok());
  }
}

TEST(DataFileTest, SameKeyInTwoFilesNeedsTheSameBytes) {
  const Bytes first = test::WriteData(SampleData(), SampleDataSegments());
  EXPECT_TRUE(Load(ExternalProgram(), {first, first}).ok());
  Bytes other_segments = SampleDataSegments();
  other_segments[3] = std::byte{77};
  const auto program = Load(ExternalProgram(), {first, test::WriteData(SampleData(), other_segments)});
  EXPECT_THAT(program.status().ToString(), HasSubstr("names different data in two files"));
}

}  // namespace
}  // namespace etd::program
