#include "runtime/program/bundle.h"

#include <utility>

#include "runtime/program/file_layout.h"
#include "runtime/program/schema/bundled_program_generated.h"
#include "runtime/program/wire.h"

namespace etd::program {
namespace {

namespace bundle = wire::bundle;
constexpr uint32_t kNewestVersion = 2;

using WireValues = flatbuffers::Vector<flatbuffers::Offset<bundle::Value>>;

absl::StatusOr<BundledTensor> ReadTensor(const bundle::Tensor& tensor, BytePool& pool) {
  BundledTensor result;
  ETD_ASSIGN_OR_RETURN(result.layout, ReadLayout(tensor.element_type(), tensor.sizes(), tensor.dim_order(), pool));
  const std::span<const std::byte> bytes = BytesOf(tensor.bytes());
  if (bytes.size() != result.layout.nbytes()) {
    return InvalidArgument("a recorded tensor needs {} bytes and has {}", result.layout.nbytes(), bytes.size());
  }
  ETD_ASSIGN_OR_RETURN(result.data, pool.Align(bytes));
  return result;
}

absl::StatusOr<BundledValue> ReadValue(const bundle::Value& value, BytePool& pool) {
  if (value.data() == nullptr) return InvalidArgument("a recorded value is missing");
  switch (value.data_type()) {
    case bundle::ValueData::Tensor: {
      ETD_ASSIGN_OR_RETURN(BundledTensor tensor, ReadTensor(*value.data_as_Tensor(), pool));
      return BundledValue(std::move(tensor));
    }
    case bundle::ValueData::Int: return BundledValue(value.data_as_Int()->value());
    case bundle::ValueData::Bool: return BundledValue(value.data_as_Bool()->value());
    case bundle::ValueData::Double: return BundledValue(value.data_as_Double()->value());
    case bundle::ValueData::NONE: break;
  }
  return InvalidArgument("a recorded value has the unknown type {}", static_cast<int>(value.data_type()));
}

absl::StatusOr<std::vector<BundledValue>> ReadValues(const WireValues* values, BytePool& pool) {
  std::vector<BundledValue> result;
  for (flatbuffers::uoffset_t i = 0; i < SizeOf(values); ++i) {
    absl::StatusOr<BundledValue> value = ReadValue(*values->Get(i), pool);
    if (!value.ok()) return value.status();
    result.push_back(*std::move(value));
  }
  return result;
}

}  // namespace

absl::StatusOr<Bundle> ReadBundle(std::span<const std::byte> file, BytePool& pool) {
  if (file.size() >= FLATBUFFERS_MAX_BUFFER_SIZE) {
    return InvalidArgument("the bundled program has {} bytes; the format allows {}", file.size(),
                           FLATBUFFERS_MAX_BUFFER_SIZE);
  }
  ETD_ASSIGN_OR_RETURN(const bundle::Bundle* root, VerifiedRoot<bundle::Bundle>(file, kBundleIdentifier));
  if (root->version() > kNewestVersion) {
    return Unimplemented("bundled program version {} is not supported; the newest known is {}", root->version(),
                         kNewestVersion);
  }
  Bundle result;
  if (SizeOf(root->program()) == 0) return InvalidArgument("the bundle contains no program");
  ETD_ASSIGN_OR_RETURN(result.program, pool.Align(BytesOf(root->program())));
  for (flatbuffers::uoffset_t i = 0; i < SizeOf(root->suites()); ++i) {
    const bundle::Suite& suite = *root->suites()->Get(i);
    ETD_ASSIGN_OR_RETURN(const std::string method, ReadName(suite.method(), "the method of a recorded call", pool));
    for (flatbuffers::uoffset_t k = 0; k < SizeOf(suite.cases()); ++k) {
      const bundle::Case& recorded = *suite.cases()->Get(k);
      ETD_RETURN_IF_ERROR(pool.Charge(method.size()));
      BundledCase call{.method = method, .inputs = {}, .expected_outputs = {}};
      ETD_ASSIGN_OR_RETURN(call.inputs, ReadValues(recorded.inputs(), pool));
      ETD_ASSIGN_OR_RETURN(call.expected_outputs, ReadValues(recorded.expected_outputs(), pool));
      result.cases.push_back(std::move(call));
    }
  }
  return result;
}

}  // namespace etd::program
