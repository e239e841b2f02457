#include "runtime/text/chat/operators.h"

#include <cmath>

#include "runtime/base/checked_math.h"
#include "runtime/text/chat/percent_format.h"
#include "runtime/text/chat/unicode.h"

namespace etd::text {
namespace {

absl::Status Overflow() { return OutOfRange("the result of a calculation does not fit 64 bits"); }

Result IntegerPower(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) return InvalidArgument("0 cannot be raised to a negative power");
    return Value::Float(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  int64_t result = 1;
  for (int64_t factor = base; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) {
      const auto product = CheckedMul(result, factor);
      if (!product.has_value()) return Overflow();
      result = *product;
    }
    if (exponent == 1) break;
    const auto square = CheckedMul(factor, factor);
    if (!square.has_value()) return Overflow();
    factor = *square;
  }
  return Value::Int(result);
}

Result IntegerArithmetic(ExprKind op, int64_t a, int64_t b) {
  std::optional<int64_t> result;
  switch (op) {
    case ExprKind::kAdd:
      result = CheckedAdd(a, b);
      break;
    case ExprKind::kSubtract: {
      int64_t difference = 0;
      if (!__builtin_sub_overflow(a, b, &difference)) result = difference;
      break;
    }
    case ExprKind::kMultiply:
      result = CheckedMul(a, b);
      break;
    case ExprKind::kPower:
      return IntegerPower(a, b);
    default: {
      if (b == 0) return InvalidArgument("division by zero");
      if (op == ExprKind::kDivide) return Value::Float(static_cast<double>(a) / static_cast<double>(b));
      if (b == -1) {
        if (op == ExprKind::kModulo) return Value::Int(0);
        return IntegerArithmetic(ExprKind::kSubtract, 0, a);
      }
      const int64_t remainder = a % b;
      const bool adjust = remainder != 0 && (remainder < 0) != (b < 0);
      result = op == ExprKind::kModulo ? remainder + (adjust ? b : 0) : a / b - (adjust ? 1 : 0);
    }
  }
  if (!result.has_value()) return Overflow();
  return Value::Int(*result);
}

double FloatModulo(double a, double b) {
  double result = std::fmod(a, b);
  if (result != 0) {
    if ((b < 0) != (result < 0)) result += b;
  } else {
    result = std::copysign(0.0, b);
  }
  return result;
}

double FloatFloorDivide(double a, double b) {
  const double quotient = (a - FloatModulo(a, b)) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1 : floored;
}

Result FloatArithmetic(ExprKind op, double a, double b) {
  switch (op) {
    case ExprKind::kAdd:
      return Value::Float(a + b);
    case ExprKind::kSubtract:
      return Value::Float(a - b);
    case ExprKind::kMultiply:
      return Value::Float(a * b);
    case ExprKind::kPower: {
      if (a == 0 && b < 0) return InvalidArgument("0 cannot be raised to a negative power");
      if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b)) {
        return InvalidArgument("a negative number cannot be raised to a fraction");
      }
      const double power = std::pow(a, b);
      if (std::isinf(power) && std::isfinite(a) && std::isfinite(b)) return Overflow();
      return Value::Float(power);
    }
    default:
      if (b == 0) return InvalidArgument("division by zero");
      if (op == ExprKind::kDivide) return Value::Float(a / b);
      return Value::Float(op == ExprKind::kModulo ? FloatModulo(a, b) : FloatFloorDivide(a, b));
  }
}

Result Repeat(Heap& heap, const Value& value, int64_t times) {
  times = std::max<int64_t>(times, 0);
  if (value.is(Kind::kString)) {
    const auto size = CheckedMul<int64_t>(static_cast<int64_t>(value.text().size()), times);
    ETD_RETURN_IF_ERROR(heap.budget().CheckSize(size.value_or(kMaxStringBytes + 1)));
    ETD_RETURN_IF_ERROR(heap.budget().Step(*size));
    std::string text;
    text.reserve(static_cast<size_t>(*size));
    if (*size > 0) {
      for (int64_t i = 0; i < times; ++i) text += value.text();
    }
    return heap.String(std::move(text), value.str().markup);
  }
  const Values& items = value.as<Sequence>().items;
  const auto size = CheckedMul<int64_t>(static_cast<int64_t>(items.size() * sizeof(Value)), times);
  ETD_RETURN_IF_ERROR(heap.budget().CheckSize(size.value_or(kMaxStringBytes + 1)));
  ETD_RETURN_IF_ERROR(heap.budget().Step(*size));
  Values out;
  if (!items.empty()) {
    for (int64_t i = 0; i < times; ++i) out.insert(out.end(), items.begin(), items.end());
  }
  return value.is(Kind::kList) ? heap.List(std::move(out)) : heap.Tuple(std::move(out));
}

Result Join(Heap& heap, const Value& left, const Value& right) {
  if (left.is(Kind::kString)) {
    const bool markup = left.str().markup || right.str().markup;
    const auto part = [markup](const Value& value) {
      return markup && !value.str().markup ? EscapeHtml(value.text()) : value.text();
    };
    const auto size = static_cast<int64_t>(left.text().size() + right.text().size());
    ETD_RETURN_IF_ERROR(heap.budget().CheckSize(size));
    ETD_RETURN_IF_ERROR(heap.budget().Step(size));
    return heap.String(part(left) + part(right), markup);
  }
  Values items = left.as<Sequence>().items;
  const Values& more = right.as<Sequence>().items;
  items.insert(items.end(), more.begin(), more.end());
  return left.is(Kind::kList) ? heap.List(std::move(items)) : heap.Tuple(std::move(items));
}

bool IsSequence(const Value& value) {
  return value.is(Kind::kString) || value.is(Kind::kList) || value.is(Kind::kTuple);
}

std::string_view Symbol(ExprKind op) {
  switch (op) {
    case ExprKind::kAdd: return "+";
    case ExprKind::kSubtract: return "-";
    case ExprKind::kMultiply: return "*";
    case ExprKind::kDivide: return "/";
    case ExprKind::kFloorDivide: return "//";
    case ExprKind::kModulo: return "%";
    default: return "**";
  }
}

// A part of a slice as an index, or nothing for None.
absl::StatusOr<std::optional<int64_t>> SliceIndex(const Value& value) {
  if (value.is(Kind::kNone)) return std::nullopt;
  if (value.is_integral()) return value.as_integer();
  return InvalidArgument("a slice needs integers, not a {}", TypeName(value));
}

// Where a slice of a sequence of `size` items begins and ends; like range(from, to, step) gives its positions.
struct SliceBounds {
  SliceBounds(int64_t size, std::optional<int64_t> start, std::optional<int64_t> stop, int64_t by) : step(by) {
    const int64_t low = step > 0 ? 0 : -1;
    const int64_t high = step > 0 ? size : size - 1;
    const auto clamp = [&](std::optional<int64_t> index, int64_t missing) {
      if (!index.has_value()) return missing;
      if (*index < 0) return std::max(*index + size, low);
      return std::min(*index, high);
    };
    from = clamp(start, step > 0 ? low : high);
    to = clamp(stop, step > 0 ? high : low);
  }
  std::vector<int64_t> Positions() const {
    std::vector<int64_t> positions;
    for (int64_t i = from; step > 0 ? i < to : i > to;) {
      positions.push_back(i);
      if (__builtin_add_overflow(i, step, &i)) break;
    }
    return positions;
  }
  int64_t from = 0;
  int64_t to = 0;
  int64_t step = 1;
};

Result SliceRange(Heap& heap, const Range& range, const SliceBounds& bounds) {
  auto* slice = heap.New<Range>();
  const auto step = CheckedMul(range.step, bounds.step);
  if (!step.has_value()) return Overflow();
  slice->start = range.start + bounds.from * range.step;
  slice->stop = range.start + bounds.to * range.step;
  slice->step = *step;
  slice->size = static_cast<int64_t>(bounds.Positions().size());
  return Value::Of(Kind::kRange, slice);
}

}  // namespace

std::string EscapeHtml(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '\'': out += "&#39;"; break;
      case '"': out += "&#34;"; break;
      default: out.push_back(c);
    }
  }
  return out;
}

Result Arithmetic(Interpreter& interpreter, ExprKind op, const Value& left, const Value& right) {
  Heap& heap = interpreter.heap();
  if (op == ExprKind::kModulo && left.is(Kind::kString)) return PercentFormat(interpreter, left, right);
  if (left.is(Kind::kUndefined)) return UndefinedError(left);
  if (right.is(Kind::kUndefined)) return UndefinedError(right);
  if (left.is_integral() && right.is_integral()) {
    return IntegerArithmetic(op, left.as_integer(), right.as_integer());
  }
  if (left.is_number() && right.is_number()) return FloatArithmetic(op, left.as_real(), right.as_real());
  if (op == ExprKind::kAdd && IsSequence(left) && left.kind() == right.kind()) return Join(heap, left, right);
  if (op == ExprKind::kMultiply && IsSequence(left) && right.is_integral()) {
    return Repeat(heap, left, right.as_integer());
  }
  if (op == ExprKind::kMultiply && IsSequence(right) && left.is_integral()) {
    return Repeat(heap, right, left.as_integer());
  }
  return InvalidArgument("{} is not defined between a {} and a {}", Symbol(op), TypeName(left), TypeName(right));
}

Result Sign(const Value& value, bool negate) {
  if (value.is(Kind::kUndefined)) return UndefinedError(value);
  if (value.is_integral()) {
    return negate ? IntegerArithmetic(ExprKind::kSubtract, 0, value.as_integer()) : Value::Int(value.as_integer());
  }
  if (value.is(Kind::kFloat)) return Value::Float(negate ? -value.real() : value.real());
  return InvalidArgument("a value of type {} has no sign", TypeName(value));
}

absl::StatusOr<bool> CompareWith(Interpreter& interpreter, CompareOp op, const Value& left, const Value& right) {
  Heap& heap = interpreter.heap();
  if (op == CompareOp::kEqual) return Equal(heap, left, right);
  if (op == CompareOp::kIn) return Contains(heap, right, left);
  if (op == CompareOp::kNotEqual || op == CompareOp::kNotIn) {
    ETD_ASSIGN_OR_RETURN(const bool positive,
                         op == CompareOp::kNotEqual ? Equal(heap, left, right) : Contains(heap, right, left));
    return !positive;
  }
  ETD_ASSIGN_OR_RETURN(const int order, Compare(heap, left, right));
  switch (op) {
    case CompareOp::kLess:
      return order == -1;
    case CompareOp::kLessEqual:
      return order == -1 || order == 0;
    case CompareOp::kGreater:
      return order == 1;
    default:
      return order == 1 || order == 0;
  }
}

absl::StatusOr<bool> Contains(Heap& heap, const Value& container, const Value& item) {
  if (container.is(Kind::kString)) {
    if (item.is(Kind::kUndefined)) return UndefinedError(item);
    if (!item.is(Kind::kString)) {
      return InvalidArgument("a text can contain a text, not a {}", TypeName(item));
    }
    ETD_RETURN_IF_ERROR(heap.budget().Step(static_cast<int64_t>(container.text().size())));
    return container.text().find(item.text()) != std::string::npos;
  }
  const bool keys = container.is(Kind::kDictView) && container.as<DictView>().part == DictView::Part::kKeys;
  if (container.is(Kind::kDict) || keys) {
    const Dict& dict = keys ? *container.as<DictView>().dict : container.as<Dict>();
    ETD_ASSIGN_OR_RETURN(const Value* found, Find(heap, dict, item));
    return found != nullptr;
  }
  ETD_ASSIGN_OR_RETURN(const Values items, ItemsOf(heap, container));
  for (size_t i = 0; i < items.size(); ++i) {
    bool same = items[i].Same(item);
    if (!same) {
      ETD_ASSIGN_OR_RETURN(same, Equal(heap, items[i], item));
    }
    if (!same) continue;
    // A generator was only asked for items up to this one.
    if (container.is(Kind::kIterator)) {
      container.as<Iterator>().items.assign(items.begin() + static_cast<ptrdiff_t>(i + 1), items.end());
    }
    return true;
  }
  return false;
}

std::optional<Value> ItemAt(Heap& heap, const Value& value, int64_t index) {
  const int64_t size = LengthOf(value).value_or(0);
  if (index < 0) index += size;
  if (index < 0 || index >= size) return std::nullopt;
  switch (value.kind()) {
    case Kind::kList:
    case Kind::kTuple:
      return value.as<Sequence>().items[static_cast<size_t>(index)];
    case Kind::kRange:
      return Value::Int(value.as<Range>().start + index * value.as<Range>().step);
    case Kind::kString: {
      const Str& str = value.str();
      if (str.ascii) return heap.String(str.text.substr(static_cast<size_t>(index), 1), str.markup);
      const size_t begin = ByteOffset(str.text, index);
      size_t end = begin;
      NextCodePoint(str.text, &end);
      return heap.String(str.text.substr(begin, end - begin), str.markup);
    }
    default:
      return std::nullopt;
  }
}

Result Slice(Heap& heap, const Value& value, const Value& start, const Value& stop, const Value& step) {
  if (value.is(Kind::kUndefined)) return UndefinedError(value);
  const bool text = value.is(Kind::kString);
  if (!IsSequence(value) && !value.is(Kind::kRange)) {
    return InvalidArgument("a value of type {} cannot be sliced", TypeName(value));
  }
  ETD_ASSIGN_OR_RETURN(const std::optional<int64_t> from, SliceIndex(start));
  ETD_ASSIGN_OR_RETURN(const std::optional<int64_t> to, SliceIndex(stop));
  ETD_ASSIGN_OR_RETURN(const std::optional<int64_t> by, SliceIndex(step));
  if (by == 0) return InvalidArgument("the step of a slice cannot be 0");
  const int64_t size = *LengthOf(value);
  ETD_RETURN_IF_ERROR(heap.budget().Step(size));
  const SliceBounds bounds(size, from, to, by.value_or(1));
  if (value.is(Kind::kRange)) return SliceRange(heap, value.as<Range>(), bounds);
  const std::vector<int64_t> positions = bounds.Positions();
  if (text && value.str().ascii) {
    std::string out;
    out.reserve(positions.size());
    for (const int64_t i : positions) out.push_back(value.text()[static_cast<size_t>(i)]);
    return heap.String(std::move(out), value.str().markup);
  }
  if (text) {
    const std::u32string code_points = ToCodePoints(value.text());
    std::string out;
    for (const int64_t i : positions) AppendUtf8(code_points[static_cast<size_t>(i)], &out);
    return heap.String(std::move(out), value.str().markup);
  }
  Values items;
  items.reserve(positions.size());
  for (const int64_t i : positions) items.push_back(*ItemAt(heap, value, i));
  if (value.is(Kind::kTuple)) return heap.Tuple(std::move(items));
  return heap.List(std::move(items));
}

}  // namespace etd::text
