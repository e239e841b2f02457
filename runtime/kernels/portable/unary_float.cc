// Functions of one number whose result is floating: exp, sin, rsqrt, sigmoid, … Integers are computed in float.
#include <cmath>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/elementwise.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/base/status.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;

absl::Status Prepare(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(CheckArithmetic(ctx.tensor(0).type()));
  ETD_RETURN_IF_ERROR(CheckFloating(ctx.tensor(1).type()));
  return ctx.tensor(1).Resize(ctx.tensor(0).sizes());
}

// One row of the table: the function for float and for double.
struct Function {
  float (*in_float)(float);
  double (*in_double)(double);
};

template <const Function& kFunction>
absl::Status Run(KernelContext& ctx) {
  VisitFloatCompute(ctx.tensor(0).type(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    Map<C>(ctx.threads(), [](C value) {
          if constexpr (std::is_same_v<C, float>) return kFunction.in_float(value);
          else return kFunction.in_double(value);
        }, ctx.tensor(1), ctx.tensor(0));
  });
  return absl::OkStatus();
}

template <typename C>
C ReciprocalSquareRoot(C value) {
  return C{1} / std::sqrt(value);
}
template <typename C>
C Reciprocal(C value) {
  return C{1} / value;
}
template <typename C>
C Sigmoid(C value) {
  return C{1} / (C{1} + std::exp(-value));
}

constexpr Function kAcos{std::acos, std::acos};
constexpr Function kAcosh{std::acosh, std::acosh};
constexpr Function kAsin{std::asin, std::asin};
constexpr Function kAsinh{std::asinh, std::asinh};
constexpr Function kAtan{std::atan, std::atan};
constexpr Function kAtanh{std::atanh, std::atanh};
constexpr Function kCos{std::cos, std::cos};
constexpr Function kCosh{std::cosh, std::cosh};
constexpr Function kErf{std::erf, std::erf};
constexpr Function kExp{std::exp, std::exp};
constexpr Function kExpm1{std::expm1, std::expm1};
constexpr Function kLog{std::log, std::log};
constexpr Function kLog10{std::log10, std::log10};
constexpr Function kLog1p{std::log1p, std::log1p};
constexpr Function kLog2{std::log2, std::log2};
constexpr Function kReciprocal{Reciprocal<float>, Reciprocal<double>};
constexpr Function kRsqrt{ReciprocalSquareRoot<float>, ReciprocalSquareRoot<double>};
constexpr Function kSigmoid{Sigmoid<float>, Sigmoid<double>};
constexpr Function kSin{std::sin, std::sin};
constexpr Function kSinh{std::sinh, std::sinh};
constexpr Function kSqrt{std::sqrt, std::sqrt};
constexpr Function kTan{std::tan, std::tan};
constexpr Function kTanh{std::tanh, std::tanh};

template <const Function& kFunction>
Kernel Make(std::string_view name) {
  return {.name = name,
          .parameters = {Parameter::kTensor, Parameter::kOut},
          .prepare = Prepare,
          .run = Run<kFunction>,
          .row_rule = kernel::BroadcastRowRule,
          .shape_ignores_numbers = true};
}

}  // namespace

std::span<const Kernel> UnaryFloatKernels() {
  static const Kernel kKernels[] = {
      Make<kAcos>("aten::acos.out"),   Make<kAcosh>("aten::acosh.out"),           Make<kAsin>("aten::asin.out"),
      Make<kAsinh>("aten::asinh.out"), Make<kAtan>("aten::atan.out"),             Make<kAtanh>("aten::atanh.out"),
      Make<kCos>("aten::cos.out"),     Make<kCosh>("aten::cosh.out"),             Make<kErf>("aten::erf.out"),
      Make<kExp>("aten::exp.out"),     Make<kExpm1>("aten::expm1.out"),           Make<kLog>("aten::log.out"),
      Make<kLog10>("aten::log10.out"), Make<kLog1p>("aten::log1p.out"),           Make<kLog2>("aten::log2.out"),
      Make<kRsqrt>("aten::rsqrt.out"), Make<kReciprocal>("aten::reciprocal.out"), Make<kSigmoid>("aten::sigmoid.out"),
      Make<kSin>("aten::sin.out"),     Make<kSinh>("aten::sinh.out"),             Make<kSqrt>("aten::sqrt.out"),
      Make<kTan>("aten::tan.out"),     Make<kTanh>("aten::tanh.out"),
  };
  return kKernels;
}

}  // namespace etd::kernels
