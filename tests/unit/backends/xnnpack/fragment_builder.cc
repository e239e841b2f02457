#include "tests/unit/backends/xnnpack/fragment_builder.h"

#include <gtest/gtest.h>
#include <xnnpack.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "runtime/tensor/scalar_type.h"

namespace etd::xnnpack {
namespace {

using graph::DenseType;
using graph::FragmentValue;
using graph::Quantization;
using Role = FragmentValue::Role;
using tensor::ScalarType;

ScalarType TensorTypeOf(DenseType type) {
  switch (type) {
    case DenseType::kFloat16: return ScalarType::kFloat16;
    case DenseType::kBFloat16: return ScalarType::kBFloat16;
    case DenseType::kInt32: return ScalarType::kInt32;
    case DenseType::kInt64: return ScalarType::kInt64;
    case DenseType::kQInt8: return ScalarType::kInt8;
    case DenseType::kQUInt8: return ScalarType::kUInt8;
    default: return ScalarType::kFloat32;
  }
}

template <typename T>
void Put(T number, size_t index, std::byte* out) {
  std::memcpy(out + index * sizeof(T), &number, sizeof(T));
}
template <typename T>
T Take(size_t index, const std::byte* in) {
  T number;
  std::memcpy(&number, in + index * sizeof(T), sizeof(T));
  return number;
}

int32_t Quantise(double number, double scale, int32_t zero_point, int32_t low, int32_t high) {
  return std::clamp(static_cast<int32_t>(std::nearbyint(number / scale)) + zero_point, low, high);
}

void Encode(DenseType type, const Quantization& q, const Numbers& numbers, std::byte* out) {
  for (size_t i = 0; i < numbers.values.size(); ++i) {
    const double x = numbers.values[i];
    switch (type) {
      case DenseType::kFloat16: Put(tensor::Float16(static_cast<float>(x)).bits, i, out); break;
      case DenseType::kBFloat16: Put(tensor::BFloat16(static_cast<float>(x)).bits, i, out); break;
      case DenseType::kInt32: Put(static_cast<int32_t>(x), i, out); break;
      case DenseType::kQInt8: Put(static_cast<int8_t>(Quantise(x, q.scale, q.zero_point, -128, 127)), i, out); break;
      case DenseType::kQUInt8: Put(static_cast<uint8_t>(Quantise(x, q.scale, q.zero_point, 0, 255)), i, out); break;
      case DenseType::kQInt32: Put(Quantise(x, q.scale, 0, -1 << 30, 1 << 30), i, out); break;
      default: Put(static_cast<float>(x), i, out); break;
    }
  }
}

}  // namespace

Numbers RandomNumbers(const Dims& dims, uint32_t seed, double low, double high) {
  Numbers numbers{dims, {}};
  std::mt19937 generator(seed);
  for (int64_t i = 0; i < numbers.count(); ++i) {
    // Floats, so that nothing is lost on the way.
    numbers.values.push_back(static_cast<float>(low + (high - low) * static_cast<double>(generator()) / 4294967296.0));
  }
  return numbers;
}

uint32_t FragmentBuilder::Add(FragmentValue value) {
  if (value.role == Role::kInput || value.role == Role::kOutput) value.external = fragment_.external_count++;
  fragment_.values.push_back(std::move(value));
  return static_cast<uint32_t>(fragment_.values.size() - 1);
}

uint32_t FragmentBuilder::Input(DenseType type, Dims dims, Quantization quantization) {
  FragmentValue value;
  value.type = type;
  value.role = Role::kInput;
  value.dims = std::move(dims);
  value.quantization = std::move(quantization);
  return Add(std::move(value));
}

uint32_t FragmentBuilder::Output(DenseType type, Dims dims, Quantization quantization) {
  const uint32_t index = Input(type, std::move(dims), std::move(quantization));
  fragment_.values[index].role = Role::kOutput;
  return index;
}

uint32_t FragmentBuilder::Internal(DenseType type, Dims dims, Quantization quantization) {
  const uint32_t index = Input(type, std::move(dims), std::move(quantization));
  fragment_.values[index].role = Role::kInternal;
  --fragment_.external_count;
  return index;
}

uint32_t FragmentBuilder::Constant(DenseType type, const Numbers& numbers, Quantization quantization) {
  FragmentValue value;
  value.type = type;
  value.role = Role::kConstant;
  value.dims = numbers.dims;
  const size_t width = tensor::ElementSize(TensorTypeOf(type));
  std::vector<std::byte>& bytes = bytes_.emplace_back(numbers.values.size() * width);
  Encode(type, quantization, numbers, bytes.data());
  value.data = bytes;
  value.quantization = std::move(quantization);
  return Add(std::move(value));
}

uint32_t FragmentBuilder::Weights(DenseType type, const Numbers& numbers, int32_t block, int32_t channel_dim) {
  if (type == DenseType::kFloat32 || type == DenseType::kFloat16 || type == DenseType::kBFloat16) {
    return Constant(type, numbers);
  }
  FragmentValue value;
  value.type = type;
  value.role = Role::kConstant;
  value.dims = numbers.dims;
  Quantization& q = value.quantization;
  q.channel_dim = channel_dim;
  const bool nibbles = type != DenseType::kQCInt8;
  if (nibbles) q.zero_point = 8;
  const double steps = nibbles ? 7 : 127;
  const auto dims = numbers.dims;
  int64_t inside = 1;
  for (size_t i = static_cast<size_t>(channel_dim) + 1; i < dims.size(); ++i) inside *= dims[i];
  const int64_t channels = dims[static_cast<size_t>(channel_dim)], row = dims.back();
  // Scale of an element: of its channel, or of its block.
  const int64_t groups = type == DenseType::kQBInt4 ? channels * (row / block) : channels;
  const auto group = [&](int64_t i) {
    return type == DenseType::kQBInt4 ? i / row * (row / block) + i % row / block : i / inside % channels;
  };
  std::vector<double> largest(static_cast<size_t>(groups), 0.01);
  for (int64_t i = 0; i < numbers.count(); ++i) {
    double& most = largest[static_cast<size_t>(group(i))];
    most = std::max(most, std::abs(numbers.values[static_cast<size_t>(i)]));
  }
  std::vector<uint16_t>& blocks = block_scales_.emplace_back();
  std::vector<float> scales;
  for (const double most : largest) {
    const tensor::BFloat16 rounded(static_cast<float>(most / steps));
    blocks.push_back(rounded.bits);
    scales.push_back(type == DenseType::kQBInt4 ? static_cast<float>(rounded) : static_cast<float>(most / steps));
  }
  std::vector<std::byte>& bytes = bytes_.emplace_back(static_cast<size_t>(nibbles ? channels * ((row + 1) / 2) : numbers.count()));
  for (int64_t i = 0; i < numbers.count(); ++i) {
    const float scale = scales[static_cast<size_t>(group(i))];
    const double number = numbers.values[static_cast<size_t>(i)];
    if (nibbles) {
      const auto at = static_cast<size_t>(i / row * ((row + 1) / 2) + i % row / 2);
      const auto bits = static_cast<uint8_t>(Quantise(number, scale, 8, 0, 15) << (i % row % 2 * 4));
      bytes[at] |= static_cast<std::byte>(bits);
    } else {
      Put(static_cast<int8_t>(Quantise(number, scale, 0, -127, 127)), static_cast<size_t>(i), bytes.data());
    }
  }
  value.data = bytes;
  if (type == DenseType::kQBInt4) {
    q.block_size = block;
    q.block_scales = blocks;
  } else {
    q.channel_scales = scales;
  }
  return Add(std::move(value));
}

void FragmentBuilder::Node(graph::DenseKind kind, std::vector<uint32_t> inputs, std::vector<uint32_t> outputs,
                           graph::DenseAttributes attributes) {
  fragment_.nodes.push_back({kind, std::move(inputs), std::move(outputs), std::move(attributes)});
}

Externals::Externals(const graph::Fragment& fragment)
    : fragment_(fragment),
      values_(fragment.external_count),
      tensors_(fragment.external_count),
      pointers_(fragment.external_count) {
  for (const FragmentValue& value : fragment_.values) {
    if (value.role != Role::kInput && value.role != Role::kOutput) continue;
    const size_t i = value.external;
    values_[i] = &value;
    // The capacity is that of the first sizes; the rank is the value's.
    Dims room(std::max<size_t>(value.dims.size(), 1), 1);
    room[0] = kRoom;
    room.resize(value.dims.size());
    tensors_[i] = tensor::Tensor(TensorTypeOf(value.type), room, {}, true);
    arenas_.push_back(*memory::Arena::Create(kRoom * 8 + 128));
    tensors_[i].set_raw(arenas_.back().data());
    pointers_[i] = &tensors_[i];
  }
}

void Externals::Set(uint32_t external, const Numbers& numbers) {
  tensor::Tensor& tensor = tensors_[external];
  ASSERT_TRUE(tensor.Resize(numbers.dims).ok()) << tensor.Resize(numbers.dims);
  Encode(values_[external]->type, values_[external]->quantization, numbers, tensor.data<std::byte>());
}

Numbers Externals::Get(uint32_t external) const {
  const tensor::Tensor& tensor = tensors_[external];
  const Quantization& q = values_[external]->quantization;
  Numbers numbers{{tensor.sizes().begin(), tensor.sizes().end()}, {}};
  const std::byte* in = tensor.data<std::byte>();
  for (size_t i = 0; i < static_cast<size_t>(tensor.numel()); ++i) {
    switch (tensor.type()) {
      case ScalarType::kFloat16: numbers.values.push_back(static_cast<float>(Take<tensor::Float16>(i, in))); break;
      case ScalarType::kBFloat16: numbers.values.push_back(static_cast<float>(Take<tensor::BFloat16>(i, in))); break;
      case ScalarType::kInt32: numbers.values.push_back(Take<int32_t>(i, in)); break;
      case ScalarType::kInt64: numbers.values.push_back(static_cast<double>(Take<int64_t>(i, in))); break;
      case ScalarType::kInt8: numbers.values.push_back((Take<int8_t>(i, in) - q.zero_point) * double{q.scale}); break;
      case ScalarType::kUInt8: numbers.values.push_back((Take<uint8_t>(i, in) - q.zero_point) * double{q.scale}); break;
      default: numbers.values.push_back(Take<float>(i, in)); break;
    }
  }
  return numbers;
}

std::vector<std::byte> Externals::Bytes(uint32_t external) const {
  const tensor::Tensor& tensor = tensors_[external];
  return {tensor.data<std::byte>(), tensor.data<std::byte>() + tensor.nbytes()};
}

std::unique_ptr<XnnpackCompiler> NewCompiler(threads::ThreadPool* pool) {
  EXPECT_EQ(xnn_initialize(nullptr), xnn_status_success);
  auto compiler = XnnpackCompiler::Create(pool);
  EXPECT_TRUE(compiler.ok()) << compiler.status();
  return *std::move(compiler);
}

}  // namespace etd::xnnpack
