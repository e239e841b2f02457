// aten::mean, sum, prod, var and var_mean: accumulated one after another in the input's order, half types in float.
#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/arithmetic.h"
#include "runtime/kernels/portable/util/elementwise.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/reduce.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using kernel::Scalar;
using tensor::ScalarType;
using tensor::Tensor;

// A call, whatever its overload: which dimensions, and where the result goes.
struct Call {
  const Tensor& in;
  Tensor& out;
  DimMask mask;
  bool keep_dims;
};

std::optional<kernel::IntVector> OptionalDims(const KernelContext& ctx, size_t i) {
  return ctx.has(i) ? std::optional<kernel::IntVector>(ctx.integers(i)) : std::nullopt;
}

absl::StatusOr<Call> CallOf(KernelContext& ctx, const std::optional<kernel::IntVector>& dims, bool keep_dims,
                            size_t out) {
  const std::span<const int64_t> named = dims ? std::span<const int64_t>(*dims) : std::span<const int64_t>();
  ETD_ASSIGN_OR_RETURN(const DimMask mask, ReducedDims(ctx.tensor(0), named));
  return Call{ctx.tensor(0), ctx.tensor(out), mask, keep_dims};
}

// (in, dims?, keepdim, dtype?, out) of sum and mean.
absl::StatusOr<Call> DimsCall(KernelContext& ctx) { return CallOf(ctx, OptionalDims(ctx, 1), ctx.boolean(2), 4); }
// (in, dtype?, out).
absl::StatusOr<Call> WholeCall(KernelContext& ctx) { return CallOf(ctx, std::nullopt, false, 2); }
// (in, dim, keepdim, dtype?, out) of prod.
absl::StatusOr<Call> OneDimCall(KernelContext& ctx) {
  return CallOf(ctx, kernel::IntVector{ctx.integer(1)}, ctx.boolean(2), 4);
}
// (in, dims?, unbiased, keepdim, out) of var and (in, dims?, correction?, keepdim, out).
absl::StatusOr<Call> VarianceCall(KernelContext& ctx) { return CallOf(ctx, OptionalDims(ctx, 1), ctx.boolean(3), 4); }

using CallReader = absl::StatusOr<Call> (*)(KernelContext&);

template <CallReader kRead, bool kFloatingOnly>
absl::Status Prepare(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Call call, kRead(ctx));
  ETD_RETURN_IF_ERROR(CheckArithmetic(call.in.type()));
  ETD_RETURN_IF_ERROR(CheckArithmetic(call.out.type()));
  if (kFloatingOnly) ETD_RETURN_IF_ERROR(CheckFloating(call.out.type()));
  return ResizeOut(call.out, ReducedShape(call.in, call.mask, call.keep_dims));
}

// step(… step(step(first, x0), x1) …) over the elements of one result, read as C.
template <typename C, typename Step>
C Fold(const Tensor& in, const ReducedElements& elements, int64_t base, C first, const Step& step) {
  C total = first;
  std::array<C, kRunLength> buffer;
  elements.ForEachRun(base, [&](int64_t offset, int64_t all, int64_t stride) {
    for (int64_t begin = 0; begin < all; begin += kRunLength) {
      const int64_t count = std::min(kRunLength, all - begin);
      const C* values = LoadRun<C>(in.type(), in.raw(), offset + begin * stride, stride, count, buffer.data());
      for (int64_t i = 0; i < count; ++i) total = step(total, values[i]);
    }
  });
  return total;
}

// Stores finish(the fold) for every result, computed in the output's compute type.
template <typename Step, typename Finish>
void Accumulate(KernelContext& ctx, const Call& call, int first, const Step& step, const Finish& finish) {
  const ReducedElements elements(call.in, call.mask);
  VisitCompute(call.out.type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    ForEachResult(ctx.threads(), call.in, call.mask, call.out, [&](int64_t to, int64_t from) {
      const C result = finish(Fold<C>(call.in, elements, from, static_cast<C>(first), step));
      StoreRun<C>(call.out.type(), call.out.raw(), to, 1, 1, &result);
    });
  });
}

template <CallReader kRead>
absl::Status RunSum(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Call call, kRead(ctx));
  Accumulate(ctx, call, 0, [](auto sum, auto value) { return Add(sum, value); }, [](auto sum) { return sum; });
  return absl::OkStatus();
}

template <CallReader kRead>
absl::Status RunProduct(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Call call, kRead(ctx));
  Accumulate(ctx, call, 1, [](auto product, auto value) { return Multiply(product, value); },
             [](auto product) { return product; });
  return absl::OkStatus();
}

template <CallReader kRead>
absl::Status RunMean(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Call call, kRead(ctx));
  const int64_t count = ReducedCount(call.in, call.mask);
  Accumulate(ctx, call, 0, [](auto sum, auto value) { return Add(sum, value); },
             [=](auto sum) {
               using C = decltype(sum);
               if constexpr (std::is_floating_point_v<C>) return sum / static_cast<C>(count);
               else return sum;
             });
  return absl::OkStatus();
}

// The sum of squares about the mean over `denominator`, NaN where that is not positive. The mean goes to `means`, if
// that is given: a tensor like the output.
absl::Status Variance(KernelContext& ctx, const Call& call, double denominator, Tensor* means = nullptr) {
  const ReducedElements elements(call.in, call.mask);
  const int64_t count = ReducedCount(call.in, call.mask);
  VisitFloatCompute(call.out.type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    ForEachResult(ctx.threads(), call.in, call.mask, call.out, [&](int64_t to, int64_t from) {
      C result = std::numeric_limits<C>::quiet_NaN();
      C mean = result;
      if (count > 0 && denominator > 0) {
        const C sum = Fold<C>(call.in, elements, from, C{0}, [](C total, C value) { return total + value; });
        mean = sum / static_cast<C>(count);
        const C squares = Fold<C>(call.in, elements, from, C{0}, [=](C total, C value) {
          return total + (value - mean) * (value - mean);
        });
        result = static_cast<C>(squares / denominator);
      }
      StoreRun<C>(call.out.type(), call.out.raw(), to, 1, 1, &result);
      if (means != nullptr) StoreRun<C>(means->type(), means->raw(), to, 1, 1, &mean);
    });
  });
  return absl::OkStatus();
}

absl::Status RunVarianceUnbiased(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Call call, VarianceCall(ctx));
  return Variance(ctx, call, static_cast<double>(ReducedCount(call.in, call.mask)) - (ctx.boolean(2) ? 1 : 0));
}

absl::Status RunVarianceCorrected(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Call call, VarianceCall(ctx));
  const double correction = ctx.has(2) ? ctx.scalar(2).To<double>() : 1;
  return Variance(ctx, call, static_cast<double>(ReducedCount(call.in, call.mask)) - correction);
}

// (in, dims?, correction?, keepdim, variance, mean). As in ExecuTorch, the mean is NaN where the variance is.
absl::Status PrepareVarianceMean(KernelContext& ctx) {
  Tensor& means = ctx.tensor(5);
  ETD_RETURN_IF_ERROR((Prepare<VarianceCall, true>(ctx)));
  ETD_RETURN_IF_ERROR(CheckSameType(ctx.tensor(4), means));
  ETD_RETURN_IF_ERROR(ResizeOut(means, ctx.tensor(4).sizes()));
  if (std::ranges::equal(means.strides(), ctx.tensor(4).strides())) return absl::OkStatus();
  return InvalidArgument("variance and mean have different memory orders");
}

absl::Status RunVarianceMean(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Call call, VarianceCall(ctx));
  const double correction = ctx.has(2) ? ctx.scalar(2).To<double>() : 1;
  return Variance(ctx, call, static_cast<double>(ReducedCount(call.in, call.mask)) - correction, &ctx.tensor(5));
}

std::optional<kernel::RowClass> VarianceRowRule(const kernel::RowQuery& query) {
  // Keepdim is argument 3 here; the rule wants it as 2.
  std::vector<tensor::Value*> arguments(query.arguments.begin(), query.arguments.end());
  std::vector<kernel::RowClass> classes(query.classes.begin(), query.classes.end());
  arguments.erase(arguments.begin() + 2);
  classes.erase(classes.begin() + 2);
  return ReduceRowRule({arguments, classes});
}

}  // namespace

std::span<const Kernel> ReduceKernels() {
  using P = Parameter;
  static const std::vector<P> kDims = {P::kTensor, P::kOptionalIntList, P::kBool, P::kOptionalInt, P::kOut};
  static const std::vector<P> kWhole = {P::kTensor, P::kOptionalInt, P::kOut};
  static const Kernel kKernels[] = {
      {.name = "aten::mean.out", .parameters = kDims, .prepare = Prepare<DimsCall, true>, .run = RunMean<DimsCall>,
       .row_rule = ReduceRowRule},
      {.name = "aten::mean.dtype_out", .parameters = kWhole, .prepare = Prepare<WholeCall, true>,
       .run = RunMean<WholeCall>},
      {.name = "aten::sum.IntList_out", .parameters = kDims, .prepare = Prepare<DimsCall, false>,
       .run = RunSum<DimsCall>, .row_rule = ReduceRowRule},
      {.name = "aten::prod.out", .parameters = kWhole, .prepare = Prepare<WholeCall, false>,
       .run = RunProduct<WholeCall>},
      {.name = "aten::prod.int_out",
       .parameters = {P::kTensor, P::kInt, P::kBool, P::kOptionalInt, P::kOut},
       .prepare = Prepare<OneDimCall, false>, .run = RunProduct<OneDimCall>},
      {.name = "aten::var.out",
       .parameters = {P::kTensor, P::kOptionalIntList, P::kBool, P::kBool, P::kOut},
       .prepare = Prepare<VarianceCall, true>, .run = RunVarianceUnbiased, .row_rule = VarianceRowRule},
      {.name = "aten::var.correction_out",
       .parameters = {P::kTensor, P::kOptionalIntList, P::kOptionalScalar, P::kBool, P::kOut},
       .prepare = Prepare<VarianceCall, true>, .run = RunVarianceCorrected, .row_rule = VarianceRowRule},
      {.name = "aten::var_mean.correction_out",
       .parameters = {P::kTensor, P::kOptionalIntList, P::kOptionalScalar, P::kBool, P::kOut, P::kOut},
       .prepare = PrepareVarianceMean, .run = RunVarianceMean, .row_rule = VarianceRowRule},
  };
  return kKernels;
}

}  // namespace etd::kernels
