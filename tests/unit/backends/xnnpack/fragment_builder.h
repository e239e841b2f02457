// Builds fragments by hand, runs them, and computes what they should give. Tests only.
#ifndef ETD_TESTS_UNIT_BACKENDS_XNNPACK_FRAGMENT_BUILDER_H_
#define ETD_TESTS_UNIT_BACKENDS_XNNPACK_FRAGMENT_BUILDER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "backends/xnnpack/compiler.h"
#include "runtime/graph/fragment.h"
#include "runtime/graph/region.h"
#include "runtime/memory/arena.h"
#include "runtime/tensor/tensor.h"

namespace etd::xnnpack {

using Dims = std::vector<int32_t>;

// Real numbers with a shape, in memory order.
struct Numbers {
  Dims dims;
  std::vector<double> values;

  int64_t count() const {
    int64_t product = 1;
    for (const int32_t dim : dims) product *= dim;
    return product;
  }
};

// Uniform in [low, high); the same for a seed everywhere.
Numbers RandomNumbers(const Dims& dims, uint32_t seed, double low = -1, double high = 1);

class FragmentBuilder {
 public:
  uint32_t Input(graph::DenseType type, Dims dims, graph::Quantization quantization = {});
  uint32_t Output(graph::DenseType type, Dims dims, graph::Quantization quantization = {});
  uint32_t Internal(graph::DenseType type, Dims dims, graph::Quantization quantization = {});
  // Encodes real numbers as the type stores them (4-bit and 8-bit types: rounded to their scales).
  uint32_t Constant(graph::DenseType type, const Numbers& numbers, graph::Quantization quantization = {});
  void Node(graph::DenseKind kind, std::vector<uint32_t> inputs, std::vector<uint32_t> outputs,
            graph::DenseAttributes attributes = {});

  // Weights [channels_out, channels_in] with scales that fit them. `block` only for kQBInt4.
  uint32_t Weights(graph::DenseType type, const Numbers& numbers, int32_t block = 32, int32_t channel_dim = 0);

  const graph::Fragment& fragment() const { return fragment_; }
  graph::Fragment& fragment() { return fragment_; }

 private:
  uint32_t Add(graph::FragmentValue value);

  graph::Fragment fragment_;
  std::deque<std::vector<std::byte>> bytes_;
  std::deque<std::vector<uint16_t>> block_scales_;
};

// What the fragment's outputs should be, computed naively in double, by external number (inputs are returned too).
// Quantised values are real numbers that lie on their type's grid.
std::vector<Numbers> Evaluate(const graph::Fragment& fragment, const std::vector<Numbers>& externals);

// Tensors of a region's externals with memory of their own.
class Externals {
 public:
  // As many as the fragment has; outputs are as large as they can get.
  explicit Externals(const graph::Fragment& fragment);
  // Gives input `external` a shape and content.
  void Set(uint32_t external, const Numbers& numbers);
  Numbers Get(uint32_t external) const;
  std::vector<std::byte> Bytes(uint32_t external) const;
  tensor::Tensor& tensor(uint32_t external) { return tensors_[external]; }
  std::span<tensor::Tensor* const> pointers() const { return pointers_; }

 private:
  static constexpr int32_t kRoom = 1 << 16;  // Elements that each has memory for.

  const graph::Fragment& fragment_;
  std::vector<const graph::FragmentValue*> values_;
  std::vector<tensor::Tensor> tensors_;
  std::vector<tensor::Tensor*> pointers_;
  std::vector<memory::Arena> arenas_;
};

// `pool` may be null: the calling thread computes alone.
std::unique_ptr<XnnpackCompiler> NewCompiler(threads::ThreadPool* pool = nullptr);

}  // namespace etd::xnnpack

#endif  // ETD_TESTS_UNIT_BACKENDS_XNNPACK_FRAGMENT_BUILDER_H_
