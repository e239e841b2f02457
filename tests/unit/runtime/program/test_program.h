// Writes small program and data files for tests, so that each field can be set to a wrong value.
#ifndef ETD_TESTS_UNIT_RUNTIME_PROGRAM_TEST_PROGRAM_H_
#define ETD_TESTS_UNIT_RUNTIME_PROGRAM_TEST_PROGRAM_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flatbuffers/flatbuffers.h"
#include "runtime/program/schema/bundled_program_generated.h"
#include "runtime/program/schema/flat_tensor_generated.h"
#include "runtime/program/schema/program_generated.h"

namespace etd::program::test {

using Bytes = std::vector<std::byte>;

inline Bytes ToBytes(std::span<const uint8_t> data) {
  const auto bytes = std::as_bytes(data);
  return Bytes(bytes.begin(), bytes.end());
}

inline void Put(Bytes& file, size_t offset, uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) file[offset + i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
}

// A flatbuffer with the header `magic` inserted behind its identifier; `width` bytes of header, a multiple of 16.
inline Bytes InsertHeader(Bytes flatbuffer, std::string_view magic, size_t width) {
  uint32_t root = 0;
  std::memcpy(&root, flatbuffer.data(), sizeof(root));
  flatbuffer.insert(flatbuffer.begin() + 8, width, std::byte{0});
  Put(flatbuffer, 0, root + width, 4);
  for (size_t i = 0; i < magic.size(); ++i) flatbuffer[8 + i] = static_cast<std::byte>(magic[i]);
  Put(flatbuffer, 12, width, 4);
  return flatbuffer;
}

inline Bytes AppendSegments(Bytes file, const Bytes& segments) {
  file.resize((file.size() + 127) / 128 * 128);
  file.insert(file.end(), segments.begin(), segments.end());
  return file;
}

// A `.pte` file; without an extended header if `segments` is empty.
inline Bytes WriteProgram(const wire::ProgramT& program, const Bytes& segments = {}) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(wire::Program::Pack(builder, &program), "ET12");
  Bytes file = ToBytes({builder.GetBufferPointer(), builder.GetSize()});
  if (segments.empty()) return file;
  file = InsertHeader(std::move(file), "eh00", 32);
  const size_t flatbuffer_size = file.size();
  file = AppendSegments(std::move(file), segments);
  Put(file, 16, flatbuffer_size, 8);
  Put(file, 24, file.size() - segments.size(), 8);
  Put(file, 32, segments.size(), 8);
  return file;
}

// A `.ptd` file.
inline Bytes WriteData(const wire::data::DataFileT& data, const Bytes& segments) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(wire::data::DataFile::Pack(builder, &data), "FT01");
  Bytes file = InsertHeader(ToBytes({builder.GetBufferPointer(), builder.GetSize()}), "FH01", 48);
  const size_t flatbuffer_size = file.size();
  file = AppendSegments(std::move(file), segments);
  Put(file, 16, 0, 8);
  Put(file, 24, flatbuffer_size, 8);
  Put(file, 32, file.size() - segments.size(), 8);
  Put(file, 40, segments.size(), 8);
  return file;
}

inline Bytes WriteBundle(const wire::bundle::BundleT& bundle) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(wire::bundle::Bundle::Pack(builder, &bundle), "BP08");
  return ToBytes({builder.GetBufferPointer(), builder.GetSize()});
}

inline std::unique_ptr<wire::SegmentT> MakeSegment(uint64_t offset, uint64_t size) {
  auto segment = std::make_unique<wire::SegmentT>();
  segment->offset = offset;
  segment->size = size;
  return segment;
}

inline wire::TensorT MakeTensor(std::vector<int32_t> sizes, uint32_t data_index = 0) {
  wire::TensorT tensor;
  tensor.element_type = wire::ElementType::FLOAT32;
  tensor.dim_order.resize(sizes.size());
  for (size_t i = 0; i < sizes.size(); ++i) tensor.dim_order[i] = static_cast<uint8_t>(i);
  tensor.sizes = std::move(sizes);
  tensor.data_index = data_index;
  return tensor;
}

inline wire::TensorT MakePlanned(std::vector<int32_t> sizes, uint32_t memory_id, uint32_t offset) {
  wire::TensorT tensor = MakeTensor(std::move(sizes));
  tensor.placement = std::make_unique<wire::PlacementT>();
  tensor.placement->memory_id = memory_id;
  tensor.placement->offset_low = offset;
  return tensor;
}

template <typename T>
std::unique_ptr<wire::ValueT> MakeValue(T content) {
  auto value = std::make_unique<wire::ValueT>();
  value->data.Set(std::move(content));
  return value;
}

template <typename T>
std::unique_ptr<wire::InstructionT> MakeInstruction(T content) {
  auto instruction = std::make_unique<wire::InstructionT>();
  instruction->action.Set(std::move(content));
  return instruction;
}

template <typename List, typename Items>
List MakeList(Items items) {
  List list;
  list.items = std::move(items);
  return list;
}

template <typename Scalar, typename Number>
Scalar MakeScalar(Number number) {
  Scalar scalar;
  scalar.value = number;
  return scalar;
}

inline std::unique_ptr<wire::OperatorT> MakeOperator(std::string name, std::string overload) {
  auto op = std::make_unique<wire::OperatorT>();
  op->name = std::move(name);
  op->overload = std::move(overload);
  return op;
}

inline std::unique_ptr<wire::SegmentPartsT> MakeParts(uint32_t segment, std::vector<uint64_t> offsets) {
  auto parts = std::make_unique<wire::SegmentPartsT>();
  parts->segment_index = segment;
  parts->offsets = std::move(offsets);
  return parts;
}

inline std::unique_ptr<wire::NamedBlobT> MakeNamed(std::string key, uint32_t segment) {
  auto named = std::make_unique<wire::NamedBlobT>();
  named->key = std::move(key);
  named->segment_index = segment;
  return named;
}

// Indices of SampleMethod's values.
enum SampleValue : uint32_t {
  kNone, kInt, kBool, kDouble, kString, kInput, kConstant, kInitialised, kOutput, kFlag, kIntList, kDoubleList,
  kBoolList, kTensorList, kOptionalList, kView, kSampleValueCount,
};

// Segment 0: 32 bytes of constants, segment 1: 16 bytes of initial data, segment 2: 20 bytes of a delegate's blob.
inline Bytes SampleSegments() {
  Bytes bytes(128 * 2 + 20);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i & 0xff);
  return bytes;
}

inline std::unique_ptr<wire::ValueT> SampleInitialised() {
  wire::TensorT tensor = MakePlanned({4}, 2, 16);
  tensor.data_index = 1;
  tensor.extra = std::make_unique<wire::TensorExtraT>();
  tensor.extra->name = "state";
  return MakeValue(std::move(tensor));
}

inline std::vector<std::unique_ptr<wire::ValueT>> SampleValues() {
  wire::TensorT flag = MakePlanned({1}, 1, 60);
  flag.element_type = wire::ElementType::BOOL;
  wire::TensorT input = MakePlanned({2, 3}, 1, 0);
  input.shape_kind = wire::ShapeKind::BOUNDED;
  wire::TensorT output = MakePlanned({2, 3}, 1, 32);
  output.dim_order = {1, 0};
  std::vector<std::unique_ptr<wire::ValueT>> values;
  values.push_back(MakeValue(wire::NoneT()));
  values.push_back(MakeValue(MakeScalar<wire::IntT>(int64_t{-7})));
  values.push_back(MakeValue(MakeScalar<wire::BoolT>(true)));
  values.push_back(MakeValue(MakeScalar<wire::DoubleT>(0.5)));
  values.push_back(MakeValue(MakeScalar<wire::StringT>("text")));
  values.push_back(MakeValue(std::move(input)));
  values.push_back(MakeValue(MakeTensor({2, 3}, 1)));
  values.push_back(SampleInitialised());
  values.push_back(MakeValue(std::move(output)));
  values.push_back(MakeValue(std::move(flag)));
  values.push_back(MakeValue(MakeList<wire::IntListT>(std::vector<int64_t>{kInt, kInt})));
  values.push_back(MakeValue(MakeList<wire::DoubleListT>(std::vector<double>{1.5, -2})));
  values.push_back(MakeValue(MakeList<wire::BoolListT>(std::vector<bool>{true, false})));
  values.push_back(MakeValue(MakeList<wire::TensorListT>(std::vector<int32_t>{kInput, kConstant})));
  values.push_back(MakeValue(MakeList<wire::OptionalTensorListT>(std::vector<int32_t>{-1, kInput, kNone})));
  values.push_back(MakeValue(MakeTensor({6})));
  return values;
}

inline std::vector<std::unique_ptr<wire::InstructionT>> SampleInstructions() {
  wire::KernelCallT kernel;
  kernel.operator_index = 0;
  kernel.args = {kInput, kConstant, kInt, kOutput, kOutput};
  wire::DelegateCallT delegate;
  delegate.args = {kInput, kOutput};
  wire::MoveCallT move;
  move.from = kInput;
  move.to = kOutput;
  wire::JumpFalseCallT jump;
  jump.condition = kFlag;
  jump.destination = 5;
  wire::FreeCallT free;
  free.value = kOutput;
  std::vector<std::unique_ptr<wire::InstructionT>> instructions;
  instructions.push_back(MakeInstruction(std::move(kernel)));
  instructions.push_back(MakeInstruction(std::move(delegate)));
  instructions.push_back(MakeInstruction(std::move(move)));
  instructions.push_back(MakeInstruction(std::move(jump)));
  instructions.push_back(MakeInstruction(std::move(free)));
  return instructions;
}

// One method "forward" with a value of each kind and an instruction of each kind.
inline wire::ProgramT SampleProgram() {
  auto method = std::make_unique<wire::MethodT>();
  method->name = "forward";
  method->values = SampleValues();
  method->inputs = {kInput, kInt};
  method->outputs = {kOutput};
  method->operators.push_back(MakeOperator("aten::add", "out"));
  method->operators.push_back(MakeOperator("aten::copy_", ""));
  method->arena_sizes = {0, 61, 32};
  auto delegate = std::make_unique<wire::DelegateT>();
  delegate->id = "SomeBackend";
  delegate->blob = std::make_unique<wire::BlobReferenceT>();
  delegate->blob->place = wire::BlobPlace::SEGMENT;
  delegate->blob->index = 2;
  delegate->compile_specs.push_back(std::make_unique<wire::CompileSpecT>());
  delegate->compile_specs[0]->key = "level";
  delegate->compile_specs[0]->value = {3};
  method->delegates.push_back(std::move(delegate));
  method->chains.push_back(std::make_unique<wire::ChainT>());
  method->chains[0]->instructions = SampleInstructions();

  wire::ProgramT program;
  program.methods.push_back(std::move(method));
  program.segments.push_back(MakeSegment(0, 32));
  program.segments.push_back(MakeSegment(128, 16));
  program.segments.push_back(MakeSegment(256, 20));
  program.constants = MakeParts(0, {0, 0});
  program.initial_data.push_back(MakeParts(1, {0, 0}));
  program.named_data.push_back(MakeNamed("blob", 2));
  return program;
}

}  // namespace etd::program::test

#endif  // ETD_TESTS_UNIT_RUNTIME_PROGRAM_TEST_PROGRAM_H_
