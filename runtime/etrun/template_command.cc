#include "runtime/etrun/template_command.h"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "runtime/text/chat/chat_template.h"

namespace etd {
namespace {

std::string ReadAll(std::istream& in) {
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

}  // namespace

absl::StatusOr<WallTime> ParseTime(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  int used = 0;
  const int fields =
      std::sscanf(text.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u%n", &year, &month, &day, &hour, &minute, &second, &used);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (fields != 6 || static_cast<size_t>(used) != text.size() || !date.ok() || hour > 23 || minute > 59 ||
      second > 59 || year < 1700 || year > 2200) {
    return InvalidArgument("'{}' is no time; write it like 2026-11-21T09:30:00.", text);
  }
  const auto since_epoch = std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
                           std::chrono::minutes(minute) + std::chrono::seconds(second);
  return WallTime(std::chrono::duration_cast<Duration>(since_epoch));
}

absl::Status RunTemplate(const std::string& template_path, const std::optional<std::string>& now, std::istream& in,
                         std::ostream& out) {
  WallTime time = SystemClock().WallNow();
  if (now.has_value()) {
    ETD_ASSIGN_OR_RETURN(time, ParseTime(*now));
  }
  std::ifstream file(template_path, std::ios::binary);
  if (!file) return NotFound("{} cannot be read.", template_path);
  ETD_ASSIGN_OR_RETURN(const auto chat_template, text::ChatTemplate::Parse(ReadAll(file)));
  const auto arguments = nlohmann::ordered_json::parse(ReadAll(in), nullptr, /*allow_exceptions=*/false);
  if (arguments.is_discarded()) return InvalidArgument("The template's arguments on standard input are not valid JSON.");
  ETD_ASSIGN_OR_RETURN(const std::string text, chat_template->Render(arguments, time));
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.flush();
  if (!out) return MakeStatus(absl::StatusCode::kUnavailable, "The rendered text could not be written.");
  return absl::OkStatus();
}

}  // namespace etd
