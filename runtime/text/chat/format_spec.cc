#include "runtime/text/chat/format_spec.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "runtime/text/chat/text_form.h"
#include "runtime/text/chat/unicode.h"

namespace etd::text {
namespace {

constexpr int64_t kMaxPrecision = 1000;

absl::StatusOr<int64_t> ParseDigits(std::string_view text, size_t* at) {
  int64_t number = 0;
  for (; *at < text.size() && text[*at] >= '0' && text[*at] <= '9'; ++*at) {
    number = number * 10 + (text[*at] - '0');
    if (number > kMaxStringBytes) return InvalidArgument("a width or precision is too large");
  }
  return number;
}

std::string Group(std::string digits, char separator, size_t every) {
  size_t end = digits.find_first_not_of("0123456789abcdefABCDEF");
  if (end == std::string::npos) end = digits.size();
  for (size_t at = end; at > every; at -= every) digits.insert(at - every, 1, separator);
  return digits;
}

std::string Printf(char type, int64_t precision, bool alternate, double number) {
  const char format[] = {'%', alternate ? '#' : '.', alternate ? '.' : '*', alternate ? '*' : type,
                         alternate ? type : '\0', '\0'};
  const int size = std::snprintf(nullptr, 0, format, static_cast<int>(precision), number);
  std::string out(static_cast<size_t>(size) + 1, '\0');
  std::snprintf(out.data(), out.size(), format, static_cast<int>(precision), number);
  out.pop_back();
  return out;
}

std::string SignOf(bool negative, char sign) {
  if (negative) return "-";
  return sign == '-' ? std::string() : std::string(1, sign);
}

std::string IntegerDigits(uint64_t magnitude, char type) {
  switch (type) {
    case 'x': return fmt::format("{:x}", magnitude);
    case 'X': return fmt::format("{:X}", magnitude);
    case 'o': return fmt::format("{:o}", magnitude);
    case 'b': return fmt::format("{:b}", magnitude);
    default: return std::to_string(magnitude);
  }
}

// Sign and digits are padded between them where '=' (or a leading 0) asks for it.
absl::StatusOr<std::string> PadNumber(Heap& heap, const std::string& sign, const std::string& digits,
                                      const FormatSpec& spec) {
  if (spec.align != '=') return Pad(heap, sign + digits, spec, '>');
  FormatSpec inner = spec;
  inner.align = '>';
  inner.width = std::max<int64_t>(0, spec.width - static_cast<int64_t>(sign.size()));
  std::string filled = digits;
  if (spec.grouping != 0 && spec.fill == '0') {
    while (static_cast<int64_t>(Group(filled, spec.grouping, 3).size()) < inner.width) filled.insert(0, 1, '0');
    return sign + Group(filled, spec.grouping, 3);
  }
  if (spec.grouping != 0) filled = Group(filled, spec.grouping, 3);
  ETD_ASSIGN_OR_RETURN(filled, Pad(heap, filled, inner, '>'));
  return sign + filled;
}

absl::StatusOr<std::string> FormatInteger(Heap& heap, int64_t number, const FormatSpec& spec) {
  if (spec.precision >= 0) return InvalidArgument("an integer format takes no precision");
  if (spec.type == 'c') {
    if (number < 0 || number > 0x10ffff || (number >= 0xd800 && number < 0xe000)) {
      return InvalidArgument("{} is no character", number);
    }
    std::string text;
    AppendUtf8(static_cast<char32_t>(number), &text);
    return Pad(heap, text, spec, '<');
  }
  const uint64_t magnitude = number < 0 ? ~static_cast<uint64_t>(number) + 1 : static_cast<uint64_t>(number);
  std::string digits = IntegerDigits(magnitude, spec.type);
  const bool plain = spec.type == 0 || spec.type == 'd' || spec.type == 'n';
  if (spec.grouping != 0 && !(spec.align == '=' && plain)) digits = Group(digits, spec.grouping, plain ? 3 : 4);
  std::string sign = SignOf(number < 0, spec.sign);
  if (spec.alternate && !plain) sign += std::string("0") + spec.type;
  return PadNumber(heap, sign, digits, spec);
}

absl::StatusOr<std::string> FormatFloat(Heap& heap, double number, const FormatSpec& spec) {
  std::string digits = FormatReal(std::abs(number), spec);
  const bool negative = std::signbit(number) && !std::isnan(number);
  if (spec.grouping != 0 && spec.align != '=') digits = Group(digits, spec.grouping, 3);
  return PadNumber(heap, SignOf(negative, spec.sign), digits, spec);
}

}  // namespace

std::string FormatReal(double number, const FormatSpec& spec) {
  const bool upper = spec.type == 'E' || spec.type == 'F' || spec.type == 'G';
  if (!std::isfinite(number)) {
    std::string text = FloatText(number);
    if (upper) text = ToUpper(text);
    return spec.type == '%' ? text + "%" : text;
  }
  if (spec.type == '%') return Printf('f', spec.precision < 0 ? 6 : spec.precision, spec.alternate, number * 100) + "%";
  if (spec.type == 0 && spec.precision < 0) return FloatText(number);
  if (spec.type == 0) {
    // Like g, but with at least one digit behind the point, and an exponent one digit earlier.
    std::string text = Printf('g', std::max<int64_t>(spec.precision, 1), spec.alternate, number);
    const std::string scientific = Printf('e', std::max<int64_t>(spec.precision, 1) - 1, false, number);
    const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
    if (exponent == std::max<int64_t>(spec.precision, 1) - 1 && exponent >= 0) {
      std::string mantissa = scientific.substr(0, scientific.find('e'));
      while (mantissa.find('.') != std::string::npos && (mantissa.back() == '0' || mantissa.back() == '.')) {
        const bool point = mantissa.back() == '.';
        mantissa.pop_back();
        if (point) break;
      }
      return mantissa + scientific.substr(scientific.find('e'));
    }
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
  }
  const char type = spec.type == 'n' ? 'g' : spec.type;
  return Printf(type, spec.precision < 0 ? 6 : spec.precision, spec.alternate, number);
}

absl::StatusOr<std::string> Pad(Heap& heap, std::string_view text, const FormatSpec& spec, char default_align) {
  const int64_t missing = spec.width - CountCodePoints(text);
  if (missing <= 0) return std::string(text);
  ETD_RETURN_IF_ERROR(heap.budget().CheckSize(missing * 4));
  ETD_RETURN_IF_ERROR(heap.budget().Step(missing));
  const char align = spec.align == 0 || spec.align == '=' ? default_align : spec.align;
  const int64_t left = align == '<' ? 0 : (align == '>' ? missing : missing / 2);
  std::string out;
  for (int64_t i = 0; i < left; ++i) AppendUtf8(spec.fill, &out);
  out += text;
  for (int64_t i = left; i < missing; ++i) AppendUtf8(spec.fill, &out);
  return out;
}

absl::StatusOr<FormatSpec> ParseFormatSpec(std::string_view text) {
  FormatSpec spec;
  size_t at = 0;
  const auto is_align = [](char c) { return c == '<' || c == '>' || c == '=' || c == '^'; };
  if (!text.empty()) {
    size_t second = 0;
    const char32_t first = NextCodePoint(text, &second);
    if (second < text.size() && is_align(text[second])) {
      spec.fill = first;
      spec.align = text[second];
      at = second + 1;
    } else if (is_align(text[0])) {
      spec.align = text[0];
      at = 1;
    }
  }
  const auto next_is = [&](std::string_view choices) {
    return at < text.size() && choices.find(text[at]) != std::string_view::npos;
  };
  if (next_is("+- ")) spec.sign = text[at++];
  if (next_is("#")) {
    spec.alternate = true;
    ++at;
  }
  if (next_is("0") && spec.align == 0) {
    spec.fill = '0';
    spec.align = '=';
  }
  ETD_ASSIGN_OR_RETURN(spec.width, ParseDigits(text, &at));
  if (next_is(",_")) spec.grouping = text[at++];
  if (next_is(".")) {
    ++at;
    if (!next_is("0123456789")) return InvalidArgument("a format lacks its precision");
    ETD_ASSIGN_OR_RETURN(spec.precision, ParseDigits(text, &at));
    if (spec.precision > kMaxPrecision) return InvalidArgument("a precision is too large");
  }
  if (at < text.size()) spec.type = text[at++];
  if (at < text.size()) return InvalidArgument("the format '{}' is not understood", text);
  return spec;
}

absl::StatusOr<std::string> FormatValue(Heap& heap, const Value& value, const FormatSpec& spec) {
  constexpr std::string_view kReal = "eEfFgG%";
  constexpr std::string_view kInteger = "bcdoxXn";
  const auto one_of = [&](std::string_view types) { return types.find(spec.type) != std::string_view::npos; };
  if (value.is_number()) {
    const bool real = value.is(Kind::kFloat);
    if ((real && spec.type == 0) || (spec.type != 0 && one_of(kReal))) return FormatFloat(heap, value.as_real(), spec);
    if (!real && (spec.type == 0 || one_of(kInteger))) {
      if (value.is(Kind::kBool) && spec.type == 0 && spec.width == 0) {
        return std::string(value.boolean() ? "True" : "False");
      }
      return FormatInteger(heap, value.as_integer(), spec);
    }
    return InvalidArgument("the format type '{}' does not fit a {}", spec.type, TypeName(value));
  }
  ETD_ASSIGN_OR_RETURN(std::string text, ToText(heap, value));
  const bool plain = spec.width == 0 && spec.precision < 0 && spec.type == 0 && spec.align == 0;
  if (!value.is(Kind::kString) && !plain) {
    return InvalidArgument("a value of type {} takes no format", TypeName(value));
  }
  if ((spec.type != 0 && spec.type != 's') || spec.align == '=' || spec.grouping != 0 || spec.sign != '-') {
    if (spec.align != '=' || spec.fill != '0') return InvalidArgument("the format does not fit a text");
  }
  if (spec.precision >= 0) text.resize(ByteOffset(text, spec.precision));
  return Pad(heap, text, spec, '<');
}

}  // namespace etd::text
