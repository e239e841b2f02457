#include "daemon/models/available.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "daemon/models/manifest.h"

namespace etd::models {
namespace {

namespace fs = std::filesystem;

bool IsModelFolder(const fs::path& folder) {
  std::error_code error;
  if (fs::is_regular_file(folder / "manifest.json", error)) return true;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".pte") return true;
  }
  return false;
}

}  // namespace

std::vector<AvailableModel> ListAvailable(const std::vector<std::string>& directories) {
  std::vector<AvailableModel> models;
  for (const std::string& directory : directories) {
    std::vector<AvailableModel> found;
    std::error_code error;
    for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
      std::error_code ignored;
      std::string name;
      if (it->is_directory(ignored) && IsModelFolder(it->path())) {
        name = it->path().filename().string();
      } else if (it->path().extension() == ".pte" && it->is_regular_file(ignored)) {
        name = it->path().stem().string();
      }
      const fs::path real = fs::canonical(it->path(), ignored);
      if (IsModelName(name) && !ignored) found.push_back({.name = std::move(name), .path = real.string()});
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    for (AvailableModel& model : found) {
      const bool shadowed =
          std::any_of(models.begin(), models.end(), [&](const auto& m) { return m.name == model.name; });
      if (!shadowed) models.push_back(std::move(model));
    }
  }
  return models;
}

GenerationDefaults MergeDefaults(const GenerationDefaults& first, const GenerationDefaults* second) {
  GenerationDefaults merged = first;
  if (second == nullptr) return merged;
  if (!merged.temperature) merged.temperature = second->temperature;
  if (!merged.top_k) merged.top_k = second->top_k;
  if (!merged.top_p) merged.top_p = second->top_p;
  if (!merged.min_p) merged.min_p = second->min_p;
  if (!merged.repetition_penalty) merged.repetition_penalty = second->repetition_penalty;
  if (!merged.max_tokens) merged.max_tokens = second->max_tokens;
  return merged;
}

}  // namespace etd::models
