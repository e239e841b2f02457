#include "runtime/text/chat/time_format.h"

#include <locale.h>
#include <time.h>

#include <utility>

namespace etd::text {
namespace {

constexpr size_t kMaxTimeFormat = 1000;

// The C library's "C" locale, which stays loaded.
locale_t EnglishLocale() {
  static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
  return locale;
}

// The fields that need parts of a second or differ between C libraries.
std::string Prepare(const std::string& format, int64_t microseconds) {
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 >= format.size()) {
      out.push_back(format[i]);
      continue;
    }
    const char field = format[++i];
    if (field == 'f') {
      out += fmt::format("{:06d}", microseconds);
    } else if (field != 'z' && field != 'Z') {  // empty, as for a Python time without a zone
      out.push_back('%');
      out.push_back(field);
    }
  }
  return out;
}

}  // namespace

absl::StatusOr<std::string> FormatTime(WallTime time, const std::string& format) {
  if (format.size() > kMaxTimeFormat) return InvalidArgument("the format of a date is too long");
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(time - seconds);
  const time_t since_epoch = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(seconds));
  tm parts{};
  if (gmtime_r(&since_epoch, &parts) == nullptr) return InvalidArgument("the date cannot be written");
  // A mark at the end, since strftime gives 0 both for an empty text and for a full buffer.
  const std::string prepared = Prepare(format, rest.count()) + "|";
  std::string out(prepared.size() * 40 + 64, '\0');
  const size_t size = strftime_l(out.data(), out.size(), prepared.c_str(), &parts, EnglishLocale());
  if (size == 0) return InvalidArgument("the date cannot be written");
  out.resize(size - 1);
  return out;
}

}  // namespace etd::text
