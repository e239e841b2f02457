// Typed reading of TOML tables that collects the first error with its line. Private to daemon/config: nobody else
// sees the TOML library.
#ifndef ETD_DAEMON_CONFIG_TABLE_READER_H_
#define ETD_DAEMON_CONFIG_TABLE_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/clock.h"

namespace etd::config {

// One table of a document. A getter leaves its target alone when the key is absent, and records an error when the
// value has another type or is out of range.
class TableReader {
 public:
  virtual ~TableReader() = default;
  virtual void String(std::string_view key, std::string* value) = 0;
  virtual void Strings(std::string_view key, std::vector<std::string>* values) = 0;
  // Both bounds are allowed values.
  virtual void Integer(std::string_view key, int64_t least, int64_t most, uint32_t* value) = 0;
  virtual void Time(std::string_view key, Duration* value) = 0;
  // An error of the key's value that the caller found.
  virtual void Fail(std::string_view key, std::string_view what) = 0;
};

class Document {
 public:
  // INVALID_ARGUMENT with line and column where `toml` is none.
  static absl::StatusOr<Document> Parse(std::string_view toml, std::string_view name);
  Document(Document&&) noexcept;
  ~Document();

  // Calls `read` for the table, which may be absent; keys that `read` does not ask for are errors.
  void Table(std::string_view name, const std::function<void(TableReader*)>& read);
  // The first error of all tables; a table that nobody asked for is one.
  absl::Status Done();

 private:
  struct State;
  explicit Document(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace etd::config

#endif  // ETD_DAEMON_CONFIG_TABLE_READER_H_
