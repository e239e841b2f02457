// aten::_cdist_forward and _pdist_forward: p-norms of the differences of vectors; half types are computed in float.
#include <algorithm>
#include <array>
#include <cmath>

#include "runtime/base/status.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/strided.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::ShapeText;
using tensor::Tensor;

absl::Status CheckNorm(double p) {
  if (p >= 0) return absl::OkStatus();
  return InvalidArgument("the norm's exponent is {}, it can't be negative", p);
}

// `count` elements of a vector, one each `stride`.
template <typename T>
struct Vector {
  const T* data;
  int64_t stride;
};

template <typename C, typename T>
C Distance(Vector<T> a, Vector<T> b, int64_t count, double p) {
  C sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const C difference = std::abs(Convert<C>(a.data[i * a.stride]) - Convert<C>(b.data[i * b.stride]));
    if (p == 0) sum += difference == 0 ? C{0} : C{1};
    else if (p == 1) sum += difference;
    else if (p == 2) sum += difference * difference;
    else if (std::isinf(p)) sum = std::max(sum, difference);
    else sum += std::pow(difference, static_cast<C>(p));
  }
  if (p == 2) return std::sqrt(sum);
  return p == 0 || p == 1 || std::isinf(p) ? sum : static_cast<C>(std::pow(static_cast<double>(sum), 1 / p));
}

// (a [batch…, P, M], b [batch…, R, M], p, compute_mode?, out [batch…, P, R]).
absl::Status PrepareAllPairs(KernelContext& ctx) {
  const Tensor& a = ctx.tensor(0);
  const Tensor& b = ctx.tensor(1);
  ETD_RETURN_IF_ERROR(CheckFloating(a.type()));
  ETD_RETURN_IF_ERROR(CheckSameType(a, b));
  ETD_RETURN_IF_ERROR(CheckSameType(a, ctx.tensor(4)));
  ETD_RETURN_IF_ERROR(CheckNorm(ctx.floating(2)));
  if (const int64_t mode = ctx.optional_integer(3).value_or(0); mode < 0 || mode > 2) {
    return InvalidArgument("compute mode {} is none of 0, 1 and 2", mode);
  }
  if (a.rank() < 2 || b.rank() < 2 || a.size(a.rank() - 1) != b.size(b.rank() - 1)) {
    return InvalidArgument("vectors of shapes {} and {} have no distances: the last dimensions must be equal",
                           ShapeText(a.sizes()), ShapeText(b.sizes()));
  }
  ETD_ASSIGN_OR_RETURN(Shape shape, BroadcastShapes(a.sizes().first(a.sizes().size() - 2),
                                                    b.sizes().first(b.sizes().size() - 2)));
  shape.push_back(a.size(a.rank() - 2));
  shape.push_back(b.size(b.rank() - 2));
  return ResizeOut(ctx.tensor(4), shape);
}

// Strides over (batch…, P, R) of the vectors of `vectors`, which lie in the dimension before its last; `other` (one of
// the two last) repeats them.
Strides VectorStrides(const Tensor& vectors, const Shape& shape, size_t own, size_t other) {
  Strides strides(shape.size(), 0);
  const size_t batch = shape.size() - 2;
  const size_t mine = vectors.sizes().size() - 2;
  for (size_t i = 0; i < mine; ++i) {
    const int dim = static_cast<int>(i);
    if (vectors.size(dim) != 1) strides[batch - mine + i] = vectors.stride(dim);
  }
  strides[own] = vectors.stride(vectors.rank() - 2);
  strides[other] = 0;
  return strides;
}

absl::Status RunAllPairs(KernelContext& ctx) {
  const Tensor& a = ctx.tensor(0);
  const Tensor& b = ctx.tensor(1);
  Tensor& out = ctx.tensor(4);
  const Shape shape = ShapeOf(out);
  const size_t rows = shape.size() - 2;
  const size_t columns = shape.size() - 1;
  const auto nest = MakeLoopNest<3>(
      shape, {StridesOf(out), VectorStrides(a, shape, rows, columns), VectorStrides(b, shape, columns, rows)});
  const int64_t count = a.size(a.rank() - 1);
  const double p = ctx.floating(2);
  VisitFloatingElements(a.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = ComputeOf<T>;
    ForEachRun(nest, ctx.threads(), [&](const auto& offsets, int64_t run, const auto& strides) {
      for (int64_t i = 0; i < run; ++i) {
        const Vector<T> left{a.data<T>() + offsets[1] + i * strides[1], a.stride(a.rank() - 1)};
        const Vector<T> right{b.data<T>() + offsets[2] + i * strides[2], b.stride(b.rank() - 1)};
        out.data<T>()[offsets[0] + i * strides[0]] = Convert<T>(Distance<C>(left, right, count, p));
      }
    });
  });
  return absl::OkStatus();
}

// (in [N, M], p, out [N·(N - 1) / 2]): row i of the upper triangle after row i - 1.
absl::Status PrepareOwnPairs(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  ETD_RETURN_IF_ERROR(CheckFloating(in.type()));
  ETD_RETURN_IF_ERROR(CheckSameType(in, ctx.tensor(2)));
  ETD_RETURN_IF_ERROR(CheckNorm(ctx.floating(1)));
  if (in.rank() != 2) return InvalidArgument("a matrix is needed, not shape {}", ShapeText(in.sizes()));
  const int64_t vectors = in.size(0);
  ETD_ASSIGN_OR_RETURN(const Shape shape, ShapeFromInts(std::array{vectors * (vectors - 1) / 2}));
  return ResizeOut(ctx.tensor(2), shape);
}

absl::Status RunOwnPairs(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  const int64_t vectors = in.size(0);
  VisitFloatingElements(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = ComputeOf<T>;
    ctx.threads().ParallelFor(vectors, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        // Rows above this one have vectors - 1, vectors - 2, … results.
        T* to = ctx.tensor(2).data<T>() + i * (2 * vectors - i - 1) / 2;
        for (int64_t j = i + 1; j < vectors; ++j) {
          const Vector<T> left{in.data<T>() + i * in.stride(0), in.stride(1)};
          const Vector<T> right{in.data<T>() + j * in.stride(0), in.stride(1)};
          *to++ = Convert<T>(Distance<C>(left, right, in.size(1), ctx.floating(1)));
        }
      }
    });
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const Kernel> DistanceKernels() {
  using P = Parameter;
  static const Kernel kKernels[] = {
      {.name = "aten::_cdist_forward.out",
       .parameters = {P::kTensor, P::kTensor, P::kDouble, P::kOptionalInt, P::kOut},
       .prepare = PrepareAllPairs, .run = RunAllPairs},
      {.name = "aten::_pdist_forward.out", .parameters = {P::kTensor, P::kDouble, P::kOut},
       .prepare = PrepareOwnPairs, .run = RunOwnPairs},
  };
  return kKernels;
}

}  // namespace etd::kernels
