// aten::mm, bmm, addmm and linear. Products are summed in ascending order of the inner dimension, half types in float.
#include <vector>

#include "runtime/base/status.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/arithmetic.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/elementwise.h"
#include "runtime/kernels/portable/util/matmul.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::ScalarType;
using tensor::Tensor;

// The number part of VisitCompute: truth values are not multiplied.
template <typename Visitor>
void VisitNumbers(ScalarType type, const Visitor& visitor) {
  VisitCompute(type, [&](auto tag) {
    if constexpr (!std::is_same_v<typename decltype(tag)::Type, bool>) visitor(tag);
  });
}

// A matrix inside a tensor.
struct Matrix {
  const Tensor& tensor;
  int64_t offset;
  int64_t row_stride;
  int64_t column_stride;
};

// sums[j] = Σk a[row, k]·b[k, j].
template <typename C>
void MultiplyRow(const Matrix& a, const Matrix& b, int64_t row, int64_t inner, std::span<C> sums) {
  const int64_t columns = static_cast<int64_t>(sums.size());
  std::vector<C> b_row(sums.size());
  std::fill(sums.begin(), sums.end(), C{0});
  for (int64_t k = 0; k < inner; ++k) {
    C factor;
    factor = *LoadRun<C>(a.tensor.type(), a.tensor.raw(), a.offset + row * a.row_stride + k * a.column_stride, 0, 1,
                         &factor);
    const C* values = LoadRun<C>(b.tensor.type(), b.tensor.raw(), b.offset + k * b.row_stride, b.column_stride, columns,
                                 b_row.data());
    for (size_t j = 0; j < sums.size(); ++j) sums[j] = Add(sums[j], Multiply(factor, values[j]));
  }
}

// out[batch, row, :] for all batches and rows: `finish(sums, batch, row)` may change a row of sums before it is stored.
template <typename C, typename Finish>
void MultiplyAll(KernelContext& ctx, Tensor& out, int64_t batches, int64_t rows, int64_t inner, int64_t columns,
                 const Matrix& a, int64_t a_batch, const Matrix& b, int64_t b_batch, const Finish& finish) {
  ctx.threads().ParallelFor(batches * rows, 1, [&](int64_t begin, int64_t end) {
    std::vector<C> sums(static_cast<size_t>(columns));
    for (int64_t i = begin; i < end; ++i) {
      const int64_t batch = i / rows;
      const int64_t row = i % rows;
      MultiplyRow<C>({a.tensor, a.offset + batch * a_batch, a.row_stride, a.column_stride},
                     {b.tensor, b.offset + batch * b_batch, b.row_stride, b.column_stride}, row, inner, sums);
      finish(std::span<C>(sums), row);
      const int64_t batch_offset = out.rank() == 3 ? batch * out.stride(0) : 0;
      StoreRun<C>(out.type(), out.raw(), batch_offset + row * out.stride(out.rank() - 2), out.stride(out.rank() - 1),
                  columns, sums.data());
    }
  });
}

Matrix MatrixOf(const Tensor& tensor) {
  return {tensor, 0, tensor.stride(tensor.rank() - 2), tensor.stride(tensor.rank() - 1)};
}

constexpr auto kKeep = [](auto, int64_t) {};

absl::Status RunMm(KernelContext& ctx) {
  const Tensor& a = ctx.tensor(0);
  const Tensor& b = ctx.tensor(1);
  VisitNumbers(a.type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    MultiplyAll<C>(ctx, ctx.tensor(2), 1, a.size(0), a.size(1), b.size(1), MatrixOf(a), 0, MatrixOf(b), 0, kKeep);
  });
  return absl::OkStatus();
}

absl::Status RunBmm(KernelContext& ctx) {
  const Tensor& a = ctx.tensor(0);
  const Tensor& b = ctx.tensor(1);
  VisitNumbers(a.type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    MultiplyAll<C>(ctx, ctx.tensor(2), a.size(0), a.size(1), a.size(2), b.size(2), MatrixOf(a), a.stride(0),
                   MatrixOf(b), b.stride(0), kKeep);
  });
  return absl::OkStatus();
}

absl::Status RunAddmm(KernelContext& ctx) {
  const Tensor& self = ctx.tensor(0);
  const Tensor& a = ctx.tensor(1);
  const Tensor& b = ctx.tensor(2);
  Tensor& out = ctx.tensor(5);
  const Strides self_strides = BroadcastStrides(self, out.sizes());
  VisitNumbers(a.type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    const C beta = ConvertScalar<C>(ctx.scalar(3));
    const C alpha = ConvertScalar<C>(ctx.scalar(4));
    MultiplyAll<C>(ctx, out, 1, a.size(0), a.size(1), b.size(1), MatrixOf(a), 0, MatrixOf(b), 0,
                   [&](std::span<C> sums, int64_t row) {
                     std::vector<C> buffer(sums.size());
                     const C* added = LoadRun<C>(self.type(), self.raw(), row * self_strides[0], self_strides[1],
                                                 static_cast<int64_t>(sums.size()), buffer.data());
                     for (size_t j = 0; j < sums.size(); ++j) {
                       sums[j] = Add(Multiply(sums[j], alpha), Multiply(added[j], beta));
                     }
                   });
  });
  return absl::OkStatus();
}

// The rows of the input are all its dimensions but the last; memory must be row-major for that.
absl::Status RunLinear(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  const Tensor& weight = ctx.tensor(1);
  const Tensor* bias = ctx.optional_tensor(2);
  Tensor& out = ctx.tensor(3);
  const int64_t inner = weight.size(1);
  const int64_t columns = weight.size(0);
  const int64_t rows = columns == 0 ? 0 : out.numel() / columns;
  const int32_t out_sizes[2] = {static_cast<int32_t>(rows), static_cast<int32_t>(columns)};
  Tensor flat(out.type(), out_sizes, out.raw());
  VisitNumbers(in.type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    MultiplyAll<C>(ctx, flat, 1, rows, inner, columns, {in, 0, inner, 1}, 0,
                   {weight, 0, weight.stride(1), weight.stride(0)}, 0, [&](std::span<C> sums, int64_t) {
                     if (bias == nullptr) return;
                     std::vector<C> buffer(sums.size());
                     const C* added = LoadRun<C>(bias->type(), bias->raw(), 0, bias->numel() == 1 ? 0 : 1, columns,
                                                 buffer.data());
                     for (size_t j = 0; j < sums.size(); ++j) sums[j] = Add(sums[j], added[j]);
                   });
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> MatmulKernels() {
  using P = Parameter;
  static const Kernel kKernels[] = {
      {.name = "aten::mm.out", .parameters = {P::kTensor, P::kTensor, P::kOut}, .prepare = PrepareMm, .run = RunMm,
       .row_rule = MmRowRule},
      {.name = "aten::bmm.out", .parameters = {P::kTensor, P::kTensor, P::kOut}, .prepare = PrepareBmm, .run = RunBmm,
       .row_rule = BmmRowRule},
      {.name = "aten::addmm.out",
       .parameters = {P::kTensor, P::kTensor, P::kTensor, P::kScalar, P::kScalar, P::kOut},
       .prepare = PrepareAddmm, .run = RunAddmm, .row_rule = AddmmRowRule},
      {.name = "aten::linear.out", .parameters = {P::kTensor, P::kTensor, P::kOptionalTensor, P::kOut},
       .prepare = PrepareLinear, .run = RunLinear, .row_rule = LinearRowRule},
  };
  return kKernels;
}

}  // namespace etd::kernels
