// The daemon under test: a process in a temporary folder, and what the system says of it.
#ifndef ETD_TESTS_SOAK_DAEMON_H_
#define ETD_TESTS_SOAK_DAEMON_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace etd::soak {

class Daemon {
 public:
  // Starts `program` with `settings` (TOML after the sockets'). Its sockets may not be there yet.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const std::string& program, const std::string& settings);
  // Kills what still runs and removes the folder.
  ~Daemon();

  std::string socket() const { return folder_ + "/etd.sock"; }
  std::string framed_socket() const { return folder_ + "/etd.frame.sock"; }
  bool Running();
  // Asks it to end (SIGTERM) and returns its exit status, -1 when it does not end in time.
  int Stop(std::chrono::seconds limit);

  uint64_t ResidentBytes() const;
  size_t Descriptors() const;
  size_t Threads() const;
  // Lines of the log that are errors or worse.
  std::vector<std::string> LogErrors() const;

 private:
  explicit Daemon(std::string folder) : folder_(std::move(folder)) {}
  absl::Status Launch(const std::string& program);

  const std::string folder_;
  pid_t pid_ = -1;
};

// Starts `arguments` as a process that dies with this one; its standard output is `out`, -1: inherited.
pid_t Spawn(const std::vector<std::string>& arguments, int out);

// Looks again every few milliseconds; false after `limit`.
bool Until(std::chrono::seconds limit, const std::function<bool()>& done);

}  // namespace etd::soak

#endif  // ETD_TESTS_SOAK_DAEMON_H_
