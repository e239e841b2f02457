// manifest.json of a model's folder. What is accepted must keep what the rest of the daemon relies on: no path leaves
// the folder, digests have their form, numbers lie where they may.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daemon/models/manifest.h"

namespace {

void Require(bool truth) {
  if (!truth) std::abort();
}

void CheckFile(const etd::models::Manifest::File& file) {
  Require(!file.path.empty() && file.path.front() != '/' && file.path.back() != '/');
  const std::string framed = "/" + file.path + "/";
  Require(framed.find("/../") == std::string::npos && framed.find("/./") == std::string::npos);
  Require(framed.find("//") == std::string::npos && file.path.find('\0') == std::string::npos);
  Require(file.sha256.size() == 64 && !file.role.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto manifest = etd::models::ParseManifest(text, "manifest.json");
  if (!manifest.ok()) {
    Require(!manifest.status().message().empty());
    return 0;
  }
  Require(manifest->name.empty() || etd::models::IsModelName(manifest->name));
  for (const auto& file : manifest->files) CheckFile(file);
  const etd::models::GenerationDefaults& defaults = manifest->defaults;
  Require(!defaults.temperature || (*defaults.temperature >= 0 && *defaults.temperature <= 100));
  Require(!defaults.top_k || *defaults.top_k >= 0);
  Require(!defaults.top_p || (*defaults.top_p >= 0 && *defaults.top_p <= 1));
  Require(!defaults.repetition_penalty || *defaults.repetition_penalty > 0);
  return 0;
}
