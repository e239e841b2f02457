#include "daemon/config/config.h"

#include <fstream>
#include <sstream>

#include "daemon/config/units.h"
#include "gtest/gtest.h"

namespace etd::config {
namespace {

std::string ErrorOf(const std::string& toml) {
  const absl::StatusOr<Config> config = ParseConfig(toml, "etd.toml");
  return config.ok() ? "" : std::string(config.status().message());
}

TEST(Config, EmptyFileGivesTheDefaults) {
  const absl::StatusOr<Config> config = ParseConfig("", "etd.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->limits.max_running, 8u);
  EXPECT_GT(config->memory.budget_bytes, 0u);
}

// The annotated file is the documentation of the defaults: what it says is what holds without it.
TEST(Config, ShippedFileSaysTheDefaults) {
  const absl::StatusOr<Config> shipped = LoadConfig(std::string(ETD_SOURCE_DIR) + "/config/etd.toml");
  ASSERT_TRUE(shipped.ok()) << shipped.status();
  const Config defaults = *ParseConfig("", "x");
  EXPECT_EQ(shipped->socket.path, defaults.socket.path);
  EXPECT_EQ(shipped->socket.mode, defaults.socket.mode);
  EXPECT_EQ(shipped->tcp.listen, defaults.tcp.listen);
  EXPECT_EQ(shipped->access.admin_group, defaults.access.admin_group);
  const auto all = [](const LimitsConfig& l) {
    return std::tie(l.max_connections, l.max_connections_per_user, l.max_running, l.max_waiting,
                    l.max_requests_per_user, l.max_sessions, l.max_sessions_per_user, l.session_ttl, l.stall_timeout,
                    l.hello_timeout, l.drain_timeout, l.idle_server, l.stream_buffer);
  };
  EXPECT_EQ(all(shipped->limits), all(defaults.limits));
  EXPECT_EQ(shipped->schedule.prefill_chunk, defaults.schedule.prefill_chunk);
  EXPECT_EQ(shipped->memory.budget_bytes, defaults.memory.budget_bytes);
  EXPECT_EQ(shipped->models.directories, defaults.models.directories);
  EXPECT_EQ(shipped->models.keep_alive, defaults.models.keep_alive);
  EXPECT_EQ(shipped->models.load_keep_alive, defaults.models.load_keep_alive);
  EXPECT_EQ(shipped->compute.threads, defaults.compute.threads);
  EXPECT_EQ(shipped->service.workers, defaults.service.workers);
  EXPECT_EQ(shipped->service.stream_interval, defaults.service.stream_interval);
  EXPECT_EQ(shipped->log.level, defaults.log.level);
}

TEST(Config, ErrorsNameLineAndKey) {
  EXPECT_EQ(ErrorOf("[limits]\nmax_running = 0\n"),
            "etd.toml:2: limits.max_running: must be a whole number from 1 to 1024");
  EXPECT_EQ(ErrorOf("\n[limits]\nmax_runing = 3\n"),
            "etd.toml:3: limits.max_runing: is no setting that this version knows");
  EXPECT_EQ(ErrorOf("[nonsense]\n"), "etd.toml:1: nonsense: is no table that this version knows");
  EXPECT_EQ(ErrorOf("limits = 3\n"), "etd.toml:1: limits: must be a table");
  EXPECT_NE(ErrorOf("[limits]\nsession_ttl = \"soon\"\n").find("etd.toml:2: limits.session_ttl"), std::string::npos);
  EXPECT_NE(ErrorOf("[memory]\nbudget = \"much\"\n").find("etd.toml:2: memory.budget"), std::string::npos);
  EXPECT_NE(ErrorOf("[socket]\nmode = \"0999\"\n").find("socket.mode"), std::string::npos);
  EXPECT_NE(ErrorOf("[socket]\npath = 5\n").find("must be a string"), std::string::npos);
  EXPECT_NE(ErrorOf("[models]\ndirectories = [\"relative\"]\n").find("absolute"), std::string::npos);
  EXPECT_NE(ErrorOf("[models]\ndirectories = [5]\n").find("array of strings"), std::string::npos);
  EXPECT_NE(ErrorOf("[log]\nlevel = \"loud\"\n").find("log.level"), std::string::npos);
  EXPECT_NE(ErrorOf("[limits\n").find("etd.toml:1"), std::string::npos);
}

TEST(Config, Units) {
  EXPECT_EQ(*ParseDuration("250ms"), std::chrono::milliseconds(250));
  EXPECT_EQ(*ParseDuration("1.5 h"), std::chrono::minutes(90));
  EXPECT_EQ(*ParseDuration("0"), Duration::zero());
  for (const char* bad : {"", "5", "-1s", "5 parsecs", "1e99d", "nan s"}) EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
  EXPECT_EQ(*ParseBytes("4GiB"), uint64_t{4} << 30);
  EXPECT_EQ(*ParseBytes("1000"), 1000u);
  EXPECT_EQ(*ParseBytes("0.5KiB"), 512u);
  for (const char* bad : {"", "-1", "4Gib", "1e30GiB"}) EXPECT_FALSE(ParseBytes(bad).ok()) << bad;
}

TEST(Config, PlacesDependOnWhoRuns) {
  Config config;
  const Environment root{.root = true, .runtime_directory = "", .home = "/root", .memory_bytes = 0};
  ASSERT_TRUE(ResolveDefaults(root, &config).ok());
  EXPECT_EQ(config.socket.path, "/run/etd/etd.sock");
  EXPECT_EQ(config.socket.framed_path, "/run/etd/etd.frame.sock");
  EXPECT_EQ(config.cache.directory, "/var/cache/etd");
  config = Config();
  const Environment user{.root = false, .runtime_directory = "/run/user/5", .home = "/home/x", .memory_bytes = 0};
  ASSERT_TRUE(ResolveDefaults(user, &config).ok());
  EXPECT_EQ(config.socket.path, "/run/user/5/etd/etd.sock");
  EXPECT_EQ(config.cache.directory, "/home/x/.cache/etd");
  config = Config();
  ASSERT_TRUE(ResolveDefaults({.root = false, .runtime_directory = "", .home = "", .memory_bytes = 0,
                               .service_runtime_directory = "/run/etd", .service_cache_directory = "/var/cache/etd"},
                              &config).ok());
  EXPECT_EQ(config.socket.path, "/run/etd/etd.sock");
  EXPECT_EQ(config.cache.directory, "/var/cache/etd");
  config = Config();
  EXPECT_FALSE(ResolveDefaults({.root = false, .runtime_directory = "", .home = "", .memory_bytes = 0}, &config).ok());
}

}  // namespace
}  // namespace etd::config
