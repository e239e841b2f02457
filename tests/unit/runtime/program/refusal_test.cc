// Takes a program that loads, makes one field wrong, and expects the error that names it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "runtime/program/program.h"
#include "tests/unit/runtime/program/test_program.h"

namespace etd::program {
namespace {

using absl::StatusCode;
using test::Bytes;
using ::testing::HasSubstr;

struct Refusal {
  const char* name;
  std::function<void(wire::ProgramT&)> damage;
  const char* message;
  StatusCode code = StatusCode::kInvalidArgument;
};

wire::MethodT& Method(wire::ProgramT& program) { return *program.methods[0]; }
wire::TensorT& Tensor(wire::ProgramT& program, uint32_t value) {
  return *Method(program).values[value]->data.AsTensor();
}
wire::InstructionT& Step(wire::ProgramT& program, size_t index) {
  return *Method(program).chains[0]->instructions[index];
}
wire::TensorExtraT& Extra(wire::ProgramT& program, uint32_t value) {
  wire::TensorT& tensor = Tensor(program, value);
  if (!tensor.extra) tensor.extra = std::make_unique<wire::TensorExtraT>();
  return *tensor.extra;
}

class RefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusalTest, SaysWhatIsWrong) {
  wire::ProgramT program = test::SampleProgram();
  GetParam().damage(program);
  const auto loaded = Program::FromBytes(test::WriteProgram(program, test::SampleSegments()));
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.status().code(), GetParam().code) << loaded.status();
  EXPECT_THAT(loaded.status().ToString(), HasSubstr(GetParam().message));
}

std::string RefusalName(const ::testing::TestParamInfo<Refusal>& info) { return info.param.name; }

using P = wire::ProgramT;

INSTANTIATE_TEST_SUITE_P(
    Program, RefusalTest,
    ::testing::Values(
        Refusal{"Version", [](P& p) { p.version = 1; }, "program version 1", StatusCode::kUnimplemented},
        Refusal{"NoMethod", [](P& p) { p.methods.clear(); }, "has no method"},
        Refusal{"MethodTwice",
                [](P& p) { p.methods.push_back(std::make_unique<wire::MethodT>(*p.methods[0])); }, "occurs twice"},
        Refusal{"MethodWithoutName", [](P& p) { Method(p).name = ""; }, "name of a method"},
        Refusal{"MethodNameNotText", [](P& p) { Method(p).name = "a\xc0\x80"; }, "not UTF-8"},
        Refusal{"MethodNameSurrogate", [](P& p) { Method(p).name = "\xed\xa0\x80"; }, "not UTF-8"},
        Refusal{"MethodNameControl", [](P& p) { Method(p).name = "a\nb"; }, "control characters"},
        Refusal{"SegmentBeyondFile", [](P& p) { p.segments[2]->size = 21; }, "segment 2: 21 bytes at offset 256"},
        Refusal{"SegmentOffsetWraps", [](P& p) { p.segments[0]->offset = ~uint64_t{0} - 7; }, "segment 0"},
        Refusal{"ConstantsTwice",
                [](P& p) { p.inline_constants.push_back(std::make_unique<wire::InlineConstantT>()); },
                "constants in a segment and inside the flatbuffer"},
        Refusal{"NamedDataSegment", [](P& p) { p.named_data[0]->segment_index = 3; }, "segment index 3"},
        Refusal{"NamedDataTwice", [](P& p) { p.named_data.push_back(test::MakeNamed("blob", 2)); },
                "named data key \"blob\" occurs twice"},
        Refusal{"NamedDataWithoutKey", [](P& p) { p.named_data[0]->key = ""; }, "key of a named data entry"}),
    RefusalName);

INSTANTIATE_TEST_SUITE_P(
    Tensor, RefusalTest,
    ::testing::Values(
        Refusal{"UnknownType",
                [](P& p) { Tensor(p, test::kInput).element_type = static_cast<wire::ElementType>(77); },
                "value 5: unknown element type 77"},
        Refusal{"UnsupportedType", [](P& p) { Tensor(p, test::kInput).element_type = wire::ElementType::QUINT4X2; },
                "element type QUINT4X2", StatusCode::kUnimplemented},
        Refusal{"NegativeSize", [](P& p) { Tensor(p, test::kInput).sizes = {2, -1}; }, "negative size: [2, -1]"},
        Refusal{"HugeSize", [](P& p) { Tensor(p, test::kInput).sizes = {2147483647, 2147483647}; }, "larger than"},
        Refusal{"HugeSizesBesideZero",
                [](P& p) {
                  p.methods[0]->values[test::kView] =
                      test::MakeValue(test::MakeTensor({0, 2147483647, 2147483647, 2147483647}));
                },
                "larger than"},
        Refusal{"Rank", [](P& p) { p.methods[0]->values[test::kView] =
                                       test::MakeValue(test::MakeTensor(std::vector<int32_t>(17, 1))); },
                "17 dimensions", StatusCode::kUnimplemented},
        Refusal{"DimOrderRange", [](P& p) { Tensor(p, test::kInput).dim_order = {0, 2}; }, "entry 2 is out of range"},
        Refusal{"DimOrderRepeated", [](P& p) { Tensor(p, test::kInput).dim_order = {1, 1}; }, "entry 1 is repeated"},
        Refusal{"DimOrderShort", [](P& p) { Tensor(p, test::kInput).dim_order = {0}; }, "dim order of 1 entries"},
        Refusal{"DimOrderLong", [](P& p) { Tensor(p, test::kInput).dim_order.assign(17, 0); },
                "dim order has 17 entries"},
        Refusal{"Unbounded", [](P& p) { Tensor(p, test::kInput).shape_kind = wire::ShapeKind::UNBOUNDED; },
                "DYNAMIC_UNBOUND", StatusCode::kUnimplemented},
        Refusal{"UnknownShapeKind",
                [](P& p) { Tensor(p, test::kInput).shape_kind = static_cast<wire::ShapeKind>(3); }, "dynamism 3"},
        Refusal{"StorageOffset", [](P& p) { Tensor(p, test::kInput).storage_offset = 1; }, "storage offset is 1",
                StatusCode::kUnimplemented},
        Refusal{"Device", [](P& p) { Extra(p, test::kInput).device = wire::DeviceKind::CUDA; }, "device CUDA",
                StatusCode::kUnimplemented},
        Refusal{"DataPlace",
                [](P& p) { Extra(p, test::kInput).data_place = static_cast<wire::TensorDataPlace>(2); },
                "unknown data location 2"},
        Refusal{"ConstantIndex", [](P& p) { Tensor(p, test::kConstant).data_index = 2; },
                "data index is 2, but the program has 2 entries of constants"},
        Refusal{"ConstantTooLong", [](P& p) { p.constants->offsets[1] = 9; },
                "24 bytes at offset 9 are not inside the segment of constants (32 bytes)"},
        Refusal{"ConstantOffsetWraps", [](P& p) { p.constants->offsets[1] = ~uint64_t{0}; }, "value 6: its 24 bytes"},
        Refusal{"ConstantSegment", [](P& p) { p.constants->segment_index = 3; }, "segment index 3"},
        Refusal{"NoConstants", [](P& p) { p.constants.reset(); }, "0 entries of constants"},
        Refusal{"InitialDataList", [](P& p) { Extra(p, test::kInitialised).initial_data_index = 1; },
                "list 1, but the program has 1 lists"},
        Refusal{"InitialDataIndex", [](P& p) { Tensor(p, test::kInitialised).data_index = 2; },
                "2 entries of initial data"},
        Refusal{"InitialDataTooLong", [](P& p) { p.initial_data[0]->offsets[1] = 1; }, "16 bytes at offset 1"},
        Refusal{"MemoryIdZero", [](P& p) { Tensor(p, test::kInput).placement->memory_id = 0; }, "memory id is 0"},
        Refusal{"MemoryIdHigh", [](P& p) { Tensor(p, test::kInput).placement->memory_id = 3; },
                "memory id is 3, but the method has arenas 1…2"},
        Refusal{"MemoryOffset", [](P& p) { Tensor(p, test::kInput).placement->offset_low = 38; },
                "24 bytes at offset 38 are not inside arena 1 (61 bytes)"},
        Refusal{"MemoryOffsetHigh", [](P& p) { Tensor(p, test::kInput).placement->offset_high = 1; },
                "offset 4294967296"},
        Refusal{"NegativeArena", [](P& p) { Method(p).arena_sizes[1] = -1; }, "arena 1 has the negative size -1"},
        Refusal{"HugeArenas", [](P& p) { Method(p).arena_sizes[2] = int64_t{1} << 40; }, "arenas are larger than"},
        Refusal{"ArenaDevice",
                [](P& p) {
                  Method(p).arena_devices.push_back(std::make_unique<wire::ArenaDeviceT>());
                  Method(p).arena_devices[0]->device = wire::DeviceKind::CUDA;
                },
                "device CUDA", StatusCode::kUnimplemented}),
    RefusalName);

INSTANTIATE_TEST_SUITE_P(
    Method, RefusalTest,
    ::testing::Values(
        Refusal{"ValueMissing", [](P& p) { Method(p).values[test::kInt]->data.Reset(); }, "value 1: it has no content"},
        Refusal{"IntListIndex", [](P& p) { Method(p).values[test::kIntList]->data.AsIntList()->items[1] = 16; },
                "value 10: index 16 is out of range: there are 16 values"},
        Refusal{"IntListKind", [](P& p) { Method(p).values[test::kIntList]->data.AsIntList()->items[1] = test::kBool; },
                "list 10: value 2 is of kind"},
        Refusal{"TensorListNegative",
                [](P& p) { Method(p).values[test::kTensorList]->data.AsTensorList()->items[0] = -1; },
                "value 13: index -1"},
        Refusal{"TensorListKind",
                [](P& p) { Method(p).values[test::kTensorList]->data.AsTensorList()->items[0] = test::kNone; },
                "list 13: value 0"},
        Refusal{"OptionalListKind",
                [](P& p) { Method(p).values[test::kOptionalList]->data.AsOptionalTensorList()->items[1] = test::kInt; },
                "list 14: value 1"},
        Refusal{"OptionalListNegative",
                [](P& p) { Method(p).values[test::kOptionalList]->data.AsOptionalTensorList()->items[1] = -2; },
                "value 14: index -2"},
        Refusal{"Input", [](P& p) { Method(p).inputs[0] = -1; }, "inputs: index -1"},
        Refusal{"ConstantInput", [](P& p) { Method(p).inputs[0] = test::kConstant; },
                "input 0 is the constant tensor 6"},
        Refusal{"Output", [](P& p) { Method(p).outputs[0] = 16; }, "outputs: index 16"},
        Refusal{"OperatorWithoutName", [](P& p) { Method(p).operators[1]->name = ""; }, "name of an operator"},
        Refusal{"NoChain", [](P& p) { Method(p).chains.clear(); }, "no chain"},
        Refusal{"InstructionMissing", [](P& p) { Step(p, 0).action.Reset(); }, "instruction 0: it has no content"},
        Refusal{"OperatorIndex", [](P& p) { Step(p, 0).action.AsKernelCall()->operator_index = 2; },
                "instruction 0: index 2 is out of range: there are 2 operators"},
        Refusal{"OperatorNegative", [](P& p) { Step(p, 0).action.AsKernelCall()->operator_index = -1; }, "index -1"},
        Refusal{"KernelArgument", [](P& p) { Step(p, 0).action.AsKernelCall()->args[0] = 99; },
                "instruction 0: index 99"},
        Refusal{"DelegateIndex", [](P& p) { Step(p, 1).action.AsDelegateCall()->delegate_index = 1; },
                "instruction 1: index 1 is out of range: there are 1 delegates"},
        Refusal{"DelegateArgument", [](P& p) { Step(p, 1).action.AsDelegateCall()->args[1] = -3; },
                "instruction 1: index -3"},
        Refusal{"MoveFrom", [](P& p) { Step(p, 2).action.AsMoveCall()->from = 16; }, "instruction 2: index 16"},
        Refusal{"MoveKinds", [](P& p) { Step(p, 2).action.AsMoveCall()->from = test::kInt; },
                "instruction 2: value 1 is of kind"},
        Refusal{"MoveTypes", [](P& p) { Step(p, 2).action.AsMoveCall()->from = test::kFlag; }, "another type or rank"},
        Refusal{"MoveRanks", [](P& p) { Step(p, 2).action.AsMoveCall()->from = test::kView; }, "another type or rank"},
        Refusal{"JumpBeyond", [](P& p) { Step(p, 3).action.AsJumpFalseCall()->destination = 6; },
                "jumps to 6, but the chain has 5"},
        Refusal{"JumpBefore", [](P& p) { Step(p, 3).action.AsJumpFalseCall()->destination = -1; }, "jumps to -1"},
        Refusal{"JumpCondition", [](P& p) { Step(p, 3).action.AsJumpFalseCall()->condition = test::kInput; },
                "neither a Bool nor a bool tensor"},
        Refusal{"FreeKind", [](P& p) { Step(p, 4).action.AsFreeCall()->value = test::kInt; }, "value 1 is of kind"}),
    RefusalName);

INSTANTIATE_TEST_SUITE_P(
    Delegate, RefusalTest,
    ::testing::Values(
        Refusal{"WithoutId", [](P& p) { Method(p).delegates[0]->id = ""; }, "delegate 0: the name of its backend"},
        Refusal{"WithoutBlob", [](P& p) { Method(p).delegates[0]->blob.reset(); }, "refers to no blob"},
        Refusal{"Segment", [](P& p) { Method(p).delegates[0]->blob->index = 3; }, "segment index 3"},
        Refusal{"InlineBlob", [](P& p) { Method(p).delegates[0]->blob->place = wire::BlobPlace::INLINE; },
                "inline blob is 2, but the program has 0"},
        Refusal{"Place", [](P& p) { Method(p).delegates[0]->blob->place = static_cast<wire::BlobPlace>(2); },
                "unknown location 2"},
        Refusal{"SpecWithoutKey", [](P& p) { Method(p).delegates[0]->compile_specs[0]->key = ""; },
                "key of a compile spec"}),
    RefusalName);

// The packer writes no content behind unknown tags, so they are set in the finished file.
template <typename WireTable>
void SetByte(const WireTable* table, flatbuffers::voffset_t field, uint8_t value) {
  auto* plain = reinterpret_cast<flatbuffers::Table*>(const_cast<WireTable*>(table));
  ASSERT_TRUE(plain->SetField<uint8_t>(field, value, 0));
}

TEST(UnionTagTest, UnknownTagsAreRefused) {
  const Bytes file = test::WriteProgram(test::SampleProgram(), test::SampleSegments());
  const auto method = [](const Bytes& bytes) { return wire::GetProgram(bytes.data())->methods()->Get(0); };

  Bytes value = file;
  SetByte(method(value)->values()->Get(test::kDouble), wire::Value::VT_DATA_TYPE, 200);
  EXPECT_THAT(Program::FromBytes(value).status().ToString(), HasSubstr("value 3: it has the unknown type 200"));

  Bytes instruction = file;
  SetByte(method(instruction)->chains()->Get(0)->instructions()->Get(2), wire::Instruction::VT_ACTION_TYPE, 6);
  EXPECT_THAT(Program::FromBytes(instruction).status().ToString(),
              HasSubstr("instruction 2: it has the unknown type 6"));
}

struct HeaderCase {
  const char* name;
  size_t offset;
  uint64_t value;
  size_t width;
  const char* message;
};

class HeaderTest : public ::testing::TestWithParam<HeaderCase> {};

TEST_P(HeaderTest, IsChecked) {
  const HeaderCase& test_case = GetParam();
  Bytes file = test::WriteProgram(test::SampleProgram(), test::SampleSegments());
  test::Put(file, test_case.offset, test_case.value, test_case.width);
  EXPECT_THAT(Program::FromBytes(file).status().ToString(), HasSubstr(test_case.message));
}

INSTANTIATE_TEST_SUITE_P(
    All, HeaderTest,
    ::testing::Values(HeaderCase{"Identifier", 4, 0x3231585a, 4, "identifier is \"ZX12\""},
                      HeaderCase{"Unprintable", 4, 0x01020304, 4, "identifier is \"????\""},
                      HeaderCase{"LengthZero", 12, 0, 4, "header's length is 0"},
                      HeaderCase{"LengthHuge", 12, 0xffffffff, 4, "behind the flatbuffer"},
                      HeaderCase{"SizeZero", 16, 0, 8, "behind the flatbuffer"},
                      HeaderCase{"SizeBeyondFile", 16, 1 << 20, 8, "truncated?"},
                      HeaderCase{"SizeHuge", 16, ~uint64_t{0}, 8, "truncated?"},
                      HeaderCase{"BaseZero", 24, 0, 8, "but not where"},
                      HeaderCase{"BaseInsideFlatbuffer", 24, 64, 8, "overlap the flatbuffer"},
                      HeaderCase{"BaseHuge", 24, ~uint64_t{15}, 8, "truncated?"},
                      HeaderCase{"SegmentsHuge", 32, ~uint64_t{0}, 8, "truncated?"},
                      HeaderCase{"NoHeader", 8, 0, 4, "names no place for segments"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(TruncationTest, EveryLengthIsRefused) {
  const Bytes file = test::WriteProgram(test::SampleProgram(), test::SampleSegments());
  for (size_t size = 1; size < file.size(); ++size) {
    EXPECT_FALSE(Program::FromBytes(std::span(file).first(size)).ok()) << size;
  }
}

}  // namespace
}  // namespace etd::program
