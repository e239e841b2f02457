// The largest and smallest elements and where they are: argmax, argmin, amax, amin, and max and min along a dimension.
#include <span>
#include <type_traits>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/dim_reduction.h"
#include "runtime/kernels/portable/util/row_rules.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::RowClass;
using kernel::RowQuery;
using tensor::ScalarType;
using tensor::Tensor;

// What a call reduces, however it says so.
struct Call {
  DimMask reduced{};
  bool keep = false;
};

// f(self, dim?, keepdim, …): without a dimension the whole tensor counts as one row-major sequence.
absl::StatusOr<Call> OptionalDim(std::span<tensor::Value* const> arguments) {
  const Tensor& in = arguments[0]->tensor();
  const int64_t dim = arguments[1]->is_none() ? 0 : arguments[1]->integer();
  const std::span<const int64_t> dims(&dim, arguments[1]->is_none() ? 0 : 1);
  ETD_ASSIGN_OR_RETURN(const DimMask mask, ReducedDims(in, dims));
  return Call{mask, arguments[2]->boolean()};
}

// f(self, dims, keepdim, …)
absl::StatusOr<Call> DimList(std::span<tensor::Value* const> arguments) {
  ETD_ASSIGN_OR_RETURN(const DimMask mask, ReducedDims(arguments[0]->tensor(), IntegersOf(*arguments[1])));
  return Call{mask, arguments[2]->boolean()};
}

// f(self, …)
absl::StatusOr<Call> Whole(std::span<tensor::Value* const> arguments) {
  ETD_ASSIGN_OR_RETURN(const DimMask mask, ReducedDims(arguments[0]->tensor(), {}));
  return Call{mask, false};
}

using CallOf = absl::StatusOr<Call> (*)(std::span<tensor::Value* const>);

template <CallOf kCallOf>
std::optional<RowClass> Rows(const RowQuery& query) {
  const absl::StatusOr<Call> call = kCallOf(query.arguments);
  return call.ok() ? ReducedRows(query, call->reduced, call->keep) : std::nullopt;
}

struct Greater {
  template <typename T>
  static bool Better(T candidate, T best) {
    return candidate > best;
  }
};
struct Less {
  template <typename T>
  static bool Better(T candidate, T best) {
    return candidate < best;
  }
};

// NaN is the most extreme of all, and of equals the first counts.
template <typename Order, typename T>
bool Replaces(T candidate, T best) {
  if constexpr (!std::is_integral_v<T>) {
    if (best != best) return false;
    if (candidate != candidate) return true;
  }
  return Order::Better(candidate, best);
}

// Finds the extreme element of every result of a reduction: its value goes to `values`, its index to `indices`, which have the
// result's shape and order; null: not wanted.
template <typename Order>
void FindExtremes(const KernelContext& context, const Call& call, Tensor* values, Tensor* indices) {
  const Tensor& in = context.tensor(0);
  const DimReduction reduction(in, call.reduced, call.keep, values != nullptr ? *values : *indices);
  int64_t* places = indices != nullptr ? indices->data<int64_t>() : nullptr;
  tensor::VisitScalarType(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const T* elements = in.data<T>();
    T* extremes = values != nullptr ? values->data<T>() : nullptr;
    reduction.ForEachResult(context.threads(), [&](int64_t out_offset, int64_t in_offset) {
      T best{};
      int64_t best_index = 0, index = 0;
      reduction.ForEachElement(in_offset, [&](int64_t offset) {
        if (index == 0 || Replaces<Order>(elements[offset], best)) {
          best = elements[offset];
          best_index = index;
        }
        ++index;
        return true;
      });
      if (extremes != nullptr) extremes[out_offset] = best;
      if (places != nullptr) places[out_offset] = best_index;
    });
  });
}

// A result of no elements has no largest one.
absl::Status CheckNotEmpty(const Tensor& in, const Call& call) {
  if (in.numel() > 0) return absl::OkStatus();
  for (int dim = 0; dim < in.rank(); ++dim) {
    if (call.reduced[static_cast<size_t>(dim)] && in.size(dim) == 0) {
      return InvalidArgument("shape {} has no elements to choose from", tensor::ShapeText(in.sizes()));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckIndices(const Tensor& out) {
  if (out.type() == ScalarType::kInt64) return absl::OkStatus();
  return InvalidArgument("indices are int64, not {}", tensor::ScalarTypeName(out.type()));
}

template <CallOf kCallOf>
absl::StatusOr<Call> CheckedCall(const KernelContext& context) {
  ETD_ASSIGN_OR_RETURN(const Call call, kCallOf(context.arguments()));
  ETD_RETURN_IF_ERROR(CheckNotEmpty(context.tensor(0), call));
  return call;
}

// argmax(self, dim?, keepdim, out)
absl::Status PrepareArg(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckIndices(context.tensor(3)));
  ETD_ASSIGN_OR_RETURN(const Call call, CheckedCall<OptionalDim>(context));
  return ResizeOut(context.tensor(3), ReducedShape(context.tensor(0), call.reduced, call.keep));
}

template <typename Order>
absl::Status RunArg(KernelContext& context) {
  ETD_ASSIGN_OR_RETURN(const Call call, OptionalDim(context.arguments()));
  FindExtremes<Order>(context, call, nullptr, &context.tensor(3));
  return absl::OkStatus();
}

// amax(self, dims, keepdim, out) and max.unary(self, out)
template <CallOf kCallOf, size_t kOut>
absl::Status PrepareValue(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckSameType(context.tensor(0), context.tensor(kOut)));
  ETD_ASSIGN_OR_RETURN(const Call call, CheckedCall<kCallOf>(context));
  return ResizeOut(context.tensor(kOut), ReducedShape(context.tensor(0), call.reduced, call.keep));
}

template <CallOf kCallOf, typename Order, size_t kOut>
absl::Status RunValue(KernelContext& context) {
  ETD_ASSIGN_OR_RETURN(const Call call, kCallOf(context.arguments()));
  FindExtremes<Order>(context, call, &context.tensor(kOut), nullptr);
  return absl::OkStatus();
}

// max.dim(self, dim, keepdim, values, indices)
absl::Status PrepareBoth(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckIndices(context.tensor(4)));
  ETD_RETURN_IF_ERROR((PrepareValue<OptionalDim, 3>(context)));
  ETD_RETURN_IF_ERROR(ResizeOut(context.tensor(4), context.tensor(3).sizes()));
  if (context.tensor(3).row_major() && context.tensor(4).row_major()) return absl::OkStatus();
  return InvalidArgument("the outputs must be row-major");
}

template <typename Order>
absl::Status RunBoth(KernelContext& context) {
  ETD_ASSIGN_OR_RETURN(const Call call, OptionalDim(context.arguments()));
  FindExtremes<Order>(context, call, &context.tensor(3), &context.tensor(4));
  return absl::OkStatus();
}

template <typename Order>
kernel::Kernel Arg(std::string_view name) {
  return {.name = name,
          .parameters = {Parameter::kTensor, Parameter::kOptionalInt, Parameter::kBool, Parameter::kOut},
          .prepare = PrepareArg,
          .run = RunArg<Order>,
          .row_rule = Rows<OptionalDim>};
}
template <typename Order>
kernel::Kernel Values(std::string_view name) {
  return {.name = name,
          .parameters = {Parameter::kTensor, Parameter::kIntList, Parameter::kBool, Parameter::kOut},
          .prepare = PrepareValue<DimList, 3>,
          .run = RunValue<DimList, Order, 3>,
          .row_rule = Rows<DimList>};
}
template <typename Order>
kernel::Kernel Unary(std::string_view name) {
  return {.name = name,
          .parameters = {Parameter::kTensor, Parameter::kOut},
          .prepare = PrepareValue<Whole, 1>,
          .run = RunValue<Whole, Order, 1>};
}
template <typename Order>
kernel::Kernel Both(std::string_view name) {
  return {.name = name,
          .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kBool, Parameter::kOut, Parameter::kOut},
          .prepare = PrepareBoth,
          .run = RunBoth<Order>,
          .row_rule = Rows<OptionalDim>};
}

}  // namespace

std::span<const kernel::Kernel> ExtremesKernels() {
  static const kernel::Kernel kKernels[] = {
      Arg<Greater>("aten::argmax.out"),       Arg<Less>("aten::argmin.out"),
      Values<Greater>("aten::amax.out"),      Values<Less>("aten::amin.out"),
      Both<Greater>("aten::max.dim_max"),     Both<Less>("aten::min.dim_min"),
      Unary<Greater>("aten::max.unary_out"),  Unary<Less>("aten::min.unary_out"),
  };
  return kKernels;
}

}  // namespace etd::kernels
