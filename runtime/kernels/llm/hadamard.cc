// llama::fast_hadamard_transform along the last dimension; half types are computed in float.
#include <array>
#include <bit>
#include <cmath>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/kernels/llm/kernels.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::Tensor;

// The order of the one Hadamard matrix that is no power of two.
constexpr int64_t kOdd = 28;

// Its Williamson form: 4 × 4 blocks of circulant 7 × 7 matrices, each with a sign and the first row of one of four.
constexpr std::array<std::string_view, 4> kFirstRows = {"+------", "++----+", "+-+--+-", "+--++--"};
struct Block {
  int8_t sign;
  uint8_t row;
};
constexpr Block kBlocks[4][4] = {{{1, 0}, {1, 1}, {1, 2}, {1, 3}},
                                 {{-1, 1}, {1, 0}, {-1, 3}, {1, 2}},
                                 {{-1, 2}, {1, 3}, {1, 0}, {-1, 1}},
                                 {{-1, 3}, {-1, 2}, {1, 1}, {1, 0}}};

bool IsPositive(int64_t row, int64_t column) {
  const Block block = kBlocks[row / 7][column / 7];
  const char first = kFirstRows[block.row][static_cast<size_t>((column % 7 - row % 7 + 7) % 7)];
  return (first == '+') == (block.sign > 0);
}

// (in, out): the last dimension is 2ⁿ or 28·2ⁿ.
absl::Status Prepare(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  ETD_RETURN_IF_ERROR(CheckFloating(in.type()));
  ETD_RETURN_IF_ERROR(CheckSameType(in, ctx.tensor(1)));
  ETD_RETURN_IF_ERROR(ResizeOut(ctx.tensor(1), in.sizes()));
  if (in.rank() == 0 || in.numel() == 0) return absl::OkStatus();
  const int32_t size = in.size(in.rank() - 1);
  if (!std::has_single_bit(static_cast<uint32_t>(size % kOdd == 0 ? size / kOdd : size))) {
    return InvalidArgument("a Hadamard transform needs 2ⁿ or 28·2ⁿ numbers in each row, not {}", size);
  }
  if (!in.row_major() || !ctx.tensor(1).row_major()) {
    return InvalidArgument("a Hadamard transform needs row-major tensors");
  }
  return absl::OkStatus();
}

// values[0…count) times the Hadamard matrix of that order, over √count. `count` is a power of two.
template <typename C>
void TransformPower(C* values, int64_t count) {
  for (int64_t step = 1; step < count; step *= 2) {
    for (int64_t begin = 0; begin < count; begin += 2 * step) {
      for (int64_t i = begin; i < begin + step; ++i) {
        const C a = values[i];
        const C b = values[i + step];
        values[i] = a + b;
        values[i + step] = a - b;
      }
    }
  }
  const C scale = C{1} / std::sqrt(static_cast<C>(count));
  for (int64_t i = 0; i < count; ++i) values[i] *= scale;
}

// Columns of a 28 × `columns` matrix times the matrix of order 28, which is not scaled.
template <typename C>
void TransformOdd(C* values, int64_t columns) {
  for (int64_t column = 0; column < columns; ++column) {
    std::array<C, kOdd> results{};
    for (int64_t i = 0; i < kOdd; ++i) {
      for (int64_t k = 0; k < kOdd; ++k) {
        const C value = values[k * columns + column];
        results[static_cast<size_t>(i)] += IsPositive(i, k) ? value : -value;
      }
    }
    for (int64_t i = 0; i < kOdd; ++i) values[i * columns + column] = results[static_cast<size_t>(i)];
  }
}

absl::Status Run(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  Tensor& out = ctx.tensor(1);
  if (in.numel() == 0) return absl::OkStatus();
  const int64_t size = in.rank() == 0 ? 1 : in.size(in.rank() - 1);
  const bool odd = size % kOdd == 0;
  VisitFloatingElements(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = ComputeOf<T>;
    ctx.threads().ParallelFor(in.numel() / size, 1, [&](int64_t begin, int64_t end) {
      std::vector<C> row(static_cast<size_t>(size));
      for (int64_t r = begin; r < end; ++r) {
        for (int64_t i = 0; i < size; ++i) row[static_cast<size_t>(i)] = Convert<C>(in.data<T>()[r * size + i]);
        const int64_t power = odd ? size / kOdd : size;
        for (int64_t i = 0; i < size; i += power) TransformPower(row.data() + i, power);
        if (odd) TransformOdd(row.data(), power);
        for (int64_t i = 0; i < size; ++i) out.data<T>()[r * size + i] = Convert<T>(row[static_cast<size_t>(i)]);
      }
    });
  });
  return absl::OkStatus();
}

// Rows of any dimension but the one that is transformed.
std::optional<kernel::RowClass> RowRule(const kernel::RowQuery& query) {
  const std::optional<int> dim = RowDimOf(query, 0);
  if (!dim.has_value() || *dim == query.arguments[0]->tensor().rank() - 1) return std::nullopt;
  return kernel::RowClass::Rows(*dim);
}

}  // namespace

std::span<const Kernel> HadamardKernels() {
  static const Kernel kKernels[] = {
      {.name = "llama::fast_hadamard_transform.out", .parameters = {Parameter::kTensor, Parameter::kOut},
       .prepare = Prepare, .run = Run, .row_rule = RowRule, .shape_ignores_numbers = true},
  };
  return kKernels;
}

}  // namespace etd::kernels
