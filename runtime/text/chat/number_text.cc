#include "runtime/text/chat/number_text.h"

#include <charconv>
#include <cstdlib>
#include <limits>

#include "runtime/text/chat/unicode.h"

namespace etd::text {
namespace {

// Without underscores, or nothing if one does not stand between digits.
std::optional<std::string> WithoutUnderscores(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out.push_back(text[i]);
    } else if (i == 0 || i + 1 == text.size() || text[i - 1] == '_' || text[i + 1] == '_') {
      return std::nullopt;
    }
  }
  return out;
}

int64_t PrefixBase(std::string_view digits) {
  if (digits.size() < 2 || digits[0] != '0') return 0;
  const char letter = static_cast<char>(digits[1] | 0x20);
  return letter == 'x' ? 16 : (letter == 'o' ? 8 : (letter == 'b' ? 2 : 0));
}

}  // namespace

absl::StatusOr<std::optional<int64_t>> ParseInteger(std::string_view text, int64_t base) {
  if (base != 0 && (base < 2 || base > 36)) return InvalidArgument("the base of an integer is within 2 and 36");
  text = Strip(text, nullptr, true, true);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const int64_t prefix = PrefixBase(text);
  if (prefix != 0 && (base == 0 || base == prefix)) {
    text.remove_prefix(2);
    if (text.starts_with('_')) text.remove_prefix(1);
    base = prefix;
  } else if (base == 0) {
    if (text.size() > 1 && text[0] == '0' && text.find_first_not_of("0_") != std::string_view::npos) return std::nullopt;
    base = 10;
  }
  const std::optional<std::string> digits = WithoutUnderscores(text);
  if (!digits.has_value() || digits->empty() || (*digits)[0] == '-') return std::nullopt;
  uint64_t magnitude = 0;
  const auto [end, error] =
      std::from_chars(digits->data(), digits->data() + digits->size(), magnitude, static_cast<int>(base));
  if (end != digits->data() + digits->size() || error == std::errc::invalid_argument) return std::nullopt;
  const uint64_t limit = static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) + (negative ? 1 : 0);
  if (error != std::errc() || magnitude > limit) return OutOfRange("the integer {} does not fit 64 bits", text);
  return static_cast<int64_t>(negative ? ~magnitude + 1 : magnitude);
}

std::optional<double> ParseReal(std::string_view text) {
  std::string_view trimmed = Strip(text, nullptr, true, true);
  const std::string lower = ToLower(trimmed);
  std::string_view name = lower;
  const bool negative = name.starts_with('-');
  if (negative || name.starts_with('+')) name.remove_prefix(1);
  if (name == "inf" || name == "infinity") {
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  if (name == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (name.empty() || name.find_first_not_of("0123456789.e+-_") != std::string_view::npos) return std::nullopt;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto digit = [&](size_t k) { return k < name.size() && name[k] >= '0' && name[k] <= '9'; };
    if (name[i] == '_' && (i == 0 || !digit(i - 1) || !digit(i + 1))) return std::nullopt;
  }
  const std::optional<std::string> digits = WithoutUnderscores(lower);
  if (!digits.has_value()) return std::nullopt;
  char* end = nullptr;
  const double number = std::strtod(digits->c_str(), &end);
  if (end != digits->c_str() + digits->size()) return std::nullopt;
  return number;
}

}  // namespace etd::text
