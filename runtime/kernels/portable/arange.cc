// aten::arange: numbers in equal steps.
#include <cmath>
#include <limits>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using tensor::Tensor;

// The sequence that a call asks for; like the exporters' runtime, it is computed in double.
struct Range {
  double start = 0;
  double step = 1;
  int32_t length = 0;
};

absl::StatusOr<Range> MakeRange(double start, double end, double step) {
  const bool directed = (step > 0 && end >= start) || (step < 0 && end <= start);
  if (!directed) return InvalidArgument("no range goes from {} to {} in steps of {}", start, end, step);
  const double length = std::ceil((end - start) / step);
  if (!(length <= std::numeric_limits<int32_t>::max())) {
    return InvalidArgument("a range from {} to {} in steps of {} is too long", start, end, step);
  }
  return Range{start, step, static_cast<int32_t>(length)};
}

// arange(end, out)
absl::StatusOr<Range> EndRange(const KernelContext& context) {
  return MakeRange(0, context.scalar(0).To<double>(), 1);
}
// arange.start(start, end, step, out)
absl::StatusOr<Range> StartRange(const KernelContext& context) {
  return MakeRange(context.scalar(0).To<double>(), context.scalar(1).To<double>(), context.scalar(2).To<double>());
}

template <absl::StatusOr<Range> (*kRangeOf)(const KernelContext&), size_t kOut>
absl::Status Prepare(KernelContext& context) {
  ETD_ASSIGN_OR_RETURN(const Range range, kRangeOf(context));
  return ResizeOut(context.tensor(kOut), Shape{range.length});
}

template <absl::StatusOr<Range> (*kRangeOf)(const KernelContext&), size_t kOut>
absl::Status Run(KernelContext& context) {
  Tensor& out = context.tensor(kOut);
  ETD_ASSIGN_OR_RETURN(const Range range, kRangeOf(context));
  tensor::VisitScalarType(out.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    T* elements = out.data<T>();
    for (int64_t i = 0; i < out.numel(); ++i) {
      elements[i] = Convert<T>(range.start + static_cast<double>(i) * range.step);
    }
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const kernel::Kernel> ArangeKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::arange.out",
       .parameters = {Parameter::kScalar, Parameter::kOut},
       .prepare = Prepare<EndRange, 1>,
       .run = Run<EndRange, 1>},
      {.name = "aten::arange.start_out",
       .parameters = {Parameter::kScalar, Parameter::kScalar, Parameter::kScalar, Parameter::kOut},
       .prepare = Prepare<StartRange, 3>,
       .run = Run<StartRange, 3>},
  };
  return kKernels;
}

}  // namespace etd::kernels
