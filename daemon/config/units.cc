#include "daemon/config/units.h"

#include <charconv>
#include <cmath>
#include <iterator>
#include <optional>
#include <span>

#include "runtime/base/status.h"

namespace etd::config {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr Unit kTimes[] = {{"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
constexpr Unit kSizes[] = {{"", 1},        {"B", 1},         {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0},
                           {"KB", 1000.0}, {"MB", 1000000.0}, {"GB", 1e9},     {"TiB", 1099511627776.0}};
constexpr double kLongest = 3650.0 * 86400e9;
constexpr double kLargest = 9e18;

// `text` as a number times one of `units`, or nothing.
std::optional<double> Scaled(std::string_view text, std::span<const Unit> units) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number) || number < 0) return std::nullopt;
  std::string_view rest(end, static_cast<size_t>(text.data() + text.size() - end));
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  for (const Unit& unit : units) {
    if (unit.name == rest) return number * unit.factor;
  }
  // Zero needs no unit.
  if (rest.empty() && number == 0) return 0.0;
  return std::nullopt;
}

}  // namespace

absl::StatusOr<Duration> ParseDuration(std::string_view text) {
  const std::optional<double> value = Scaled(text, kTimes);
  if (!value || *value > kLongest) {
    return InvalidArgument("'{}' is no time; write a number with ms, s, m, h or d, such as \"30s\"", text);
  }
  return Duration(static_cast<int64_t>(*value));
}

absl::StatusOr<uint64_t> ParseBytes(std::string_view text) {
  const std::optional<double> value = Scaled(text, kSizes);
  if (!value || *value > kLargest) {
    return InvalidArgument("'{}' is no size; write a number with KiB, MiB or GiB, such as \"4GiB\"", text);
  }
  return static_cast<uint64_t>(*value);
}

}  // namespace etd::config
