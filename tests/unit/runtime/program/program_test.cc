#include "runtime/program/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "runtime/base/unique_fd.h"
#include "tests/unit/runtime/program/test_program.h"

namespace etd::program {
namespace {

using test::Bytes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <typename T>
const T& Get(const MethodSpec& method, uint32_t value) {
  return std::get<T>(method.values.at(value));
}

std::span<const std::byte> Part(const Bytes& bytes, size_t offset, size_t size) {
  return std::span(bytes).subspan(offset, size);
}

class SampleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto program = Program::FromBytes(test::WriteProgram(test::SampleProgram(), segments_));
    ASSERT_TRUE(program.ok()) << program.status();
    program_ = *program;
  }
  const MethodSpec& method() const { return program_->methods()[0]; }

  Bytes segments_ = test::SampleSegments();
  std::shared_ptr<const Program> program_;
};

TEST_F(SampleTest, FindsMethodsByName) {
  EXPECT_EQ(program_->FindMethod("forward"), &method());
  EXPECT_EQ(program_->FindMethod("backward"), nullptr);
  EXPECT_THAT(method().inputs, ElementsAre(test::kInput, test::kInt));
  EXPECT_THAT(method().outputs, ElementsAre(test::kOutput));
  EXPECT_THAT(method().operators, ElementsAre("aten::add.out", "aten::copy_"));
  EXPECT_THAT(method().arena_sizes, ElementsAre(61, 32));
}

TEST_F(SampleTest, CopiesPlainValues) {
  EXPECT_EQ(KindOf(method().values[test::kNone]), tensor::Value::Kind::kNone);
  EXPECT_EQ(Get<int64_t>(method(), test::kInt), -7);
  EXPECT_TRUE(Get<bool>(method(), test::kBool));
  EXPECT_EQ(Get<double>(method(), test::kDouble), 0.5);
  EXPECT_EQ(Get<std::string>(method(), test::kString), "text");
  EXPECT_THAT(Get<IntListSpec>(method(), test::kIntList).items, ElementsAre(test::kInt, test::kInt));
  EXPECT_THAT(Get<DoubleListSpec>(method(), test::kDoubleList).items, ElementsAre(1.5, -2.0));
  EXPECT_THAT(Get<BoolListSpec>(method(), test::kBoolList).items, ElementsAre(true, false));
  EXPECT_THAT(Get<TensorListSpec>(method(), test::kTensorList).items, ElementsAre(test::kInput, test::kConstant));
  // The index of a None value means no tensor, as -1 does.
  EXPECT_THAT(Get<OptionalTensorListSpec>(method(), test::kOptionalList).items,
              ElementsAre(-1, static_cast<int32_t>(test::kInput), -1));
  EXPECT_EQ(KindOf(method().values[test::kOptionalList]), tensor::Value::Kind::kOptionalTensorList);
}

TEST_F(SampleTest, TellsWhoseBytesATensorUses) {
  const auto& input = Get<TensorSpec>(method(), test::kInput);
  EXPECT_EQ(input.storage, Storage::kPlanned);
  EXPECT_EQ(input.dynamism, Dynamism::kDynamicBound);
  EXPECT_EQ(input.memory_id, 1u);
  EXPECT_THAT(input.layout.sizes, ElementsAre(2, 3));
  EXPECT_EQ(input.layout.nbytes(), 24u);

  const auto& constant = Get<TensorSpec>(method(), test::kConstant);
  EXPECT_EQ(constant.storage, Storage::kConstant);
  EXPECT_TRUE(std::ranges::equal(constant.data, Part(segments_, 0, 24)));

  const auto& initialised = Get<TensorSpec>(method(), test::kInitialised);
  EXPECT_EQ(initialised.storage, Storage::kPlannedInitialised);
  EXPECT_EQ(initialised.name, "state");
  EXPECT_EQ(initialised.memory_id, 2u);
  EXPECT_EQ(initialised.memory_offset, 16u);
  EXPECT_TRUE(std::ranges::equal(initialised.data, Part(segments_, 128, 16)));

  EXPECT_THAT(Get<TensorSpec>(method(), test::kOutput).layout.dim_order, ElementsAre(1, 0));
  EXPECT_EQ(Get<TensorSpec>(method(), test::kView).storage, Storage::kUnbound);
}

TEST_F(SampleTest, ReadsDelegatesAndNamedData) {
  const DelegateSpec& delegate = method().delegates.at(0);
  EXPECT_EQ(delegate.id, "SomeBackend");
  EXPECT_TRUE(std::ranges::equal(delegate.blob, Part(segments_, 256, 20)));
  EXPECT_EQ(delegate.specs.at(0).key, "level");
  EXPECT_THAT(delegate.specs.at(0).value, ElementsAre(std::byte{3}));
  EXPECT_TRUE(std::ranges::equal(program_->named_data().at("blob").bytes, delegate.blob));
}

TEST_F(SampleTest, ReadsInstructions) {
  ASSERT_EQ(method().instructions.size(), 5u);
  const auto& kernel = std::get<KernelCall>(method().instructions[0]);
  EXPECT_EQ(kernel.op, 0u);
  EXPECT_EQ(kernel.args.size(), 5u);
  EXPECT_THAT(std::get<DelegateCall>(method().instructions[1]).args, ElementsAre(test::kInput, test::kOutput));
  EXPECT_EQ(std::get<MoveCall>(method().instructions[2]).from, test::kInput);
  EXPECT_EQ(std::get<JumpFalseCall>(method().instructions[3]).destination, 5u);
  EXPECT_EQ(std::get<FreeCall>(method().instructions[4]).value, test::kOutput);
}

TEST(ProgramTest, JoinsChains) {
  wire::ProgramT sample = test::SampleProgram();
  auto second = std::make_unique<wire::ChainT>();
  second->instructions = test::SampleInstructions();
  sample.methods[0]->chains.push_back(std::move(second));
  const auto program = Program::FromBytes(test::WriteProgram(sample, test::SampleSegments()));
  ASSERT_TRUE(program.ok()) << program.status();
  const auto& instructions = (*program)->methods()[0].instructions;
  ASSERT_EQ(instructions.size(), 10u);
  EXPECT_EQ(std::get<JumpFalseCall>(instructions[3]).destination, 5u);
  EXPECT_EQ(std::get<JumpFalseCall>(instructions[8]).destination, 10u);
}

TEST(ProgramTest, ReadsBytesInsideTheFlatbuffer) {
  wire::ProgramT sample = test::SampleProgram();
  sample.segments.clear();
  sample.named_data.clear();
  sample.constants.reset();
  sample.initial_data.clear();
  sample.methods[0]->values[test::kInitialised] = test::MakeValue(test::MakeTensor({4}));
  for (int i = 0; i < 2; ++i) sample.inline_constants.push_back(std::make_unique<wire::InlineConstantT>());
  sample.inline_constants[1]->bytes.assign(24, 9);
  sample.inline_blobs.push_back(std::make_unique<wire::InlineBlobT>());
  sample.inline_blobs[0]->bytes.assign(5, 8);
  sample.methods[0]->delegates[0]->blob->place = wire::BlobPlace::INLINE;
  sample.methods[0]->delegates[0]->blob->index = 0;
  const auto program = Program::FromBytes(test::WriteProgram(sample));
  ASSERT_TRUE(program.ok()) << program.status();
  const MethodSpec& method = (*program)->methods()[0];
  EXPECT_THAT(Get<TensorSpec>(method, test::kConstant).data, ::testing::Each(std::byte{9}));
  EXPECT_EQ(Get<TensorSpec>(method, test::kConstant).data.size(), 24u);
  EXPECT_THAT(method.delegates[0].blob, ::testing::Each(std::byte{8}));
  EXPECT_EQ(method.delegates[0].blob.size(), 5u);
}

TEST(ProgramTest, AlignsOddBytes) {
  wire::ProgramT sample = test::SampleProgram();
  sample.constants->offsets = {0, 3};
  sample.segments[2]->offset = 255;
  const Bytes segments = test::SampleSegments();
  const auto program = Program::FromBytes(test::WriteProgram(sample, segments));
  ASSERT_TRUE(program.ok()) << program.status();
  const MethodSpec& method = (*program)->methods()[0];
  const auto aligned = [](std::span<const std::byte> bytes) {
    return reinterpret_cast<uintptr_t>(bytes.data()) % kByteAlignment == 0;
  };
  const auto constant = Get<TensorSpec>(method, test::kConstant).data;
  EXPECT_TRUE(aligned(constant));
  EXPECT_TRUE(std::ranges::equal(constant, Part(segments, 3, 24)));
  EXPECT_TRUE(aligned(method.delegates[0].blob));
  EXPECT_TRUE(std::ranges::equal(method.delegates[0].blob, Part(segments, 255, 20)));
  // Two references to the same odd bytes share one copy.
  EXPECT_EQ((*program)->named_data().at("blob").bytes.data(), method.delegates[0].blob.data());
}

TEST(ProgramTest, TakesEmptyTensors) {
  wire::ProgramT sample = test::SampleProgram();
  sample.methods[0]->values[test::kConstant] = test::MakeValue(test::MakeTensor({0, 2147483647}, 1));
  sample.methods[0]->values[test::kView] = test::MakeValue(test::MakePlanned({3, 0}, 1, 61));
  const auto program = Program::FromBytes(test::WriteProgram(sample, test::SampleSegments()));
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_THAT(Get<TensorSpec>((*program)->methods()[0], test::kConstant).data, IsEmpty());
  EXPECT_EQ(Get<TensorSpec>((*program)->methods()[0], test::kView).memory_id, 1u);
}

// A hundred values that share one long list would be copied a hundred times.
TEST(ProgramTest, RefusesAmplification) {
  flatbuffers::FlatBufferBuilder builder;
  const auto list = wire::CreateDoubleList(builder, builder.CreateVector(std::vector<double>(1000)));
  const auto value = wire::CreateValue(builder, wire::ValueData::DoubleList, list.Union());
  const auto values = builder.CreateVector(std::vector<flatbuffers::Offset<wire::Value>>(100, value));
  const auto name = builder.CreateString("forward");
  wire::MethodBuilder method(builder);
  method.add_name(name);
  method.add_values(values);
  const auto methods = builder.CreateVector(std::vector{method.Finish()});
  builder.Finish(wire::CreateProgram(builder, 0, methods), "ET12");
  const auto program = Program::FromBytes(test::ToBytes({builder.GetBufferPointer(), builder.GetSize()}));
  EXPECT_THAT(program.status().ToString(), HasSubstr("far more data than it holds"));
}

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const Bytes file = test::WriteProgram(test::SampleProgram(), test::SampleSegments());
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  }
  void TearDown() override { std::remove(path_.c_str()); }

  std::string path_ = ::testing::TempDir() + "program_test_" + std::to_string(::getpid()) + ".pte";
};

TEST_F(FileTest, LoadsByPathAndByDescriptor) {
  for (const auto mode : {MappedFile::Mode::kMap, MappedFile::Mode::kCopy}) {
    UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    for (const FileRef& file : {FileRef{.path = path_}, FileRef{.path = "", .fd = fd.get()}}) {
      const auto program = Program::Load({.program = file, .data_files = {}, .mode = mode});
      ASSERT_TRUE(program.ok()) << program.status();
      EXPECT_NE((*program)->FindMethod("forward"), nullptr);
    }
  }
  EXPECT_EQ(Program::Load({.program = {.path = path_ + ".none"}, .data_files = {}}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(FileTest, ReleasedBytesCanBeReadAgain) {
  const auto program = Program::Load({.program = {.path = path_}, .data_files = {}});
  ASSERT_TRUE(program.ok()) << program.status();
  const auto bytes = (*program)->named_data().at("blob").bytes;
  const Bytes before(bytes.begin(), bytes.end());
  (*program)->ReleasePages(bytes);
  EXPECT_TRUE(std::ranges::equal(before, bytes));
  (*program)->ReleasePages(before);  // Not the program's: no effect.
}

TEST(BundleTest, ReadsProgramAndCases) {
  wire::bundle::BundleT bundle;
  bundle.version = 2;
  const Bytes program_file = test::WriteProgram(test::SampleProgram(), test::SampleSegments());
  for (const std::byte b : program_file) bundle.program.push_back(std::to_integer<uint8_t>(b));
  bundle.suites.push_back(std::make_unique<wire::bundle::SuiteT>());
  bundle.suites[0]->method = "forward";
  auto recorded = std::make_unique<wire::bundle::CaseT>();
  wire::bundle::TensorT tensor;
  tensor.element_type = wire::ElementType::INT16;
  tensor.sizes = {2};
  tensor.dim_order = {0};
  tensor.bytes = {1, 0, 2, 0};
  recorded->inputs.push_back(std::make_unique<wire::bundle::ValueT>());
  recorded->inputs[0]->data.Set(tensor);
  recorded->expected_outputs.push_back(std::make_unique<wire::bundle::ValueT>());
  recorded->expected_outputs[0]->data.Set(test::MakeScalar<wire::bundle::IntT>(int64_t{5}));
  bundle.suites[0]->cases.push_back(std::move(recorded));

  const auto program = Program::FromBytes(test::WriteBundle(bundle));
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_NE((*program)->FindMethod("forward"), nullptr);
  ASSERT_EQ((*program)->bundled_cases().size(), 1u);
  const BundledCase& call = (*program)->bundled_cases()[0];
  EXPECT_EQ(call.method, "forward");
  EXPECT_EQ(std::get<BundledTensor>(call.inputs.at(0)).data.size(), 4u);
  EXPECT_EQ(std::get<int64_t>(call.expected_outputs.at(0)), 5);

  bundle.suites[0]->cases[0]->inputs[0]->data.AsTensor()->bytes.pop_back();
  EXPECT_THAT(Program::FromBytes(test::WriteBundle(bundle)).status().ToString(), HasSubstr("needs 4 bytes and has 3"));
  bundle.version = 3;
  EXPECT_THAT(Program::FromBytes(test::WriteBundle(bundle)).status().ToString(), HasSubstr("version 3"));
  bundle.version = 2;
  bundle.suites.clear();
  bundle.program.clear();
  EXPECT_THAT(Program::FromBytes(test::WriteBundle(bundle)).status().ToString(), HasSubstr("contains no program"));
}

}  // namespace
}  // namespace etd::program
