// Functions of one number that keep its type: abs, neg, sign, the roundings, relu; and logical_not, isnan, isinf.
#include <cmath>

#include "runtime/base/status.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/arithmetic.h"
#include "runtime/kernels/portable/util/elementwise.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;

absl::Status PrepareSame(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(CheckArithmetic(ctx.tensor(0).type()));
  ETD_RETURN_IF_ERROR(CheckSameType(ctx.tensor(0), ctx.tensor(1)));
  return ctx.tensor(1).Resize(ctx.tensor(0).sizes());
}

absl::Status PrepareTruth(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(CheckArithmetic(ctx.tensor(0).type()));
  ETD_RETURN_IF_ERROR(CheckArithmetic(ctx.tensor(1).type()));
  return ctx.tensor(1).Resize(ctx.tensor(0).sizes());
}

template <typename Operation>
absl::Status Run(KernelContext& ctx) {
  VisitCompute(ctx.tensor(0).type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    Map<C>(ctx.threads(), [](C value) { return Operation()(value); }, ctx.tensor(1), ctx.tensor(0));
  });
  return absl::OkStatus();
}

struct Absolute {
  template <typename C>
  C operator()(C value) const {
    if constexpr (std::is_floating_point_v<C>) return std::fabs(value);
    else return value < C{0} ? Subtract(C{0}, value) : value;
  }
};
struct Negative {
  template <typename C>
  C operator()(C value) const {
    if constexpr (std::is_floating_point_v<C>) return -value;
    else return Subtract(C{0}, value);
  }
};
struct Sign {
  template <typename C>
  C operator()(C value) const {
    if (IsNan(value)) return value;
    return static_cast<C>((value > C{0} ? 1 : 0) - (value < C{0} ? 1 : 0));
  }
};
struct Relu {
  template <typename C>
  C operator()(C value) const {
    return IsNan(value) || value >= C{0} ? value : C{0};
  }
};
struct LogicalNot {
  template <typename C>
  bool operator()(C value) const {
    return value == C{0};
  }
};
struct NotANumber {
  template <typename C>
  bool operator()(C value) const {
    return IsNan(value);
  }
};
struct Infinite {
  template <typename C>
  bool operator()(C value) const {
    if constexpr (std::is_floating_point_v<C>) return std::isinf(value);
    else return false;
  }
};

// The roundings leave integers as they are. Half to even, as PyTorch rounds.
struct Ceiling {
  template <typename C>
  C operator()(C value) const {
    if constexpr (std::is_floating_point_v<C>) return std::ceil(value);
    else return value;
  }
};
struct Floor {
  template <typename C>
  C operator()(C value) const {
    if constexpr (std::is_floating_point_v<C>) return std::floor(value);
    else return value;
  }
};
struct Nearest {
  template <typename C>
  C operator()(C value) const {
    if constexpr (std::is_floating_point_v<C>) return std::nearbyint(value);
    else return value;
  }
};
struct Truncate {
  template <typename C>
  C operator()(C value) const {
    if constexpr (std::is_floating_point_v<C>) return std::trunc(value);
    else return value;
  }
};

template <typename Operation>
Kernel Same(std::string_view name) {
  return {.name = name,
          .parameters = {Parameter::kTensor, Parameter::kOut},
          .prepare = PrepareSame,
          .run = Run<Operation>,
          .row_rule = kernel::BroadcastRowRule,
          .shape_ignores_numbers = true};
}
template <typename Operation>
Kernel Truth(std::string_view name) {
  Kernel kernel = Same<Operation>(name);
  kernel.prepare = PrepareTruth;
  return kernel;
}

}  // namespace

std::span<const Kernel> UnaryKernels() {
  static const Kernel kKernels[] = {
      Same<Absolute>("aten::abs.out"),           Same<Negative>("aten::neg.out"),  Same<Sign>("aten::sign.out"),
      Same<Relu>("aten::relu.out"),              Same<Ceiling>("aten::ceil.out"),  Same<Floor>("aten::floor.out"),
      Same<Nearest>("aten::round.out"),          Same<Truncate>("aten::trunc.out"),
      Truth<LogicalNot>("aten::logical_not.out"), Truth<NotANumber>("aten::isnan.out"),
      Truth<Infinite>("aten::isinf.out"),
  };
  return kKernels;
}

}  // namespace etd::kernels
