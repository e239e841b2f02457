#include "daemon/config/config.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "daemon/config/table_reader.h"
#include "daemon/config/units.h"
#include "runtime/base/status.h"

namespace etd::config {
namespace {

constexpr double kAutoBudgetShare = 0.75;

void ReadLimits(TableReader* table, LimitsConfig* limits) {
  table->Integer("max_connections", 1, 65536, &limits->max_connections);
  table->Integer("max_connections_per_user", 1, 65536, &limits->max_connections_per_user);
  table->Integer("max_running", 1, 1024, &limits->max_running);
  table->Integer("max_waiting", 0, 65536, &limits->max_waiting);
  table->Integer("max_requests_per_user", 1, 65536, &limits->max_requests_per_user);
  table->Integer("max_sessions", 1, 65536, &limits->max_sessions);
  table->Integer("max_sessions_per_user", 1, 65536, &limits->max_sessions_per_user);
  table->Time("session_ttl", &limits->session_ttl);
  table->Time("stall_timeout", &limits->stall_timeout);
  table->Time("hello_timeout", &limits->hello_timeout);
  table->Time("drain_timeout", &limits->drain_timeout);
  table->Time("idle_server", &limits->idle_server);
  table->Integer("stream_buffer", 1, 4096, &limits->stream_buffer);
}

void ReadMode(TableReader* table, uint32_t* mode) {
  std::string text;
  table->String("mode", &text);
  if (text.empty()) return;
  const bool octal = text.size() <= 4 && text.find_first_not_of("01234567") == std::string::npos;
  if (!octal) {
    table->Fail("mode", "must be the octal mode of the sockets as a string, such as \"0660\"");
    return;
  }
  *mode = static_cast<uint32_t>(std::stoul(text, nullptr, 8));
}

void ReadBudget(TableReader* table, uint64_t* bytes) {
  std::string text;
  table->String("budget", &text);
  if (text.empty() || text == "auto") return;
  const absl::StatusOr<uint64_t> parsed = ParseBytes(text);
  if (!parsed.ok()) {
    table->Fail("budget", ToStd(parsed.status().message()));
    return;
  }
  *bytes = *parsed;
}

void ReadLevel(TableReader* table, std::string* level) {
  static constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error"};
  table->String("level", level);
  if (std::find(std::begin(kLevels), std::end(kLevels), *level) == std::end(kLevels)) {
    table->Fail("level", "must be \"debug\", \"info\", \"warn\" or \"error\"");
  }
}

}  // namespace

absl::StatusOr<Config> ParseConfig(std::string_view toml, std::string_view name) {
  Config config;
  config.memory.budget_bytes =
      static_cast<uint64_t>(static_cast<double>(CurrentEnvironment().memory_bytes) * kAutoBudgetShare);
  ETD_ASSIGN_OR_RETURN(Document document, Document::Parse(toml, name));
  document.Table("socket", [&](TableReader* table) {
    table->String("path", &config.socket.path);
    table->String("framed_path", &config.socket.framed_path);
    ReadMode(table, &config.socket.mode);
    table->String("group", &config.socket.group);
  });
  document.Table("tcp", [&](TableReader* table) { table->String("listen", &config.tcp.listen); });
  document.Table("access", [&](TableReader* table) { table->String("admin_group", &config.access.admin_group); });
  document.Table("limits", [&](TableReader* table) { ReadLimits(table, &config.limits); });
  document.Table("schedule", [&](TableReader* table) {
    table->Integer("prefill_chunk", 1, 65536, &config.schedule.prefill_chunk);
  });
  document.Table("memory", [&](TableReader* table) { ReadBudget(table, &config.memory.budget_bytes); });
  document.Table("models", [&](TableReader* table) {
    table->Strings("directories", &config.models.directories);
    table->Time("keep_alive", &config.models.keep_alive);
    table->Time("load_keep_alive", &config.models.load_keep_alive);
    for (const std::string& directory : config.models.directories) {
      if (!directory.starts_with('/')) table->Fail("directories", "must be absolute paths");
    }
  });
  document.Table("compute", [&](TableReader* table) { table->Integer("threads", 0, 1024, &config.compute.threads); });
  document.Table("cache", [&](TableReader* table) { table->String("directory", &config.cache.directory); });
  document.Table("log", [&](TableReader* table) { ReadLevel(table, &config.log.level); });
  document.Table("service", [&](TableReader* table) {
    table->Integer("workers", 1, 64, &config.service.workers);
    table->Time("stream_interval", &config.service.stream_interval);
  });
  ETD_RETURN_IF_ERROR(document.Done());
  return config;
}

absl::StatusOr<Config> LoadConfig(const std::string& path) {
  std::ifstream file(path);
  if (!file) return NotFound("cannot read the configuration '{}': {}", path, std::strerror(errno));
  std::stringstream text;
  text << file.rdbuf();
  return ParseConfig(text.str(), path);
}

Environment CurrentEnvironment() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  Environment environment;
  environment.root = geteuid() == 0;
  environment.runtime_directory = variable("XDG_RUNTIME_DIR");
  environment.home = variable("HOME");
  environment.service_runtime_directory = variable("RUNTIME_DIRECTORY");
  environment.service_cache_directory = variable("CACHE_DIRECTORY");
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_size = sysconf(_SC_PAGESIZE);
  if (pages > 0 && page_size > 0) {
    environment.memory_bytes = static_cast<uint64_t>(pages) * static_cast<uint64_t>(page_size);
  }
  return environment;
}

absl::Status ResolveDefaults(const Environment& environment, Config* config) {
  SocketConfig& socket = config->socket;
  if (socket.path.empty()) {
    if (!environment.service_runtime_directory.empty()) {
      socket.path = environment.service_runtime_directory + "/etd.sock";
    } else if (environment.root) {
      socket.path = "/run/etd/etd.sock";
    } else if (!environment.runtime_directory.empty()) {
      socket.path = environment.runtime_directory + "/etd/etd.sock";
    } else {
      return FailedPrecondition("no place for the socket: set socket.path in the configuration, or XDG_RUNTIME_DIR");
    }
  }
  if (socket.framed_path.empty()) {
    std::string base = socket.path;
    if (base.ends_with(".sock")) base.resize(base.size() - 5);
    socket.framed_path = base + ".frame.sock";
  }
  std::string& cache = config->cache.directory;
  if (cache.empty()) cache = environment.service_cache_directory;
  if (cache.empty()) cache = environment.root ? "/var/cache/etd" : environment.home + "/.cache/etd";
  return absl::OkStatus();
}

}  // namespace etd::config
