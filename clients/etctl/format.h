// Numbers, times and tables as a person likes to read them.
#ifndef ETD_CLIENTS_ETCTL_FORMAT_H_
#define ETD_CLIENTS_ETCTL_FORMAT_H_

#include <google/protobuf/duration.pb.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace etd::etctl {

// "17 B", "1.50 KiB", "12.3 MiB", "135 GiB": three digits, powers of 1024.
std::string HumanBytes(uint64_t bytes);
// "0.25 ms", "85 ms", "1.24 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". Negative times are zero.
std::string HumanSeconds(double seconds);
// "1,234,567"
std::string HumanCount(uint64_t count);

double Seconds(const google::protobuf::Duration& duration);
// "250ms", "10s", "5m", "2h", "1d" or "0", as the daemon's configuration writes times; nothing for anything else and
// for more than 10,000 days.
std::optional<google::protobuf::Duration> ParseDuration(std::string_view text);

// `text` for a terminal: control characters become visible ("\x1b"), so that neither a name nor a model's text can
// command the terminal. `keep_lines` leaves newlines and tabs as they are. Works on pieces of a text too.
std::string Visible(std::string_view text, bool keep_lines);

// Code points of UTF-8 text; other bytes count one each.
size_t DisplayWidth(std::string_view text);

// A bold line for a terminal that takes colours; the text alone otherwise.
std::string Bold(std::string_view text, bool colours);

// Rows in aligned columns, two spaces apart, without trailing blanks.
class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;  // numbers
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // One cell for each column; control characters in them are made visible.
  void Add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // The titles' line is left out when all titles are empty.
  std::string Render(bool colours) const;

 private:
  std::string Line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace etd::etctl

#endif  // ETD_CLIENTS_ETCTL_FORMAT_H_
