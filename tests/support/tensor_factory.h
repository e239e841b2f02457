// Values for kernel tests: tensors whose memory is surrounded by guard bytes, and calls of single operators.
#ifndef ETD_TESTS_SUPPORT_TENSOR_FACTORY_H_
#define ETD_TESTS_SUPPORT_TENSOR_FACTORY_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "runtime/base/status.h"
#include "runtime/kernel/registry.h"
#include "runtime/memory/arena.h"
#include "runtime/tensor/value.h"
#include "runtime/threads/thread_pool.h"

namespace etd::testing {

template <typename T>
constexpr tensor::ScalarType ScalarTypeOf() {
  using tensor::ScalarType;
  if constexpr (std::is_same_v<T, float>) return ScalarType::kFloat32;
  if constexpr (std::is_same_v<T, double>) return ScalarType::kFloat64;
  if constexpr (std::is_same_v<T, tensor::Float16>) return ScalarType::kFloat16;
  if constexpr (std::is_same_v<T, tensor::BFloat16>) return ScalarType::kBFloat16;
  if constexpr (std::is_same_v<T, bool>) return ScalarType::kBool;
  if constexpr (std::is_same_v<T, int8_t>) return ScalarType::kInt8;
  if constexpr (std::is_same_v<T, uint8_t>) return ScalarType::kUInt8;
  if constexpr (std::is_same_v<T, int16_t>) return ScalarType::kInt16;
  if constexpr (std::is_same_v<T, int32_t>) return ScalarType::kInt32;
  if constexpr (std::is_same_v<T, int64_t>) return ScalarType::kInt64;
}

// Owns the values of a test. Every tensor's bytes lie between guards; GuardsIntact says whether nobody wrote there.
// Values stay where they are. Not thread-safe.
class TensorFactory {
 public:
  using Sizes = std::vector<int32_t>;

  // A tensor of zero bytes, dynamic with `sizes` as its bound, at an address that is aligned for T and not more.
  tensor::Value* Empty(tensor::ScalarType type, const Sizes& sizes, const std::vector<uint8_t>& dim_order = {}) {
    tensor::Tensor tensor(type, sizes, dim_order, true);
    const size_t bytes = tensor.nbytes();
    buffers_.push_back(std::vector<std::byte>(bytes + 2 * kGuard, kGuardByte));
    std::byte* data = buffers_.back().data() + kGuard;
    std::memset(data, 0, bytes);
    tensor.set_raw(data);
    return Own(tensor::Value::OfTensor(tensor));
  }

  // A tensor with `elements` in logical row-major order.
  template <typename T>
  tensor::Value* Of(const Sizes& sizes, const std::vector<T>& elements, const std::vector<uint8_t>& dim_order = {}) {
    tensor::Value* value = Empty(ScalarTypeOf<T>(), sizes, dim_order);
    tensor::Tensor& tensor = value->tensor();
    for (size_t i = 0; i < elements.size(); ++i) tensor.data<T>()[OffsetOf(tensor, i)] = elements[i];
    return value;
  }

  // An output that may become any shape of up to `capacity` elements; it begins with `rank` dimensions.
  tensor::Value* Out(tensor::ScalarType type, int rank, int32_t capacity = 4096) {
    Sizes sizes(static_cast<size_t>(rank), 1);
    if (rank > 0) sizes.back() = capacity;
    tensor::Value* value = Empty(type, sizes);
    // Garbage that a kernel must overwrite.
    if (value->tensor().nbytes() > 0) std::memset(value->tensor().raw(), 0x5b, value->tensor().nbytes());
    return value;
  }

  tensor::Value* Int(int64_t number) { return Own(tensor::Value::Int(number)); }
  tensor::Value* Double(double number) { return Own(tensor::Value::Double(number)); }
  tensor::Value* Bool(bool flag) { return Own(tensor::Value::Bool(flag)); }
  tensor::Value* None() { return Own(tensor::Value()); }
  tensor::Value* Ints(const std::vector<int64_t>& numbers) {
    std::vector<tensor::Value*> items;
    for (const int64_t number : numbers) items.push_back(Int(number));
    return Own(tensor::Value::IntList(items));
  }
  tensor::Value* Tensors(const std::vector<tensor::Value*>& items) { return Own(tensor::Value::TensorList(items)); }
  tensor::Value* OptionalTensors(const std::vector<tensor::Value*>& items) {
    return Own(tensor::Value::OptionalTensorList(items));
  }

  bool GuardsIntact() const {
    for (const std::vector<std::byte>& buffer : buffers_) {
      for (size_t i = 0; i < kGuard; ++i) {
        if (buffer[i] != kGuardByte || buffer[buffer.size() - 1 - i] != kGuardByte) return false;
      }
    }
    return true;
  }

  // Where logical element `index` (row-major count) of a tensor lies, in elements.
  static size_t OffsetOf(const tensor::Tensor& tensor, size_t index) {
    size_t offset = 0;
    for (int dim = tensor.rank() - 1; dim >= 0; --dim) {
      const size_t size = static_cast<size_t>(tensor.size(dim));
      offset += index % size * static_cast<size_t>(tensor.stride(dim));
      index /= size;
    }
    return offset;
  }

 private:
  static constexpr size_t kGuard = 64;
  static constexpr std::byte kGuardByte{0xa7};

  tensor::Value* Own(tensor::Value value) {
    values_.push_back(std::move(value));
    return &values_.back();
  }

  std::deque<std::vector<std::byte>> buffers_;
  std::deque<tensor::Value> values_;
};

// The elements of a tensor in logical row-major order.
template <typename T>
std::vector<T> Elements(const tensor::Value* value) {
  const tensor::Tensor& tensor = value->tensor();
  std::vector<T> elements(static_cast<size_t>(tensor.numel()));
  for (size_t i = 0; i < elements.size(); ++i) elements[i] = tensor.data<T>()[TensorFactory::OffsetOf(tensor, i)];
  return elements;
}

inline std::vector<int32_t> SizesOf(const tensor::Value* value) {
  const auto sizes = value->tensor().sizes();
  return {sizes.begin(), sizes.end()};
}

// Runs operators of one registry the way an executor does: check, prepare, check memory, run.
class KernelRunner {
 public:
  // `threads` as for ThreadPool::Create.
  explicit KernelRunner(void (*registration)(kernel::KernelRegistry&), int threads = 2)
      : threads_(*threads::ThreadPool::Create(threads)) {
    registration(registry_);
  }

  const kernel::Kernel* Find(std::string_view name) const { return registry_.Find(name); }

  absl::Status Run(std::string_view name, std::vector<tensor::Value*> arguments) {
    const kernel::Kernel* kernel = registry_.Find(name);
    if (kernel == nullptr) return NotFound("no operator {}", name);
    ETD_RETURN_IF_ERROR(kernel::CheckArguments(*kernel, arguments));
    kernel::KernelContext context(arguments, threads_.get(), &scratch_, &random_);
    ETD_RETURN_IF_ERROR(kernel->prepare(context));
    ETD_RETURN_IF_ERROR(kernel::CheckMemory(*kernel, arguments));
    return kernel->run(context);
  }

 private:
  kernel::KernelRegistry registry_;
  std::unique_ptr<threads::ThreadPool> threads_;
  memory::ScratchBuffer scratch_;
  kernel::RandomStream random_{1};
};

}  // namespace etd::testing

#endif  // ETD_TESTS_SUPPORT_TENSOR_FACTORY_H_
