// The daemon's configuration. What is accepted must be usable: limits that are no limits are refused here and nowhere
// else.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daemon/config/config.h"

namespace {

void Require(bool truth) {
  if (!truth) std::abort();
}

void CheckAccepted(const etd::config::Config& config) {
  const etd::config::LimitsConfig& limits = config.limits;
  Require(limits.max_connections > 0 && limits.max_running > 0 && limits.stream_buffer > 0);
  Require(limits.max_sessions > 0 && limits.max_requests_per_user > 0);
  for (const etd::Duration time : {limits.session_ttl, limits.stall_timeout, limits.hello_timeout, limits.drain_timeout,
                                   limits.idle_server, config.models.keep_alive, config.models.load_keep_alive,
                                   config.service.stream_interval}) {
    Require(time >= etd::Duration::zero());
  }
  Require(config.schedule.prefill_chunk > 0 && config.service.workers > 0 && config.socket.mode <= 07777);
  for (const std::string& directory : config.models.directories) Require(directory.starts_with('/'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto config = etd::config::ParseConfig(text, "etd.toml");
  if (!config.ok()) {
    Require(!config.status().message().empty());
    return 0;
  }
  CheckAccepted(*config);
  const etd::config::Environment nobody{.root = false, .runtime_directory = "/run/user/1", .home = "/home/x"};
  Require(etd::config::ResolveDefaults(nobody, &*config).ok());
  Require(!config->socket.path.empty() && !config->socket.framed_path.empty() && !config->cache.directory.empty());
  return 0;
}
