// Computing element by element over tensors of broadcastable shapes, in any memory orders and element types.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_ELEMENTWISE_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_ELEMENTWISE_H_

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "runtime/tensor/tensor.h"
#include "runtime/threads/thread_pool.h"

namespace etd::kernels {

// Gives `out` the shape that `inputs` broadcast to. Errors: INVALID_ARGUMENT with the shapes.
absl::Status ResizeToBroadcast(std::initializer_list<const tensor::Tensor*> inputs, tensor::Tensor& out);

// `count` elements of `type` from data[offset] on, as C: where they lie if they are such already, otherwise converted
// into `buffer`. C is one of the types of VisitCompute (promote.h).
template <typename C>
const C* LoadRun(tensor::ScalarType type, const void* data, int64_t offset, int64_t stride, int64_t count, C* buffer);
// The way back.
template <typename C>
void StoreRun(tensor::ScalarType type, void* data, int64_t offset, int64_t stride, int64_t count, const C* values);

// Elements that are computed at a time.
inline constexpr int64_t kRunLength = 256;
inline constexpr size_t kMaxInputs = 4;

// The ScalarType of a C++ type of VisitCompute.
template <typename C>
constexpr tensor::ScalarType ComputeTypeOf() {
  using tensor::ScalarType;
  if constexpr (std::is_same_v<C, bool>) return ScalarType::kBool;
  else if constexpr (std::is_same_v<C, float>) return ScalarType::kFloat32;
  else if constexpr (std::is_same_v<C, double>) return ScalarType::kFloat64;
  else if constexpr (std::is_same_v<C, uint8_t>) return ScalarType::kUInt8;
  else if constexpr (std::is_same_v<C, int8_t>) return ScalarType::kInt8;
  else if constexpr (std::is_same_v<C, int16_t>) return ScalarType::kInt16;
  else if constexpr (std::is_same_v<C, int32_t>) return ScalarType::kInt32;
  else return ScalarType::kInt64;
}

// An elementwise computation without its types, so that there is one loop for all operators: `run` computes `count`
// results from as many elements of every input, all in the compute types.
struct RunFunction {
  const void* function;
  void (*run)(const void* function, const void* const* inputs, void* results, int64_t count);
  tensor::ScalarType input_type;
  tensor::ScalarType result_type;
};
void MapRuns(threads::ThreadPool& threads, const RunFunction& function, tensor::Tensor& out,
             std::span<const tensor::Tensor* const> inputs);

// out[i] = function(inputs[i]...) where every input is read as C; the result is converted to the output's type.
// The shapes were checked by ResizeToBroadcast. `function` is called by several threads.
template <typename C, typename Function, typename... Inputs>
void Map(threads::ThreadPool& threads, const Function& function, tensor::Tensor& out, const Inputs&... inputs) {
  constexpr size_t kInputs = sizeof...(inputs);
  static_assert(kInputs <= kMaxInputs);
  using Result = std::decay_t<decltype(function((static_cast<void>(inputs), C{})...))>;
  const std::array<const tensor::Tensor*, kInputs> operands = {&inputs...};
  const auto run = [](const void* state, const void* const* loaded, void* results, int64_t count) {
    [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
      for (int64_t j = 0; j < count; ++j) {
        static_cast<Result*>(results)[j] =
            (*static_cast<const Function*>(state))(static_cast<const C*>(loaded[kIndex])[j]...);
      }
    }(std::make_index_sequence<kInputs>());
  };
  MapRuns(threads, {&function, run, ComputeTypeOf<C>(), ComputeTypeOf<Result>()}, out, operands);
}

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_ELEMENTWISE_H_
