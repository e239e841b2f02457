#include "runtime/kernels/portable/util/elementwise.h"

#include <algorithm>
#include <cstddef>

#include "runtime/base/status.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/strided.h"

namespace etd::kernels {

using tensor::ScalarType;
using tensor::Tensor;

absl::Status ResizeToBroadcast(std::initializer_list<const Tensor*> inputs, Tensor& out) {
  Shape shape;
  for (const Tensor* input : inputs) {
    ETD_ASSIGN_OR_RETURN(shape, BroadcastShapes(shape, input->sizes()));
  }
  return ResizeOut(out, shape);
}

template <typename C>
const C* LoadRun(ScalarType type, const void* data, int64_t offset, int64_t stride, int64_t count, C* buffer) {
  return tensor::VisitScalarType(type, [&](auto tag) -> const C* {
    using T = typename decltype(tag)::Type;
    const T* from = static_cast<const T*>(data) + offset;
    if constexpr (std::is_same_v<T, C>) {
      if (stride == 1) return from;
    }
    for (int64_t i = 0; i < count; ++i) buffer[i] = Convert<C>(from[i * stride]);
    return buffer;
  });
}

template <typename C>
void StoreRun(ScalarType type, void* data, int64_t offset, int64_t stride, int64_t count, const C* values) {
  tensor::VisitScalarType(type, [&](auto tag) {
    using T = typename decltype(tag)::Type;
    T* to = static_cast<T*>(data) + offset;
    for (int64_t i = 0; i < count; ++i) to[i * stride] = Convert<T>(values[i]);
  });
}

template const uint8_t* LoadRun(ScalarType, const void*, int64_t, int64_t, int64_t, uint8_t*);
template const int8_t* LoadRun(ScalarType, const void*, int64_t, int64_t, int64_t, int8_t*);
template const int16_t* LoadRun(ScalarType, const void*, int64_t, int64_t, int64_t, int16_t*);
template const int32_t* LoadRun(ScalarType, const void*, int64_t, int64_t, int64_t, int32_t*);
template const int64_t* LoadRun(ScalarType, const void*, int64_t, int64_t, int64_t, int64_t*);
template const float* LoadRun(ScalarType, const void*, int64_t, int64_t, int64_t, float*);
template const double* LoadRun(ScalarType, const void*, int64_t, int64_t, int64_t, double*);
template const bool* LoadRun(ScalarType, const void*, int64_t, int64_t, int64_t, bool*);
template void StoreRun(ScalarType, void*, int64_t, int64_t, int64_t, const uint8_t*);
template void StoreRun(ScalarType, void*, int64_t, int64_t, int64_t, const int8_t*);
template void StoreRun(ScalarType, void*, int64_t, int64_t, int64_t, const int16_t*);
template void StoreRun(ScalarType, void*, int64_t, int64_t, int64_t, const int32_t*);
template void StoreRun(ScalarType, void*, int64_t, int64_t, int64_t, const int64_t*);
template void StoreRun(ScalarType, void*, int64_t, int64_t, int64_t, const float*);
template void StoreRun(ScalarType, void*, int64_t, int64_t, int64_t, const double*);
template void StoreRun(ScalarType, void*, int64_t, int64_t, int64_t, const bool*);

namespace {

template <size_t N>
void MapOperands(threads::ThreadPool& threads, const RunFunction& function, Tensor& out,
                 std::span<const Tensor* const> inputs) {
  std::array<Strides, N + 1> operand_strides;
  operand_strides[0] = StridesOf(out);
  for (size_t i = 0; i < N; ++i) operand_strides[i + 1] = BroadcastStrides(*inputs[i], out.sizes());
  const auto nest = MakeLoopNest<N + 1>(out.sizes(), operand_strides);
  ForEachRun(nest, threads, [&](const auto& offsets, int64_t total, const auto& strides) {
    alignas(64) std::array<std::array<std::byte, kRunLength * sizeof(double)>, N + 1> buffers;
    for (int64_t begin = 0; begin < total; begin += kRunLength) {
      const int64_t count = std::min(kRunLength, total - begin);
      std::array<const void*, N> loaded;
      VisitCompute(function.input_type, [&](auto tag) {
        using C = typename decltype(tag)::Type;
        for (size_t i = 0; i < N; ++i) {
          loaded[i] = LoadRun<C>(inputs[i]->type(), inputs[i]->raw(), offsets[i + 1] + begin * strides[i + 1],
                                 strides[i + 1], count, reinterpret_cast<C*>(buffers[i + 1].data()));
        }
      });
      function.run(function.function, loaded.data(), buffers[0].data(), count);
      VisitCompute(function.result_type, [&](auto tag) {
        using C = typename decltype(tag)::Type;
        StoreRun<C>(out.type(), out.raw(), offsets[0] + begin * strides[0], strides[0], count,
                    reinterpret_cast<const C*>(buffers[0].data()));
      });
    }
  });
}

}  // namespace

void MapRuns(threads::ThreadPool& threads, const RunFunction& function, Tensor& out,
             std::span<const Tensor* const> inputs) {
  switch (inputs.size()) {
    case 1: return MapOperands<1>(threads, function, out, inputs);
    case 2: return MapOperands<2>(threads, function, out, inputs);
    case 3: return MapOperands<3>(threads, function, out, inputs);
    default: return MapOperands<4>(threads, function, out, inputs);
  }
}

}  // namespace etd::kernels
