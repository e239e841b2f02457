// The daemon's settings as plain structs, and how they are read from TOML. config/etd.toml documents every key.
#ifndef ETD_DAEMON_CONFIG_CONFIG_H_
#define ETD_DAEMON_CONFIG_CONFIG_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/clock.h"

namespace etd::config {

struct SocketConfig {
  std::string path;             // gRPC; empty: the default place
  std::string framed_path;      // frames; empty: beside `path`
  uint32_t mode = 0660;
  std::string group;            // name or number; empty: the daemon's own
};

struct TcpConfig {
  std::string listen;           // "127.0.0.1:port" or "[::1]:port"; empty: no TCP
};

struct AccessConfig {
  std::string admin_group;      // may load and unload models; empty: only root and the daemon's user
};

struct LimitsConfig {
  uint32_t max_connections = 256;
  uint32_t max_connections_per_user = 32;
  uint32_t max_running = 8;
  uint32_t max_waiting = 64;
  uint32_t max_requests_per_user = 32;
  uint32_t max_sessions = 256;
  uint32_t max_sessions_per_user = 32;
  Duration session_ttl = std::chrono::minutes(30);
  Duration stall_timeout = std::chrono::seconds(60);
  Duration hello_timeout = std::chrono::seconds(10);
  Duration drain_timeout = std::chrono::seconds(30);
  Duration idle_server = std::chrono::seconds(60);
  uint32_t stream_buffer = 64;  // tokens
};

struct ScheduleConfig {
  uint32_t prefill_chunk = 128;  // tokens of prompts in one step
};

struct MemoryConfig {
  uint64_t budget_bytes = 0;    // after Load: never "auto" any more; 0: no limit
};

struct ModelsConfig {
  std::vector<std::string> directories;
  Duration keep_alive = std::chrono::minutes(5);  // of models loaded on demand; zero: for ever
  Duration load_keep_alive{};   // of models loaded by LoadModel that does not say; zero: for ever
};

struct ComputeConfig {
  uint32_t threads = 0;         // 0: one for each core
};

struct CacheConfig {
  std::string directory;        // empty: the default place
};

struct LogConfig {
  std::string level = "info";
};

struct ServiceConfig {
  uint32_t workers = 4;         // threads that tokenise and write streams
  Duration stream_interval = std::chrono::milliseconds(25);  // between two messages of a stream; zero: one a token
};

struct Config {
  SocketConfig socket;
  TcpConfig tcp;
  AccessConfig access;
  LimitsConfig limits;
  ScheduleConfig schedule;
  MemoryConfig memory;
  ModelsConfig models;
  ComputeConfig compute;
  CacheConfig cache;
  LogConfig log;
  ServiceConfig service;
};

// Reads and checks `toml`; `name` stands in messages. Every error names the line and the key. Values that are not
// given have the defaults above. Paths that depend on who runs the daemon are filled in by ResolveDefaults.
absl::StatusOr<Config> ParseConfig(std::string_view toml, std::string_view name);
// As ParseConfig, of a file. NOT_FOUND where there is none.
absl::StatusOr<Config> LoadConfig(const std::string& path);

// What the process's environment decides.
struct Environment {
  bool root = false;
  std::string runtime_directory;  // $XDG_RUNTIME_DIR
  std::string home;
  uint64_t memory_bytes = 0;      // of the machine
  std::string service_runtime_directory = {};  // $RUNTIME_DIRECTORY and $CACHE_DIRECTORY: made for us by systemd
  std::string service_cache_directory = {};
};
Environment CurrentEnvironment();

// Fills in the places of sockets and cache. FAILED_PRECONDITION without root and without $XDG_RUNTIME_DIR.
absl::Status ResolveDefaults(const Environment& environment, Config* config);

}  // namespace etd::config

#endif  // ETD_DAEMON_CONFIG_CONFIG_H_
