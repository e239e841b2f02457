#include "tests/soak/daemon.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "runtime/base/status.h"

namespace etd::soak {
namespace {

size_t Entries(const std::string& folder) {
  std::error_code error;
  const std::filesystem::directory_iterator entries(folder, error);
  return error ? 0 : static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

}  // namespace

pid_t Spawn(const std::vector<std::string>& arguments, int out) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  if (out >= 0) dup2(out, STDOUT_FILENO);
  execv(pointers[0], pointers.data());
  _exit(127);
}

bool Until(std::chrono::seconds limit, const std::function<bool()>& done) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() > until) return false;
    poll(nullptr, 0, 5);
  }
  return true;
}

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const std::string& program, const std::string& settings) {
  std::string folder = (std::filesystem::temp_directory_path() / "etd-soak-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return Internal("no temporary folder can be made");
  std::unique_ptr<Daemon> daemon(new Daemon(folder));
  std::ofstream config(folder + "/etd.toml");
  config << fmt::format("socket.path = \"{0}/etd.sock\"\ncache.directory = \"{0}/cache\"\n{1}\n", folder, settings);
  if (!config.flush()) return Internal("{} cannot be written", folder);
  ETD_RETURN_IF_ERROR(daemon->Launch(program));
  return daemon;
}

absl::Status Daemon::Launch(const std::string& program) {
  const int log = open((folder_ + "/log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0) return Internal("the log cannot be written");
  // Its log is on standard error.
  const std::string config = folder_ + "/etd.toml";
  const int own = dup(STDERR_FILENO);
  dup2(log, STDERR_FILENO);
  pid_ = Spawn({program, "--config", config}, log);
  dup2(own, STDERR_FILENO);
  close(own);
  close(log);
  return pid_ > 0 ? absl::OkStatus() : Internal("{} cannot be started", program);
}

Daemon::~Daemon() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

bool Daemon::Running() {
  int status = 0;
  if (pid_ > 0 && waitpid(pid_, &status, WNOHANG) == pid_) pid_ = -1;
  return pid_ > 0;
}

int Daemon::Stop(std::chrono::seconds limit) {
  if (pid_ <= 0) return -1;
  kill(pid_, SIGTERM);
  int status = -1;
  if (!Until(limit, [&] { return waitpid(pid_, &status, WNOHANG) == pid_; })) return -1;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

uint64_t Daemon::ResidentBytes() const {
  std::ifstream file(fmt::format("/proc/{}/statm", pid_));
  uint64_t total = 0;
  uint64_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

size_t Daemon::Descriptors() const { return Entries(fmt::format("/proc/{}/fd", pid_)); }
size_t Daemon::Threads() const { return Entries(fmt::format("/proc/{}/task", pid_)); }

std::vector<std::string> Daemon::LogErrors() const {
  std::vector<std::string> errors;
  std::ifstream log(folder_ + "/log");
  for (std::string line; std::getline(log, line);) {
    const bool ours = line.find(" info: ") != std::string::npos || line.find(" warning: ") != std::string::npos;
    // Whatever is not a line of the daemon's own comes from a library or a sanitizer.
    if (!ours) errors.push_back(line);
  }
  return errors;
}

}  // namespace etd::soak
