// executorch_prim arithmetic: what the exporter makes of Python's symbolic sizes and loop counters.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "runtime/base/checked_math.h"
#include "runtime/kernels/prim/kernels.h"

namespace etd::kernels {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::Scalar;

namespace {

constexpr int64_t kSmallest = std::numeric_limits<int64_t>::min();

Scalar OfInt(int64_t value) { return {Scalar::Kind::kInt, value, 0}; }
Scalar OfDouble(double value) { return {Scalar::Kind::kDouble, 0, value}; }
Scalar OfBool(bool value) { return {Scalar::Kind::kBool, value ? 1 : 0, 0}; }

bool IsInt(const Scalar& number) { return number.kind == Scalar::Kind::kInt; }
bool IsBool(const Scalar& number) { return number.kind == Scalar::Kind::kBool; }

absl::Status NoNumbers() { return InvalidArgument("Bool arguments are not numbers here"); }

absl::StatusOr<Scalar> IntResult(std::optional<int64_t> value) {
  if (!value.has_value()) return InvalidArgument("the result doesn't fit 64 bits");
  return OfInt(*value);
}

// Truncation towards zero, when the result is an int64.
absl::StatusOr<Scalar> IntegerOf(double value) {
  if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) {
    return InvalidArgument("{} has no Int", value);
  }
  return OfInt(static_cast<int64_t>(value));
}

absl::Status CheckDivision(int64_t a, int64_t b) {
  if (b == 0) return InvalidArgument("{} is divided by zero", a);
  if (a == kSmallest && b == -1) return InvalidArgument("{} / {} doesn't fit 64 bits", a, b);
  return absl::OkStatus();
}

// A binary operation on two Ints, or on two numbers of which one is a Double.
template <typename OnInts, typename OnDoubles>
absl::StatusOr<Scalar> Arithmetic(const Scalar& a, const Scalar& b, OnInts on_ints, OnDoubles on_doubles) {
  if (IsBool(a) || IsBool(b)) return NoNumbers();
  if (IsInt(a) && IsInt(b)) return on_ints(a.integer, b.integer);
  return on_doubles(a.To<double>(), b.To<double>());
}

absl::StatusOr<Scalar> Add(const Scalar& a, const Scalar& b) {
  return Arithmetic(
      a, b, [](int64_t x, int64_t y) { return IntResult(CheckedAdd(x, y)); },
      [](double x, double y) -> absl::StatusOr<Scalar> { return OfDouble(x + y); });
}

absl::StatusOr<Scalar> Sub(const Scalar& a, const Scalar& b) {
  return Arithmetic(
      a, b,
      [](int64_t x, int64_t y) {
        int64_t result;
        return IntResult(__builtin_sub_overflow(x, y, &result) ? std::nullopt : std::optional<int64_t>(result));
      },
      [](double x, double y) -> absl::StatusOr<Scalar> { return OfDouble(x - y); });
}

absl::StatusOr<Scalar> Mul(const Scalar& a, const Scalar& b) {
  return Arithmetic(
      a, b, [](int64_t x, int64_t y) { return IntResult(CheckedMul(x, y)); },
      [](double x, double y) -> absl::StatusOr<Scalar> { return OfDouble(x * y); });
}

// Python's //: rounds towards minus infinity, and keeps a == (a // b) * b + remainder.
absl::StatusOr<Scalar> FloorDiv(const Scalar& a, const Scalar& b) {
  return Arithmetic(
      a, b,
      [](int64_t x, int64_t y) -> absl::StatusOr<Scalar> {
        ETD_RETURN_IF_ERROR(CheckDivision(x, y));
        return OfInt(x / y - (x % y != 0 && (x < 0) != (y < 0) ? 1 : 0));
      },
      [](double x, double y) -> absl::StatusOr<Scalar> {
        constexpr double kInfinity = std::numeric_limits<double>::infinity();
        if (y == 0) return OfDouble(std::signbit(x) ? -kInfinity : kInfinity);
        const double remainder = std::fmod(x, y);
        const double quotient = (x - remainder) / y;
        return OfDouble(remainder != 0 && std::signbit(y) != std::signbit(remainder) ? quotient - 1 : quotient);
      });
}

absl::StatusOr<Scalar> FloorDivInt(const Scalar& a, const Scalar& b) {
  if (!IsInt(a) || !IsInt(b)) return InvalidArgument("both arguments must be Int");
  ETD_RETURN_IF_ERROR(CheckDivision(a.integer, b.integer));
  return OfInt(a.integer / b.integer);
}

absl::StatusOr<Scalar> Mod(const Scalar& a, const Scalar& b) {
  if (!IsInt(a) || !IsInt(b)) return InvalidArgument("both arguments must be Int");
  ETD_RETURN_IF_ERROR(CheckDivision(a.integer, b.integer));
  return OfInt(a.integer % b.integer);
}

absl::StatusOr<Scalar> TrueDiv(const Scalar& a, const Scalar& b) {
  if (IsBool(a) || IsBool(b)) return NoNumbers();
  return OfDouble(a.To<double>() / b.To<double>());
}

absl::StatusOr<Scalar> Max(const Scalar& a, const Scalar& b) {
  if (!IsInt(a) || !IsInt(b)) return InvalidArgument("both arguments must be Int");
  return OfInt(std::max(a.integer, b.integer));
}

absl::StatusOr<Scalar> Min(const Scalar& a, const Scalar& b) {
  if (!IsInt(a) || !IsInt(b)) return InvalidArgument("both arguments must be Int");
  return OfInt(std::min(a.integer, b.integer));
}

// Two Bools compare as 0 and 1; a Bool and a number do not compare.
template <typename Comparison>
absl::StatusOr<Scalar> Compare(const Scalar& a, const Scalar& b) {
  if (IsBool(a) != IsBool(b)) return NoNumbers();
  if (a.kind == b.kind && !(a.kind == Scalar::Kind::kDouble)) return OfBool(Comparison()(a.integer, b.integer));
  return OfBool(Comparison()(a.To<double>(), b.To<double>()));
}

absl::StatusOr<Scalar> Neg(const Scalar& a) {
  if (IsBool(a)) return NoNumbers();
  if (!IsInt(a)) return OfDouble(-a.floating);
  return IntResult(a.integer == kSmallest ? std::nullopt : std::optional<int64_t>(-a.integer));
}

absl::StatusOr<Scalar> Not(const Scalar& a) {
  if (!IsBool(a)) return InvalidArgument("the argument must be Bool");
  return OfBool(a.integer == 0);
}

absl::StatusOr<Scalar> ToDouble(const Scalar& a) { return OfDouble(a.To<double>()); }

absl::StatusOr<Scalar> ToInt(const Scalar& a) {
  if (a.kind == Scalar::Kind::kDouble) return IntegerOf(a.floating);
  return OfInt(a.integer);
}

enum class Rounding { kUp, kNearestEven, kTowardsZero };

template <Rounding kRounding>
absl::StatusOr<Scalar> Round(const Scalar& a) {
  if (a.kind != Scalar::Kind::kDouble) return InvalidArgument("the argument must be Double");
  if constexpr (kRounding == Rounding::kUp) return IntegerOf(std::ceil(a.floating));
  if constexpr (kRounding == Rounding::kTowardsZero) return IntegerOf(a.floating);
  // Independent of the thread's rounding mode, as Python's round() is.
  const double rounded = std::round(a.floating);
  const bool tie = std::abs(rounded - a.floating) == 0.5;
  return IntegerOf(tie && std::fmod(rounded, 2.0) != 0 ? 2 * a.floating - rounded : rounded);
}

absl::Status PrepareNumber(KernelContext&) { return absl::OkStatus(); }

template <absl::StatusOr<Scalar> (*kFunction)(const Scalar&)>
absl::Status RunUnary(KernelContext& context) {
  ETD_ASSIGN_OR_RETURN(const Scalar result, kFunction(context.scalar(0)));
  return StoreNumber(result, context.mutable_value(1));
}

template <absl::StatusOr<Scalar> (*kFunction)(const Scalar&, const Scalar&)>
absl::Status RunBinary(KernelContext& context) {
  ETD_ASSIGN_OR_RETURN(const Scalar result, kFunction(context.scalar(0), context.scalar(1)));
  return StoreNumber(result, context.mutable_value(2));
}

absl::Status RunSelect(KernelContext& context) {
  return StoreNumber(context.scalar(context.boolean(0) ? 1 : 2), context.mutable_value(3));
}

template <absl::StatusOr<Scalar> (*kFunction)(const Scalar&)>
kernel::Kernel Unary(std::string_view name) {
  return {name, {Parameter::kScalar, Parameter::kOutNumber}, PrepareNumber, RunUnary<kFunction>};
}

template <absl::StatusOr<Scalar> (*kFunction)(const Scalar&, const Scalar&)>
kernel::Kernel Binary(std::string_view name) {
  return {name, {Parameter::kScalar, Parameter::kScalar, Parameter::kOutNumber}, PrepareNumber, RunBinary<kFunction>};
}

}  // namespace

absl::Status StoreNumber(const Scalar& result, tensor::Value& out) {
  using Kind = tensor::Value::Kind;
  const bool is_double = result.kind == Scalar::Kind::kDouble;
  if (out.kind() == Kind::kDouble) {
    const double value = result.To<double>();
    if (!is_double && (std::abs(value) > 9007199254740992.0)) {
      return InvalidArgument("the result {} can't be stored as Double", result.integer);
    }
    out.set_floating(value);
    return absl::OkStatus();
  }
  if (is_double) {
    const bool whole = result.floating >= -9223372036854775808.0 && result.floating < 9223372036854775808.0 &&
                       std::trunc(result.floating) == result.floating;
    if (!whole || out.kind() == Kind::kBool) {
      return InvalidArgument("the result {} can't be stored as {}", result.floating, tensor::KindName(out.kind()));
    }
    out.set_integer(static_cast<int64_t>(result.floating));
    return absl::OkStatus();
  }
  if (out.kind() == Kind::kBool) {
    if (result.integer != 0 && result.integer != 1) {
      return InvalidArgument("the result {} can't be stored as Bool", result.integer);
    }
    out.set_boolean(result.integer == 1);
    return absl::OkStatus();
  }
  out.set_integer(result.integer);
  return absl::OkStatus();
}

std::span<const kernel::Kernel> NumberKernels() {
  static const kernel::Kernel kKernels[] = {
      Binary<Add>("executorch_prim::add.Scalar"),
      Binary<Sub>("executorch_prim::sub.Scalar"),
      Binary<Mul>("executorch_prim::mul.Scalar"),
      Binary<FloorDiv>("executorch_prim::floordiv.Scalar"),
      Binary<FloorDivInt>("executorch_prim::floordiv.int"),
      Binary<TrueDiv>("executorch_prim::truediv.Scalar"),
      Binary<Mod>("executorch_prim::mod.Scalar"),
      Binary<Mod>("executorch_prim::mod.int"),
      Binary<Max>("executorch_prim::sym_max.Scalar"),
      Binary<Min>("executorch_prim::sym_min.Scalar"),
      Binary<Compare<std::equal_to<>>>("executorch_prim::eq.Scalar"),
      Binary<Compare<std::greater<>>>("executorch_prim::gt.Scalar"),
      Binary<Compare<std::less<>>>("executorch_prim::lt.Scalar"),
      Binary<Compare<std::greater_equal<>>>("executorch_prim::ge.Scalar"),
      Binary<Compare<std::less_equal<>>>("executorch_prim::le.Scalar"),
      Unary<Neg>("executorch_prim::neg.Scalar"),
      Unary<Not>("executorch_prim::sym_not.Scalar"),
      Unary<ToDouble>("executorch_prim::sym_float.Scalar"),
      Unary<ToInt>("executorch_prim::sym_int.Scalar"),
      Unary<Round<Rounding::kUp>>("executorch_prim::ceil.Scalar"),
      Unary<Round<Rounding::kNearestEven>>("executorch_prim::round.Scalar"),
      Unary<Round<Rounding::kTowardsZero>>("executorch_prim::trunc.Scalar"),
      {"executorch_prim::sym_ite.Scalar",
       {Parameter::kBool, Parameter::kScalar, Parameter::kScalar, Parameter::kOutNumber},
       PrepareNumber,
       RunSelect},
  };
  return kKernels;
}

}  // namespace etd::kernels
