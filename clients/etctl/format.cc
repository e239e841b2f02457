#include "clients/etctl/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace etd::etctl {
namespace {

constexpr double kMinute = 60;
constexpr double kHour = 60 * kMinute;
constexpr double kDay = 24 * kHour;
constexpr int64_t kNanos = 1'000'000'000;

// Three digits.
std::string ShortNumber(double value) {
  if (value < 9.995) return fmt::format("{:.2f}", value);
  if (value < 99.95) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

// "3 min 20 s" of 200 s; `large` and `small` are units in seconds.
std::string TwoUnits(double seconds, double large, std::string_view large_name, double small,
                     std::string_view small_name) {
  const auto smalls = static_cast<int64_t>(seconds / small + 0.5);
  const auto ratio = static_cast<int64_t>(large / small);
  if (smalls % ratio == 0) return fmt::format("{} {}", smalls / ratio, large_name);
  return fmt::format("{} {} {} {}", smalls / ratio, large_name, smalls % ratio, small_name);
}

}  // namespace

std::string HumanBytes(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  static constexpr std::array<std::string_view, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  // 1023.7 KiB would be written as 1024.
  while (value >= 1023.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{} {}", ShortNumber(value), kUnits[unit]);
}

std::string HumanSeconds(double seconds) {
  if (!(seconds > 0)) return "0 s";
  if (seconds < 0.00995) return fmt::format("{:.2f} ms", seconds * 1e3);
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 59.95) return fmt::format("{} s", ShortNumber(seconds));
  if (seconds < kHour - 0.5) return TwoUnits(seconds, kMinute, "min", 1, "s");
  if (seconds < kDay - kMinute / 2) return TwoUnits(seconds, kHour, "h", kMinute, "min");
  return TwoUnits(seconds, kDay, "d", kHour, "h");
}

std::string HumanCount(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

double Seconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + 1e-9 * duration.nanos();
}

std::optional<google::protobuf::Duration> ParseDuration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, int64_t>, 5> kUnits = {
      {{"ms", 1'000'000}, {"s", kNanos}, {"m", 60 * kNanos}, {"h", 3600 * kNanos}, {"d", 86400 * kNanos}}};
  constexpr int64_t kMax = 10'000 * 86400 * kNanos;
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  int64_t nanos = 0;
  if (number != 0 || !unit.empty()) {
    const auto found = std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& u) { return u.first == unit; });
    if (found == kUnits.end() || number > kMax / found->second) return std::nullopt;
    nanos = number * found->second;
  }
  google::protobuf::Duration duration;
  duration.set_seconds(nanos / kNanos);
  duration.set_nanos(static_cast<int32_t>(nanos % kNanos));
  return duration;
}

std::string Visible(std::string_view text, bool keep_lines) {
  std::string visible;
  visible.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool kept = keep_lines && (byte == '\n' || byte == '\t');
    // U+0080 to U+009F, control characters too, are C2 80 to C2 9F.
    const bool two = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (two) {
      visible += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++i]));
    } else if (byte == '\n' && !kept) {
      visible += "\\n";
    } else if (byte == '\t' && !kept) {
      visible += "\\t";
    } else if ((byte < 0x20 || byte == 0x7f) && !kept) {
      visible += fmt::format("\\x{:02x}", byte);
    } else {
      visible += text[i];
    }
  }
  return visible;
}

size_t DisplayWidth(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string Bold(std::string_view text, bool colours) {
  return colours ? fmt::format("\x1b[1m{}\x1b[0m", text) : std::string(text);
}

void Table::Add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = Visible(cell, false);
  rows_.push_back(std::move(cells));
}

std::string Table::Render(bool colours) const {
  std::vector<std::string> titles;
  std::vector<size_t> widths;
  for (const Column& column : columns_) {
    titles.push_back(column.title);
    widths.push_back(DisplayWidth(column.title));
  }
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  std::string text;
  const bool titled = std::any_of(titles.begin(), titles.end(), [](const std::string& t) { return !t.empty(); });
  if (titled) text += Bold(Line(titles, widths), colours) + "\n";
  for (const auto& row : rows_) text += Line(row, widths) + "\n";
  return text;
}

std::string Table::Line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) const {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += "  ";
    const std::string blanks(widths[i] - DisplayWidth(cells[i]), ' ');
    line += columns_[i].right ? blanks + cells[i] : cells[i] + blanks;
  }
  line.resize(line.find_last_not_of(' ') + 1);  // npos + 1 is 0
  return line;
}

}  // namespace etd::etctl
