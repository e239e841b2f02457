#include "daemon/app/run.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <utility>

#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "daemon/health/systemd.h"
#include "runtime/base/status.h"
#include "scheduler/loop.h"

namespace etd::app {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr const char* kSystemConfig = "/etc/etd/etd.toml";
constexpr auto kEnd = std::chrono::seconds(15);  // for what follows the drain

struct Options {
  std::string config_path;
  bool check = false;
};

void SetUpLog(const std::string& level) {
  auto logger = spdlog::stderr_logger_mt("etd");
  // The journal has its own times.
  logger->set_pattern(std::getenv("JOURNAL_STREAM") != nullptr ? "%l: %v" : "%Y-%m-%d %H:%M:%S.%e %l: %v");
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  spdlog::set_level(spdlog::level::from_str(level));
}

// The configuration that the command line names, the system's when it names none, the defaults where there is none.
absl::StatusOr<config::Config> ReadConfig(const std::string& path) {
  absl::StatusOr<config::Config> config;
  if (!path.empty()) {
    config = config::LoadConfig(path);
  } else if (std::filesystem::exists(kSystemConfig)) {
    config = config::LoadConfig(kSystemConfig);
  } else {
    config = config::ParseConfig("", "defaults");
  }
  if (!config.ok()) return config.status();
  ETD_RETURN_IF_ERROR(config::ResolveDefaults(config::CurrentEnvironment(), &*config));
  return config;
}

int Complain(const absl::Status& status, int code) {
  std::fprintf(stderr, "etd: %s\n", std::string(status.message()).c_str());
  return code;
}

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

// The next signal, or 0 when `timeout` passed first.
int NextSignal(std::chrono::nanoseconds timeout) {
  const sigset_t signals = Signals();
  timespec wait{};
  wait.tv_sec = timeout.count() / 1'000'000'000;
  wait.tv_nsec = timeout.count() % 1'000'000'000;
  const int signal = sigtimedwait(&signals, nullptr, &wait);
  return signal < 0 ? 0 : signal;
}

void Reload(Daemon* daemon, const std::string& path) {
  health::NotifyReloading();
  const absl::StatusOr<config::Config> config = ReadConfig(path);
  const absl::Status status = config.ok() ? daemon->Reload(*config) : config.status();
  if (status.ok()) {
    spdlog::set_level(spdlog::level::from_str(config->log.level));
    spdlog::info("configuration reloaded");
  } else {
    spdlog::error("the configuration stays as it was: {}", ToStd(status.message()));
  }
  health::NotifyReady(daemon->Where());
}

// Feeds systemd's watchdog, twice in its interval, for as long as the scheduler's thread goes round.
class Watchdog {
 public:
  Watchdog() : interval_(health::WatchdogInterval()), next_(SystemClock().Now()) {}

  // How long Feed has nothing to do.
  Duration Wait() const {
    if (!interval_) return std::chrono::hours(1);
    return std::max(next_ - SystemClock().Now(), Duration::zero());
  }
  void Feed(const Daemon& daemon) {
    const TimePoint now = SystemClock().Now();
    if (!interval_ || now < next_) return;
    // An idle scheduler goes round once in its heartbeat.
    const bool alive = now - daemon.last_turn() < scheduler::Scheduler::kHeartbeat + *interval_ / 2;
    if (alive) health::NotifyWatchdog();
    next_ = now + *interval_ / (alive ? 2 : 8);
  }

 private:
  const std::optional<Duration> interval_;
  TimePoint next_;
};

void Drain(Daemon* daemon, Duration limit, Watchdog* watchdog) {
  health::NotifyStopping("draining", limit + kEnd);
  spdlog::info("no new requests; those that run have {} s to end",
               std::chrono::duration_cast<std::chrono::seconds>(limit).count());
  daemon->BeginDrain();
  const TimePoint until = SystemClock().Now() + limit;
  while (!daemon->Idle() && SystemClock().Now() < until) {
    watchdog->Feed(*daemon);
    // A second signal means now.
    const int signal = NextSignal(std::chrono::milliseconds(20));
    if (signal == SIGTERM || signal == SIGINT) break;
  }
  daemon->CancelAll();
}

int Serve(const Options& options, config::Config config, const std::string& version, const FactoryMaker& make) {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  absl::StatusOr<Factories> factories = make(config);
  if (!factories.ok()) return Complain(factories.status(), kFailed);
  absl::StatusOr<std::unique_ptr<Daemon>> daemon =
      Daemon::Start(config, *std::move(factories), version, SystemClock());
  if (!daemon.ok()) return Complain(daemon.status(), kFailed);
  spdlog::info("etd {}: {}", version, (*daemon)->Where());
  health::NotifyReady((*daemon)->Where());
  Watchdog watchdog;
  Duration drain_timeout = config.limits.drain_timeout;
  for (;;) {
    const int signal = NextSignal(watchdog.Wait());
    watchdog.Feed(**daemon);
    if (signal == SIGHUP) {
      Reload(daemon->get(), options.config_path);
      if (const auto again = ReadConfig(options.config_path); again.ok()) drain_timeout = again->limits.drain_timeout;
    } else if (signal != 0) {
      break;
    }
  }
  Drain(daemon->get(), drain_timeout, &watchdog);
  daemon->reset();
  spdlog::info("stopped");
  return 0;
}

}  // namespace

int RunDaemon(int argc, char** argv, const std::string& version, const FactoryMaker& make_factories) {
  Options options;
  CLI::App cli("etd: keeps ExecuTorch models resident and serves them to the programs of this machine");
  cli.add_option("--config", options.config_path,
                 "Configuration file (default: /etc/etd/etd.toml where it is there)");
  cli.add_flag("--check-config", options.check, "Read the configuration, say whether it is right, and exit");
  cli.set_version_flag("--version", "etd " + version);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = cli.exit(error);
    return code == 0 ? 0 : kUsage;
  }
  absl::StatusOr<config::Config> config = ReadConfig(options.config_path);
  if (!config.ok()) return Complain(config.status(), kUsage);
  if (options.check) {
    std::printf("the configuration is right\n");
    return 0;
  }
  SetUpLog(config->log.level);
  return Serve(options, *std::move(config), version, make_factories);
}

}  // namespace etd::app
